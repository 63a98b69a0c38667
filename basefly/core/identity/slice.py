"""Identity, whole. What someone sees here is their own, so it needs no permission."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.mail import Mailer
from basefly.base.runtime.controllers import Controller
from basefly.base.runtime.house import House
from basefly.base.slice import Nav, Slice
from basefly.base.web import SIGNED_IN
from basefly.core.identity import api, pages
from basefly.core.identity.mail import links
from basefly.core.identity.mail.outbox import Composers, Postman


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """Who makes which mail, and who hands it on, if the settings name a relay."""
    house.put(Composers(links.COMPOSERS))
    if house.settings.smtp_url:
        house.put(Mailer(house.settings))
    yield


def controllers(house: House) -> tuple[Controller, ...]:
    """Mail goes out by itself."""
    return (Postman(house),) if house.settings.smtp_url else ()


identity = Slice(
    name="identity",
    permissions={},
    nav=(Nav("Settings", "/settings", "Govern", "sliders-horizontal", SIGNED_IN, 900),),
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    furnish=furnish,
    controllers={"worker": controllers},
)
