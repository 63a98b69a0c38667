"""How events over the fleet plug into the house. They show what the inventory holds, to whoever may see that."""

from __future__ import annotations

from basefly.base.slice import Nav, Slice
from basefly.core.inventory.answers import READ
from basefly.features.events import api, pages

events = Slice(
    name="events",
    permissions={},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    nav=(Nav(label="Events", href="/events", group="Workloads", icon="activity", permission=READ, order=70),),
)
