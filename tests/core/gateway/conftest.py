"""A hub with its gateway listening, a simulated cluster behind it, and people with tokens."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from basefly.base.authority import Authority, listening
from basefly.base.runtime.controllers import supervise
from basefly.core.gateway.proxy.callers import Callers
from basefly.core.gateway.proxy.listener import Listener
from basefly.core.sync.controller import SyncController
from tests.core.clusters.conftest import register
from tests.core.sync.conftest import eventually, running
from tests.people import Hub, Person
from tests.sim.fixtures import cluster, fleet

__all__ = ["cluster", "fleet", "register"]

Client = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def gateway(hub: Hub) -> AsyncIterator[str]:
    """The address of a gateway that listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    house = hub.house
    tls = listening(house.settings, house.get(Authority))
    serving = asyncio.create_task(Listener(house, Callers(house)).serve("127.0.0.1", port, tls))
    await asyncio.sleep(0.05)
    yield f"https://127.0.0.1:{port}"
    house.shutdown.begin()
    await serving


@pytest.fixture
def followed(hub: Hub, owner: Person) -> Callable[[str], Awaitable[None]]:
    """Follows clusters until every kind of one has been listed."""

    async def call(cluster_id: str) -> None:
        async def there() -> bool:
            query = "select bool_and(listed_at is not null) from sync_streams where cluster_id = %s"
            async with hub.house.db.transaction(owner.by.org_id) as tx:
                return bool(await tx.value(query, [cluster_id]))

        async with running(supervise([SyncController(hub.house)], first=0.1)):
            await eventually(there, 30)

    return call


@pytest.fixture
async def client(hub: Hub, gateway: str) -> AsyncIterator[Client]:
    """Opens a client of the gateway as somebody, by an API token of theirs."""
    opened: list[httpx.AsyncClient] = []
    trust = ssl.create_default_context(cadata=hub.house.get(Authority).certificate)

    async def call(person: Person, **wish: Any) -> httpx.AsyncClient:
        made = await person.http.post("/api/v1/tokens", json={"name": f"t{len(opened)}", **wish})
        assert made.status_code == 201, made.text
        headers = {"Authorization": f"Bearer {made.json()['token']}"}
        opened.append(httpx.AsyncClient(base_url=gateway, verify=trust, headers=headers, timeout=30))
        return opened[-1]

    yield call
    for each in opened:
        await each.aclose()
