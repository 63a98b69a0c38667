"""One answer for all who ask the same with the same rights, in the same language, before it changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web.language import current

T = TypeVar("T")


async def shared(tx: Tx, by: Principal, asked: Hashable, read: Callable[[Tx], Awaitable[T]], *topics: str) -> T:
    """What `read` brings, or brought just now for somebody with the same rights.

    With all of them, not those of one permission: the counts on a list of clusters are of what runs in them.

    `asked` is the question, with all that `read` makes its answer of beside what the topics tell of. Nobody may change
    what they get.
    """
    return await tx.shared((asked, by.rights, current().language.tag), read, *topics)
