"""How logs plug into the house. They need what the gateway does: who may read a cluster may read its logs."""

from __future__ import annotations

from basefly.base.slice import Slice
from basefly.core.logs import api, pages

logs = Slice(name="logs", permissions={}, api=api.HANDLERS, pages=pages.HANDLERS, offers=pages.offers)
