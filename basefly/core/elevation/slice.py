"""Elevation, whole."""

from __future__ import annotations

from basefly.base.slice import Slice
from basefly.core.elevation import api, pages
from basefly.core.elevation.controller import ElevationController

elevation = Slice(
    name="elevation",
    permissions={},
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    controllers={"worker": lambda house: (ElevationController(house),)},
)
