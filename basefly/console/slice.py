"""How the console plugs into the house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.slice import Nav, Slice
from basefly.console import api, pages
from basefly.console.capacity import Capacities
from basefly.core.inventory.answers import READ


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """Where sums over pods are kept for a while."""
    capacities = Capacities(house.backstage.db)
    house.put(capacities)
    yield
    await capacities.close()


console = Slice(
    name="console",
    permissions={},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    furnish=furnish,
    nav=(Nav(label="Overview", href="/", group="Fleet", icon="layout-dashboard", permission=READ, order=0),),
)
