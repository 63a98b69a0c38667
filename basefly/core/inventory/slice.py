"""How the inventory plugs into the house."""

from __future__ import annotations

from basefly.base.slice import Nav, Slice
from basefly.core.inventory import api, pages
from basefly.core.inventory.answers import READ
from basefly.core.inventory.controller import SyncController

inventory = Slice(
    name="inventory",
    permissions={READ: "See what runs in the clusters: objects, their state and their events"},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    controllers=lambda house: (SyncController(house),),
    nav=(
        Nav(label="Nodes", href="/nodes", group="Fleet", icon="server", permission=READ, order=30),
        Nav(label="Workloads", href="/workloads", group="Workloads", icon="layers", permission=READ, order=10),
        Nav(label="Pods", href="/pods", group="Workloads", icon="box", permission=READ, order=20),
        Nav(label="All kinds", href="/objects", group="Workloads", icon="list", permission=READ, order=30),
        Nav(label="Events", href="/events", group="Workloads", icon="activity", permission=READ, order=40),
    ),
)
