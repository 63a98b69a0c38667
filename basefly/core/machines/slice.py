"""How device sign-in and service accounts plug into the house."""

from __future__ import annotations

from basefly.base.slice import Nav, Slice
from basefly.core.machines import api, pages
from basefly.core.machines.accounts import READ

machines = Slice(
    name="machines",
    permissions={},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    nav=(Nav("Service accounts", "/service-accounts", "Govern", "cable", READ, 810),),
)
