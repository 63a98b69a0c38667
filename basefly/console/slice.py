"""How the console plugs into the house."""

from __future__ import annotations

from basefly.base.slice import Nav, Slice
from basefly.console import api, pages
from basefly.core.inventory.answers import READ

console = Slice(
    name="console",
    permissions={},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    nav=(Nav(label="Overview", href="/", group="Fleet", icon="layout-dashboard", permission=READ, order=0),),
)
