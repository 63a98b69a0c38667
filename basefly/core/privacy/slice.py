"""How privacy plugs into the house. It needs no permission: it is about oneself."""

from __future__ import annotations

from basefly.base.runtime.operations import Operations
from basefly.base.slice import Slice
from basefly.core.privacy import api, pages
from basefly.core.privacy.work import works

privacy = Slice(
    name="privacy",
    permissions={},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    controllers={"worker": lambda house: (Operations(house.db, house.changes, works(house), at_once=2),)},
)
