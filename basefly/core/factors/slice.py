"""Factors, whole. It has no face of its own: identity shows them, with all else that lets someone in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.slice import Slice
from basefly.core.factors.company import Companies


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """Where whoever knows the companies' providers says which of them is wanted of everybody."""
    house.put(Companies())
    yield


factors = Slice(name="factors", permissions={}, furnish=furnish)
