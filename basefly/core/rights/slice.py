"""Rights in clusters, whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.resilience.ending import end
from basefly.base.runtime.house import House
from basefly.base.slice import Slice
from basefly.core.explanations.beyond import Beyond
from basefly.core.rights import api, pages
from basefly.core.rights.arbiter import Arbiter
from basefly.core.rights.controller import RightsController
from basefly.core.rights.sights import Sights


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """What everybody sees, and an ear for what changes it."""
    sights = Sights(house, Arbiter(house))
    house.put(sights)
    house.get(Beyond).plug(sights.explain)
    listening = asyncio.create_task(sights.run(), name="rights")
    yield
    await end(listening)


rights = Slice(
    name="rights",
    permissions={},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    furnish=furnish,
    controllers={"worker": lambda house: (RightsController(house),)},
)
