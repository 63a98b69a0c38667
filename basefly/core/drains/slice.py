"""How drains plug into the house. They need what the gateway does: who may change a cluster may drain its nodes."""

from __future__ import annotations

from basefly.base.runtime.operations import Operations
from basefly.base.slice import Slice
from basefly.core.drains import api, pages
from basefly.core.drains.work.operation import works

AT_ONCE = 64  # drains of one process; each waits most of its time

drains = Slice(
    name="drains",
    permissions={},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    offers=pages.offers,
    controllers={"worker": lambda house: (Operations(house.db, house.changes, works(house), at_once=AT_ONCE),)},
)
