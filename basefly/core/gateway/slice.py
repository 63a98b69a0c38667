"""How the gateway plugs into the house."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.authority import Authority
from basefly.base.runtime.house import House
from basefly.base.slice import Slice
from basefly.core.gateway import api, pages
from basefly.core.gateway.controller import GatewayController
from basefly.core.gateway.model import ADMIN, EXEC, READ, SECRETS, WRITE
from basefly.core.gateway.proxy.witness import Witnesses


@asynccontextmanager
async def furnish(house: House) -> AsyncIterator[None]:
    """The authority whose certificate the gateway shows, the same for every hub of this database, and the place of
    those who record sessions."""
    async with house.db.transaction() as tx:
        house.put(Authority.read(await house.vault.own(tx, "gateway authority", Authority.make)))
    house.put(Witnesses())
    yield


gateway = Slice(
    name="gateway",
    permissions={
        READ: "Read clusters through the hub with kubectl, secrets excepted",
        WRITE: "Change what runs in clusters through the hub",
        EXEC: "Open shells and forward ports into pods through the hub",
        SECRETS: "Read secrets and make tokens in clusters through the hub",
        ADMIN: "Be a cluster's administrator through the hub",
    },
    api=api.HANDLERS,
    pages=pages.HANDLERS,
    offers=pages.offers,
    furnish=furnish,
    listeners={"gateway": lambda house: (GatewayController(house),)},
)
