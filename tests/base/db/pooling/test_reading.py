"""What is shown is read once for all who ask the same, anew once it may have changed, and never where it decides."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID

import psycopg
import pytest

from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.db.pooling import reading
from basefly.base.db.pooling.reading import Answers
from basefly.base.db.transaction import Tx
from tests.conftest import Urls

CLUSTERS = "clusters/*"


class Reader:
    """Reads the names of the clusters, and counts how often."""

    def __init__(self) -> None:
        self.count = 0

    async def __call__(self, tx: Tx) -> list[str]:
        self.count += 1
        return await tx.all(str, "select name from clusters order by name")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def changes(database_url: str) -> AsyncIterator[Changes]:
    changes = Changes(database_url)
    async with changes.subscribe(None, ["none"]):
        pass
    yield changes
    await changes.close()


@pytest.fixture
def sharing(db: Database, changes: Changes) -> Database:
    db.share(changes.version)
    return db


@pytest.fixture
def read() -> Reader:
    return Reader()


async def ask(db: Database, org: UUID, read: Reader, name: str = "clusters") -> list[str]:
    async with db.reading(org) as tx:
        return await tx.shared(name, read, CLUSTERS)


async def add(db: Database, org: UUID, name: str, *, tell: bool = True) -> None:
    async with db.transaction(org) as tx:
        await tx.execute("insert into clusters (org_id, name) values (%s, %s)", [org, name])
        if tell:
            await tx.notify("clusters/7")


def add_elsewhere(urls: Urls, org: UUID, name: str) -> None:
    """Another process adds a cluster while our loop does nothing else, and the notice has come."""
    with psycopg.connect(urls.superuser, autocommit=True) as elsewhere:
        elsewhere.execute("insert into clusters (org_id, name) values (%s, %s)", [org, name])
        elsewhere.execute("select pg_notify('basefly', %s)", [f"{org}/clusters/7"])
    time.sleep(0.05)


async def heard(changes: Changes, org: UUID, before: object) -> None:
    async with asyncio.timeout(5):
        while (now := changes.version(org, [CLUSTERS])) is None or now == before:
            await asyncio.sleep(0.001)


async def test_two_who_ask_the_same_are_told_what_was_read_once(sharing: Database, org: UUID, read: Reader) -> None:
    await add(sharing, org, "berlin", tell=False)
    assert [await ask(sharing, org, read) for _ in range(3)] == [["berlin"]] * 3
    assert read.count == 1


async def test_what_was_told_is_asked_without_a_connection(
    urls: Urls, changes: Changes, org: UUID, read: Reader
) -> None:
    db = await Database.open(urls.application, max_size=1)
    db.share(changes.version)
    try:
        await ask(db, org, read)
        async with db.transaction(org):  # has the only one
            assert await asyncio.wait_for(ask(db, org, read), 1) == []
    finally:
        await db.close()


async def test_a_change_is_read_as_soon_as_it_is_heard(
    sharing: Database, changes: Changes, org: UUID, read: Reader
) -> None:
    await ask(sharing, org, read)
    before = changes.version(org, [CLUSTERS])
    await add(sharing, org, "berlin")
    await heard(changes, org, before)
    assert await ask(sharing, org, read) == ["berlin"]


async def test_a_notice_counts_though_its_task_has_not_had_its_turn(
    sharing: Database, changes: Changes, org: UUID, read: Reader, urls: Urls
) -> None:
    await ask(sharing, org, read)
    add_elsewhere(urls, org, "berlin")
    assert await ask(sharing, org, read) == ["berlin"]


async def test_what_is_caught_up_with_is_told_to_who_follows(
    db: Database, changes: Changes, org: UUID, urls: Urls
) -> None:
    async with changes.subscribe(org, [CLUSTERS]) as inbox:
        add_elsewhere(urls, org, "berlin")
        changes.version(org, [CLUSTERS])
        async with asyncio.timeout(5):
            assert await anext(inbox) == {"clusters/7"}


async def test_what_changes_while_it_is_read_is_read_again(
    sharing: Database, changes: Changes, org: UUID, read: Reader
) -> None:
    async def slowly(tx: Tx) -> list[str]:
        found = await read(tx)
        before = changes.version(org, [CLUSTERS])
        await add(sharing, org, "berlin")
        await heard(changes, org, before)
        return found

    async with sharing.reading(org) as tx:
        assert await tx.shared("clusters", slowly, CLUSTERS) == []
    assert await ask(sharing, org, read) == ["berlin"]


async def test_what_another_organization_was_told_is_nobodys(
    sharing: Database, org: UUID, other_org: UUID, read: Reader
) -> None:
    await add(sharing, org, "berlin")
    assert await ask(sharing, org, read) == ["berlin"]
    assert await ask(sharing, other_org, read) == []


async def test_another_question_is_another_answer(sharing: Database, org: UUID, read: Reader) -> None:
    await ask(sharing, org, read)
    await ask(sharing, org, read, "others")
    assert read.count == 2


async def test_who_may_change_something_reads_by_themselves(sharing: Database, org: UUID, read: Reader) -> None:
    await ask(sharing, org, read)
    async with sharing.transaction(org) as tx:
        await tx.shared("clusters", read, CLUSTERS)
    assert read.count == 2


async def test_nothing_is_shared_while_no_notice_can_be_heard(
    sharing: Database, changes: Changes, org: UUID, read: Reader
) -> None:
    await changes.close()
    changes._listening.clear()
    await ask(sharing, org, read)
    await ask(sharing, org, read)
    assert read.count == 2


async def test_a_failure_is_nobodys_answer(sharing: Database, org: UUID, read: Reader) -> None:
    async def fail(tx: Tx) -> list[str]:
        raise RuntimeError("no")

    async with sharing.reading(org) as tx:
        with pytest.raises(RuntimeError):
            await tx.shared("clusters", fail, CLUSTERS)
    assert await ask(sharing, org, read) == []


async def at_once() -> None:
    """There is a connection."""


class TestAnswers:
    async def test_an_answer_is_good_for_a_second(self, org: UUID) -> None:
        clock, told = Clock(), iter(range(9))

        async def read() -> int:
            return next(told)

        answers = Answers(lambda *_: 1, clock)
        assert await answers.get(org, "a", [], read, begin=at_once) == 0
        clock.now += reading.GOOD_FOR
        assert await answers.get(org, "a", [], read, begin=at_once) == 0
        clock.now += 0.01
        assert await answers.get(org, "a", [], read, begin=at_once) == 1

    async def test_only_so_many_are_held_and_none_that_is_too_old(
        self, org: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(reading, "MOST", 3)
        clock = Clock()

        async def read() -> str:
            return "told"

        answers = Answers(lambda *_: 1, clock)
        for number in range(5):
            await answers.get(org, number, [], read, begin=at_once)
        assert [name for _, name in answers._held] == [2, 3, 4]
        clock.now += reading.GOOD_FOR + 1
        await answers.get(org, "new", [], read, begin=at_once)
        assert [name for _, name in answers._held] == ["new"]

    async def test_many_who_ask_at_once_are_told_what_one_has_read(self, org: UUID) -> None:
        asked, answers, go = 0, Answers(lambda *_: 1, Clock()), asyncio.Event()

        async def read() -> str:
            nonlocal asked
            asked += 1
            await go.wait()
            return "told"

        all_ = [asyncio.create_task(answers.get(org, "a", [], read, begin=at_once)) for _ in range(5)]
        holder = asyncio.create_task(answers.get(org, "a", [], read, begin=None))  # of what the reader may need
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert asked == 2
        go.set()
        assert await asyncio.gather(*all_, holder) == ["told"] * 6

    async def test_who_comes_while_it_waits_for_a_connection_is_told_the_same_whatever_has_changed(
        self, org: UUID
    ) -> None:
        """Otherwise the longer they wait the more there would be to read, each for another version."""
        version, seen, free, go = 1, list[int](), asyncio.Event(), asyncio.Event()
        answers = Answers(lambda *_: version, Clock())

        async def read() -> int:
            seen.append(version)
            await go.wait()
            return seen[-1]

        async def begin() -> None:
            await free.wait()

        async def asked() -> asyncio.Task[int]:
            task = asyncio.create_task(answers.get(org, "a", [], read, begin=begin))
            for _ in range(3):
                await asyncio.sleep(0)
            return task

        early = [await asked()]
        version = 2
        early.append(await asked())
        assert seen == []
        free.set()
        for _ in range(3):
            await asyncio.sleep(0)
        assert seen == [2]  # which both may be told
        same = await asked()
        assert seen == [2]
        version = 3
        late = await asked()  # knows of what that reading may have missed
        assert seen == [2, 3]
        go.set()
        await asyncio.gather(*early, same, late)
        assert seen == [2, 3]
        assert await late == 3
        assert await answers.get(org, "a", [], read, begin=begin) == 3
