"""How sign-in with the company's own identity provider plugs into the house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.http import Caller
from basefly.base.runtime.house import House
from basefly.base.slice import Nav, Slice
from basefly.core.factors.company import Companies
from basefly.core.federation import api, pages
from basefly.core.federation.company import Required
from basefly.core.federation.issuers import Issuers
from basefly.core.federation.model import READ, WRITE


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """What issuers published, the guarded way to ask them, and whether sign-ins must go there."""
    caller = Caller(private=house.settings.private_issuers)
    house.put(Issuers(caller))
    house.get(Companies).plug(Required(house))
    try:
        yield
    finally:
        await caller.close()


federation = Slice(
    name="federation",
    permissions={
        READ: "See the identity providers that people sign in with",
        WRITE: "Add, change and remove identity providers",
    },
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    furnish=furnish,
    nav=(Nav("Single sign-on", "/single-sign-on", "Govern", "key-round", READ, 820),),
)
