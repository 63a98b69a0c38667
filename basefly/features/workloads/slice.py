"""How workloads over clusters plug into the house. They show what the inventory holds, to whoever may see that."""

from __future__ import annotations

from basefly.base.slice import Nav, Slice
from basefly.core.inventory.answers import READ
from basefly.features.workloads import api, pages

workloads = Slice(
    name="workloads",
    permissions={},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    nav=(Nav(label="Workloads", href="/workloads", group="Workloads", icon="layers", permission=READ, order=40),),
)
