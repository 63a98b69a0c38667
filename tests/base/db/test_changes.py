"""Notices travel with the commit, reach who asked for them in their own organization, and losses are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import psycopg
import pytest

from basefly.base.db import changes as module
from basefly.base.db.changes import Changes, Inbox
from basefly.base.db.pool import Database
from tests.conftest import Urls


@pytest.fixture
async def changes(database_url: str) -> AsyncIterator[Changes]:
    changes = Changes(database_url)
    yield changes
    await changes.close()


async def notify(db: Database, org: UUID, *topics: str) -> None:
    async with db.transaction(org) as tx:
        for topic in topics:
            await tx.notify(topic)


async def following(inbox: Inbox, within: float = 5) -> set[str]:
    async with asyncio.timeout(within):
        return await anext(inbox)


async def test_a_pattern_takes_one_segment_a_star(db: Database, org: UUID, changes: Changes) -> None:
    async with changes.subscribe(org, ["inventory/*/pods", "clusters/*", "a.b"]) as inbox:
        await notify(
            db, org, "inventory/7/pods", "inventory/7/nodes", "inventory/7/x/pods", "clusters/9", "clusters", "aXb"
        )
        assert await following(inbox) == {"inventory/7/pods", "clusters/9"}


async def test_nothing_crosses_to_another_organization(
    db: Database, org: UUID, other_org: UUID, changes: Changes
) -> None:
    async with changes.subscribe(org, ["*"]) as ours, changes.subscribe(other_org, ["*"]) as theirs:
        await notify(db, other_org, "theirs")
        await notify(db, org, "ours")
        assert (await following(ours), await following(theirs)) == ({"ours"}, {"theirs"})


async def test_controllers_hear_every_organization(db: Database, org: UUID, other_org: UUID, changes: Changes) -> None:
    async with changes.subscribe(None, ["*/operations"]) as inbox:
        await notify(db, org, "operations", "clusters")
        await notify(db, other_org, "operations")
        heard = await following(inbox)
        if len(heard) == 1:
            heard |= await following(inbox)
        assert heard == {f"{org}/operations", f"{other_org}/operations"}


async def test_what_is_rolled_back_is_not_heard(db: Database, org: UUID, changes: Changes) -> None:
    async with changes.subscribe(org, ["*"]) as inbox:
        with pytest.raises(KeyError):
            await _notify_and_fail(db, org)
        await notify(db, org, "kept")
        assert await following(inbox) == {"kept"}


async def _notify_and_fail(db: Database, org: UUID) -> None:
    async with db.transaction(org) as tx:
        await tx.notify("lost")
        raise KeyError


async def test_a_burst_comes_as_one(db: Database, org: UUID, changes: Changes) -> None:
    async with changes.subscribe(org, ["*"]) as inbox:
        await notify(db, org, *[str(number) for number in range(200)])
        begun = asyncio.get_running_loop().time()
        assert await following(inbox) == {str(number) for number in range(200)}
        assert asyncio.get_running_loop().time() - begun < 1


async def test_too_many_become_a_reset(
    db: Database, org: UUID, changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH", 0.5)  # on a busy machine they come in several pieces
    async with changes.subscribe(org, ["*"]) as inbox:
        await notify(db, org, *[str(number) for number in range(module.MOST + 1)])
        assert await following(inbox) == {module.RESET}
        await notify(db, org, "again")
        assert await following(inbox) == {"again"}


async def test_a_lost_connection_comes_back_with_a_reset(
    db: Database, org: UUID, changes: Changes, urls: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY", 0.2)
    async with changes.subscribe(org, ["*"]) as inbox:
        for _ in range(3):
            with psycopg.connect(urls.superuser, autocommit=True) as superuser:
                superuser.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where query ~ '^listen' and datname = current_database()"
                )
            assert await following(inbox) == {module.RESET}
            await notify(db, org, "after")
            assert await following(inbox) == {"after"}


async def test_a_database_that_is_away_at_first_is_told_by_a_reset(
    org: UUID, db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRY", 0.2)
    monkeypatch.setattr(module, "ANSWER", 0.5)
    changes = Changes("postgresql://nobody@127.0.0.1:1/none")
    async with changes.subscribe(org, ["*"]) as inbox:
        changes._url = database_url  # it comes up
        assert await following(inbox) == {module.RESET}
        await notify(db, org, "after")
        assert await following(inbox) == {"after"}
    await changes.close()


async def test_nobody_left_leaves_nothing_behind(org: UUID, changes: Changes) -> None:
    async with changes.subscribe(org, ["*"]):
        assert list(changes._inboxes) == [str(org)]
    assert not changes._inboxes
