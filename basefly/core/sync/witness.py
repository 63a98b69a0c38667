"""Whoever keeps what objects were like before: told what streams bring, in the transaction that writes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.kube.watch import Body
from basefly.core.sync.kind import Row
from basefly.core.sync.model import Place
from basefly.core.sync.store.merge import Gone


class Glimpse(NamedTuple):
    """What of an object is kept for later: `text` is JSON, and `digest` differs when it does.

    `manager`, `operation` and `changed_at` are of whoever wrote to it last, as its managed fields say; "" if unknown.
    """

    digest: int
    text: bytes
    manager: str = ""
    operation: str = ""
    changed_at: str = ""


class Seen(NamedTuple):
    """An object as a stream showed it."""

    place: Place
    row: Row
    glimpse: Glimpse


Eye = Callable[[str, Body], Glimpse | None]
"""Looks at an object of a resource: what of it is kept; nothing of what does not matter by itself. A watch waits."""


class Witness(Protocol):
    """Keeps what its eyes see."""

    def wants(self, resource: str) -> bool:
        """Whether objects of this resource are looked at."""
        ...

    async def open(self, tx: Tx) -> Eye:
        """An eye for the organization of `tx`."""
        ...

    async def keep(self, tx: Tx, seen: Sequence[Seen], gone: Sequence[Gone]) -> set[UUID]:
        """Keep what changed and note what has gone; the clusters in which anything did."""
        ...


class Nobody:
    """The witness of a hub that keeps no history."""

    def wants(self, resource: str) -> bool:  # noqa: ARG002  # the protocol's signature, as below
        """Nothing is looked at."""
        return False

    async def open(self, tx: Tx) -> Eye:  # noqa: ARG002  # the same
        """An eye that sees nothing."""
        return lambda _resource, _body: None

    async def keep(self, tx: Tx, seen: Sequence[Seen], gone: Sequence[Gone]) -> set[UUID]:  # noqa: ARG002  # the same
        """Nothing is kept."""
        return set()


class Witnesses:
    """In the house: where a slice above plugs its witness in."""

    def __init__(self) -> None:
        self.chosen: Witness = Nobody()
