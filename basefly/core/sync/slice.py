"""How the sync plugs into the house."""

from __future__ import annotations

from basefly.base.slice import Slice
from basefly.core.sync.controller import SyncController

sync = Slice(name="sync", permissions={}, controllers=lambda house: (SyncController(house),))
