"""How the clusters plug into the house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.slice import Nav, Slice
from basefly.core.access.rights.places import Places
from basefly.core.clusters import api, pages
from basefly.core.clusters.actions import READ, WRITE, Counts
from basefly.core.clusters.choosing import Choosing
from basefly.core.clusters.connections import Connections
from basefly.core.clusters.controller import ProbeController, Recovery


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """The connections to the clusters, closed at the end; and which of them a grant chooses."""
    connections = Connections(house.vault, private=house.settings.private_clusters)
    house.put(connections)
    house.put(Counts())
    if places := house.find(Places):
        places.plug(Choosing())
    try:
        yield
    finally:
        await connections.close()


clusters = Slice(
    name="clusters",
    permissions={
        READ: "See the clusters, their health and where they are",
        WRITE: "Register, change and remove clusters, and give them credentials",
    },
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    furnish=furnish,
    controllers={"sync": lambda house: (ProbeController(house),), "every": lambda house: (Recovery(house),)},
    nav=(Nav(label="Clusters", href="/clusters", group="Fleet", icon="boxes", permission=READ, order=20),),
)
