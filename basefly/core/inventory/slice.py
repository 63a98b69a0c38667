"""How the inventory plugs into the house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.slice import Nav, Slice
from basefly.core.clusters.actions import Counts
from basefly.core.inventory import answers, api, pages
from basefly.core.inventory.answers import READ


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """Tell the clusters how much runs in them."""
    house.get(Counts).add(answers.count_by_cluster)
    yield


inventory = Slice(
    name="inventory",
    permissions={READ: "See what runs in the clusters: objects, their state and their events"},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    furnish=furnish,
    nav=(
        Nav(label="Nodes", href="/nodes", group="Fleet", icon="server", permission=READ, order=30),
        Nav(label="Pods", href="/pods", group="Workloads", icon="box", permission=READ, order=50),
        Nav(label="All kinds", href="/objects", group="Workloads", icon="list", permission=READ, order=60),
    ),
)
