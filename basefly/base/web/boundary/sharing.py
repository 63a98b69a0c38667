"""One answer for all who ask the same with the same rights, in the same language, before it changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from functools import cached_property
from typing import Any, TypeVar

import msgspec
from litestar import Response
from litestar.serialization import default_serializer

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web.language import current

T = TypeVar("T")


class Answer(msgspec.Struct, frozen=True, dict=True):
    """An answer that many may share. Nobody may change it: to write a hundred rows takes a third of a request."""

    @cached_property
    def json(self) -> bytes:
        """The answer as JSON."""
        return msgspec.json.encode(self)


class Written(Response[Any]):
    """What a route for programs answers with: a shared answer as it was written before."""

    def render(self, content: Any, media_type: str, enc_hook: Callable[[Any], Any] = default_serializer) -> bytes:
        return content.json if isinstance(content, Answer) else super().render(content, media_type, enc_hook)


async def shared(tx: Tx, by: Principal, asked: Hashable, read: Callable[[Tx], Awaitable[T]], *topics: str) -> T:
    """What `read` brings, or brought just now for somebody with the same rights.

    With all of them, not those of one permission: the counts on a list of clusters are of what runs in them.

    `asked` is the question, with all that `read` makes its answer of beside what the topics tell of. Nobody may change
    what they get.
    """
    return await tx.shared((asked, by.rights, current().language.tag), read, *topics)
