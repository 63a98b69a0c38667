"""Answers that are kept: a quick one is read each time, a slow one is shown at once and renewed behind the reader."""

from __future__ import annotations

import asyncio
from uuid import UUID

import msgspec
import pytest

from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.principal import Grant, Principal
from basefly.core.lists.kept import OLDEST, QUICK, Kept
from tests.core.sync.conftest import eventually

READER = frozenset({"inventory:read"})


@pytest.fixture(autouse=True)
def every_answer_is_quick() -> None:
    """Not here, where it is the matter."""


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class PageQuery(msgspec.Struct, frozen=True):
    q: str


class Source:
    """Counts how often it was read; each reading takes some seconds of the clock."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self.times = 0

    async def read(self, tx: Tx, by: Principal, *asked: object) -> int:
        self.times += 1
        self._clock.now += self._seconds
        return self.times


def somebody(org: UUID, *clusters: UUID) -> Principal:
    return Principal(UUID(int=1), org, "a", "a@b.c", (Grant(READER, frozenset(clusters) if clusters else None),))


class TestKept:
    async def test_what_is_quick_is_read_anew(self, db: Database, org: UUID) -> None:
        clock = Clock()
        kept, source = Kept(db, clock), Source(clock, 0.01)
        async with db.transaction(org) as tx:
            assert [await kept.of(tx, somebody(org), source.read) for _ in range(3)] == [
                (1, False),
                (2, False),
                (3, False),
            ]

    async def test_what_is_slow_is_shown_and_renewed_behind_the_reader(self, db: Database, org: UUID) -> None:
        clock = Clock()
        kept, source = Kept(db, clock), Source(clock, 1.0)
        async with db.transaction(org) as tx:
            assert [await kept.of(tx, somebody(org), source.read) for _ in range(3)] == [
                (1, False),
                (1, True),
                (1, True),
            ]
            clock.now += 11.0
            assert (await kept.of(tx, somebody(org), source.read))[0] == 1

        async def renewed() -> bool:
            return source.times == 2

        await eventually(renewed)
        await asyncio.sleep(0)
        async with db.transaction(org) as tx:
            assert (await kept.of(tx, somebody(org), source.read))[0] == 2
        await kept.close()

    async def test_what_is_old_is_shown_to_nobody(self, db: Database, org: UUID) -> None:
        clock = Clock()
        kept, source = Kept(db, clock), Source(clock, 1.0)
        async with db.transaction(org) as tx:
            await kept.of(tx, somebody(org), source.read)
            clock.now += OLDEST + 1
            assert (await kept.of(tx, somebody(org), source.read))[0] == 2

    async def test_another_scope_has_answers_of_its_own(self, db: Database, org: UUID) -> None:
        clock = Clock()
        kept, source = Kept(db, clock), Source(clock, 1.0)
        async with db.transaction(org) as tx:
            assert (await kept.of(tx, somebody(org), source.read))[0] == 1
            assert (await kept.of(tx, somebody(org, UUID(int=7)), source.read))[0] == 2
            assert (await kept.of(tx, somebody(org), source.read))[0] == 1

    async def test_what_was_asked_differently_has_answers_of_its_own(self, db: Database, org: UUID) -> None:
        clock = Clock()
        kept, source = Kept(db, clock), Source(clock, 1.0)
        async with db.transaction(org) as tx:
            for asked, answer in ((PageQuery("a"), 1), (PageQuery("b"), 2), (PageQuery("a"), 1)):
                assert (await kept.of(tx, somebody(org), source.read, asked))[0] == answer

    async def test_what_shows_on_many_pages_is_kept_sooner(self, db: Database, org: UUID) -> None:
        clock = Clock()
        kept, source = Kept(db, clock), Source(clock, QUICK / 2)
        async with db.transaction(org) as tx:
            assert [await kept.of(tx, somebody(org), source.read, sooner=4) for _ in range(2)] == [
                (1, False),
                (1, True),
            ]

    async def test_a_part_that_is_renewed_gets_none_that_is_older_than_it_allows(self, db: Database, org: UUID) -> None:
        clock = Clock()
        kept, source = Kept(db, clock), Source(clock, 1.0)
        async with db.transaction(org) as tx:
            assert await kept.of(tx, somebody(org), source.read) == (1, False)
            assert await kept.of(tx, somebody(org), source.read, oldest=2.0) == (1, True)
            assert await kept.of(tx, somebody(org), source.read, oldest=0.0) == (2, False)
            assert await kept.of(tx, somebody(org), source.read) == (2, True)
