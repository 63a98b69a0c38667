"""Access, whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.slice import Nav, Slice
from basefly.core.access import api, pages
from basefly.core.access.model import OWN, READ, WRITE
from basefly.core.access.rights.places import Places


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """Where whoever knows the clusters says which of them a grant reaches."""
    house.put(Places())
    yield


access = Slice(
    name="access",
    permissions={
        READ: "See who is a member, with which roles, and why someone may do something",
        WRITE: "Add and remove members and teams, make roles, and give and revoke grants",
        OWN: "Make and unmake owners",
    },
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    furnish=furnish,
    nav=(Nav("Access", "/access", "Govern", "users", READ, 800),),
)
