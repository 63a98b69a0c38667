"""Invitations, whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.runtime.house import House
from basefly.base.slice import Slice
from basefly.core.identity.mail.outbox import Composers
from basefly.core.invitations import api, mail, pages


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """How its mail is made."""
    house.get(Composers)[mail.KIND] = mail.compose
    yield


invitations = Slice(name="invitations", permissions={}, api=api.HANDLERS, pages=pages.HANDLERS, furnish=furnish)
