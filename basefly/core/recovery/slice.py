"""Recovery, whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.slice import Slice
from basefly.core.identity.mail.outbox import Composers
from basefly.core.recovery import actions, api, pages


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """How its mail is made."""
    house.get(Composers)[actions.KIND] = actions.compose
    yield


recovery = Slice(name="recovery", permissions={}, api=api.HANDLERS, pages=pages.HANDLERS, furnish=furnish)
