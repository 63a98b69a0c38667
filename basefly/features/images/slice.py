"""How images plug into the house. They show what the inventory holds, to whoever may see that."""

from __future__ import annotations

from basefly.base.slice import Nav, Slice
from basefly.core.inventory.answers import READ
from basefly.features.images import api, pages

images = Slice(
    name="images",
    permissions={},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    nav=(Nav(label="Images", href="/images", group="Workloads", icon="tag", permission=READ, order=54),),
)
