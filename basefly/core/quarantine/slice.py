"""How the quarantine plugs into the house."""

from __future__ import annotations

from basefly.base.slice import Slice
from basefly.core.quarantine import api, pages

quarantine = Slice(name="quarantine", permissions={}, api=api.HANDLERS, pages=pages.HANDLERS)
