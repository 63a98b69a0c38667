"""How the sync plugs into the house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.slice import Slice
from basefly.core.sync import api
from basefly.core.sync.controller import SyncController
from basefly.core.sync.sharing.unfollowed import UnfollowedController
from basefly.core.sync.witness import Witnesses


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """Where whoever keeps history plugs itself in."""
    house.put(Witnesses())
    yield


sync = Slice(
    name="sync",
    permissions={},
    api=api.HANDLERS,
    furnish=furnish,
    controllers={
        "sync": lambda house: (SyncController(house),),
        "web": lambda house: (UnfollowedController(house),),
    },
)
