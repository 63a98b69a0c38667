"""How namespaces plug into the house. They show what the inventory holds, to whoever may see that."""

from __future__ import annotations

from basefly.base.slice import Nav, Slice
from basefly.core.inventory.answers import READ
from basefly.features.namespaces import api, pages

namespaces = Slice(
    name="namespaces",
    permissions={},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    nav=(Nav(label="Namespaces", href="/namespaces", group="Workloads", icon="blocks", permission=READ, order=56),),
)
