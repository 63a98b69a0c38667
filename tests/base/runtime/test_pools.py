"""Two pools: whatever the hub does by itself, whoever asks has connections; and together they are never too many."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from itertools import combinations
from pathlib import Path

import pytest

from basefly.base.runtime.pools import opened, shares
from basefly.base.settings import ROLES, Role, Settings


async def test_whoever_asks_waits_behind_nothing_that_the_hub_does_by_itself(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    async with opened(settings, database_url) as pools, AsyncExitStack() as busy:
        for _ in range(shares(settings.role).hub):
            await busy.enter_async_context(pools.hub.transaction())
        waiting = asyncio.create_task(busy.enter_async_context(pools.hub.transaction()))
        async with asyncio.timeout(2), pools.people.transaction() as tx:
            assert await tx.value("select 1") == 1
        assert pools.hub.load["requests_waiting"] == 1
        waiting.cancel()


async def test_signs_of_life_wait_behind_nothing(database_url: str, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    async with opened(settings, database_url) as pools, AsyncExitStack() as busy:
        for _ in range(shares(settings.role).hub):
            await busy.enter_async_context(pools.hub.transaction())
        rush = [asyncio.create_task(busy.enter_async_context(pools.hub.transaction())) for _ in range(300)]
        async with asyncio.timeout(2), pools.life.transaction() as tx:
            assert await tx.value("select 1") == 1
        assert pools.hub.load["requests_waiting"] == len(rush)  # and none is refused
        for waiting in rush:
            waiting.cancel()


@pytest.mark.parametrize("roles", [these for size in range(1, 5) for these in combinations(ROLES, size)])
def test_whatever_a_process_does_it_opens_ten_at_most(roles: tuple[Role, ...]) -> None:
    people, hub, life = shares(roles)
    assert people + hub + life == 10
    assert min(people, hub) >= 2  # whether it is well is asked of every process
    assert life == 1
