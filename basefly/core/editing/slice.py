"""How editing plugs into the house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.slice import Nav, Slice
from basefly.core.editing import api, pages
from basefly.core.editing.schema import Documents
from basefly.core.gateway.model import WRITE


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """Where the clusters' documentation is kept once it was read."""
    house.put(Documents())
    yield


editing = Slice(
    name="editing",
    permissions={},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    offers=pages.offers,
    furnish=furnish,
    nav=(Nav(label="Apply files", href="/apply", group="Workloads", icon="upload", permission=WRITE, order=65),),
)
