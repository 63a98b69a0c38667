"""How the history of objects plugs into the house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.runtime.rounds import Rounds
from basefly.base.slice import Nav, Slice
from basefly.core.history import api, pages
from basefly.core.history.keeping import Keeping
from basefly.core.history.trimming import trim
from basefly.core.inventory.sight import READ
from basefly.core.sync.witness import Witnesses


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """Have the sync tell what it sees."""
    house.get(Witnesses).chosen = Keeping()
    yield


history = Slice(
    name="history",
    permissions={},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    furnish=furnish,
    controllers={"worker": lambda house: (Rounds(house, "history.retention", trim),)},
    nav=(Nav(label="Changes", href="/changes", group="Workloads", icon="history", permission=READ, order=75),),
)
