"""Who lives is known by what they say and by the database's clock, and others hear of who comes and goes."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.resilience.ending import end
from basefly.base.runtime import processes
from basefly.base.runtime.house import House
from basefly.base.runtime.processes import Announcing


async def living(db: Database) -> list[tuple[str, str]]:
    async with db.transaction() as tx:
        return [(one.name, one.role) for one in await processes.living(tx)]


async def test_a_process_lives_in_all_its_roles_until_it_leaves_them(db: Database) -> None:
    await processes.announce(db, "a", ["web", "worker"])
    await processes.announce(db, "b", ["sync"], ["eu", "us"])
    assert await living(db) == [("a", "web"), ("a", "worker"), ("b", "sync")]
    async with db.transaction() as tx:
        (pinned,) = await processes.living(tx, "sync")
    assert pinned.regions == ("eu", "us")
    assert 0 < pinned.ends_in <= processes.LIFE.total_seconds()
    await processes.leave(db, "a", ["web"])
    assert await living(db) == [("a", "worker"), ("b", "sync")]


async def test_who_falls_silent_is_dead_until_they_speak_again(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LIFE", timedelta(milliseconds=80))
    await processes.announce(db, "a", ["web"])
    await asyncio.sleep(0.1)
    assert await living(db) == []
    await processes.announce(db, "a", ["web"])
    assert await living(db) == [("a", "web")]


async def test_others_hear_of_who_comes_and_goes_and_not_of_who_stays(db: Database, database_url: str) -> None:
    changes, heard = Changes(database_url), 0
    async with changes.subscribe(None, [processes.TOPIC]) as inbox:

        async def count() -> None:
            nonlocal heard
            async for _ in inbox:
                heard += 1

        counting = asyncio.create_task(count())
        await asyncio.sleep(0)
        for step, then in ((processes.announce, 1), (processes.announce, 1), (processes.leave, 2)):
            await step(db, "a", ["web"])
            await asyncio.sleep(0.3)
            assert heard == then
        await end(counting)
    await changes.close()


async def test_a_house_announces_its_roles_and_says_goodbye(house: House) -> None:
    announcing = asyncio.create_task(Announcing(house).run())
    async with asyncio.timeout(10):
        while not await living(house.db):
            await asyncio.sleep(0.05)
    assert await living(house.db) == [(house.name, role) for role in ("gateway", "web", "worker")]
    await end(announcing)
    assert await living(house.db) == []
