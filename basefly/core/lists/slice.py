"""How lists plug into the house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.slice import Slice
from basefly.core.lists import api, pages
from basefly.core.lists.kept import Kept
from basefly.core.lists.page import Openings


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """Where others may say what a list opens with, and where answers over the whole fleet are kept for a while."""
    house.put(Openings())
    kept = Kept(house.db)
    house.put(kept)
    yield
    await kept.close()


lists = Slice(name="lists", permissions={}, api=api.HANDLERS, pages=pages.HANDLERS, furnish=furnish)
