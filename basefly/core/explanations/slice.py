"""Explanations, whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.slice import Slice
from basefly.core.explanations import api, pages
from basefly.core.explanations.beyond import Beyond


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """Where whoever knows what decides beyond grants says so."""
    house.put(Beyond())
    yield


explanations = Slice(name="explanations", permissions={}, api=api.HANDLERS, pages=pages.HANDLERS, furnish=furnish)
