"""Invitations, whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.slice import Slice
from basefly.core.invitations import api, pages
from basefly.core.invitations.post import Post


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """The way out for mail."""
    house.put(Post())
    yield


invitations = Slice(name="invitations", permissions={}, api=api.HANDLERS, pages=pages.HANDLERS, furnish=furnish)
