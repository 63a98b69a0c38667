"""The pool: one tenant a transaction, whatever happened on the connection before, and no answer goes astray."""

from __future__ import annotations

import asyncio
import contextlib
import random
from uuid import UUID

import psycopg
import pytest

from basefly.base.db import pool as pools
from basefly.base.db.failures import Raced
from basefly.base.db.pool import Database
from basefly.base.errors import Invalid, Unavailable
from basefly.base.settings import SettingsError
from tests.conftest import Urls

TENANT = "select current_setting('app.org', true)"


async def order(db: Database, org: UUID) -> None:
    async with db.transaction(org) as tx:
        await tx.execute("insert into operations (org_id, kind, input) values (%s, 'a', '{}')", [org])


async def count(db: Database, org: UUID | None) -> int:
    async with db.transaction(org) as tx:
        return int(await tx.value("select count(*) from operations"))


async def test_a_transaction_sees_its_own_organization_only(db: Database, org: UUID, other_org: UUID) -> None:
    await order(db, org)
    assert [await count(db, whose) for whose in (org, other_org, None)] == [1, 0, 0]


async def test_it_cannot_write_for_another(db: Database, org: UUID, other_org: UUID) -> None:
    await order(db, org)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with db.transaction(other_org) as tx:
            await tx.execute("insert into operations (org_id, kind, input) values (%s, 'a', '{}')", [org])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with db.transaction(org) as tx:
            await tx.execute("update operations set org_id = %s", [other_org])
    assert await count(db, org) == 1


async def test_an_exception_rolls_back(db: Database, org: UUID) -> None:
    async def fail() -> None:
        async with db.transaction(org) as tx:
            await tx.execute("insert into operations (org_id, kind, input) values (%s, 'a', '{}')", [org])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await count(db, org) == 0


async def test_what_is_asked_often_stays_prepared(database_url: str, org: UUID) -> None:
    db = await Database.open(database_url, max_size=1)
    try:
        for _ in range(5):
            async with db.reading(org) as tx:
                await tx.value("select count(*) from operations where kind = %s", ["a"])
        async with db.transaction(org) as tx:
            prepared = await tx.all(str, "select statement from pg_prepared_statements")
    finally:
        await db.close()
    assert [each for each in prepared if "from operations" in each]


async def test_the_tenant_never_leaks(database_url: str, org: UUID, other_org: UUID) -> None:
    """One connection, many tenants, every way a transaction may end: the next one starts clean."""
    db = await Database.open(database_url, max_size=1)
    rng = random.Random(1)  # noqa: S311  # a seed, no secret
    seen = []
    for _ in range(600):
        whose = rng.choice([org, other_org, None])
        end = rng.choice(["commit", "raise", "fail", "cancel"])
        with contextlib.suppress(KeyError, Invalid, asyncio.CancelledError):
            async with db.transaction(whose) as tx:
                seen.append((await tx.value(TENANT)) == (str(whose) if whose else ""))
                if end == "raise":
                    raise KeyError
                if end == "fail":
                    await tx.execute("select 1 / 0")
                if end == "cancel":
                    raise asyncio.CancelledError
    assert len(seen) == 600
    assert all(seen)
    assert db.load["pool_size"] == 1
    await db.close()


async def test_a_cancelled_query_leaves_no_answer_behind(database_url: str, org: UUID, other_org: UUID) -> None:
    """Thousands of queries cut off at random moments: nobody ever reads the reply to somebody else's question."""
    db = await Database.open(database_url, max_size=4)
    rng = random.Random(2)  # noqa: S311  # a seed, no secret
    answered = 0

    async def ask(number: int) -> None:
        nonlocal answered
        whose = (org, other_org)[number % 2]
        async with db.transaction(whose) as tx:
            reply = await tx.value(
                "select %s || '/' || current_setting('app.org') from pg_sleep(%s)", [str(number), rng.random() / 500]
            )
            assert reply == f"{number}/{whose}"
            answered += 1

    async def cut(number: int) -> None:
        task = asyncio.create_task(ask(number))
        await asyncio.sleep(rng.random() / 100)
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        assert outcome is None or isinstance(outcome, asyncio.CancelledError)

    for start in range(0, 2000, 8):
        await asyncio.gather(*[cut(number) for number in range(start, start + 8)])
    assert 100 < answered < 1990, "some were cut off, some were not"
    assert await count(db, org) == 0
    await db.close()


async def test_killed_backends_are_replaced(db: Database, org: UUID, urls: Urls) -> None:
    await asyncio.gather(*[count(db, org) for _ in range(20)])
    with psycopg.connect(urls.superuser, autocommit=True) as superuser:
        superuser.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where usename = 'basefly_app' and datname = current_database()"
        )
    assert await asyncio.gather(*[count(db, org) for _ in range(20)]) == [0] * 20


async def test_a_backend_killed_in_the_middle_is_said(db: Database, org: UUID, urls: Urls) -> None:
    async def lose_the_connection() -> None:
        async with db.transaction(org) as tx:
            pid = await tx.value("select pg_backend_pid()")
            with psycopg.connect(urls.superuser, autocommit=True) as superuser:
                superuser.execute("select pg_terminate_backend(%s)", [pid])
            await tx.value("select 1")

    with pytest.raises(Unavailable):
        await lose_the_connection()
    assert await count(db, org) == 0


async def test_a_full_pool_says_so(database_url: str, org: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "WAIT", 0.2)
    db = await Database.open(database_url, max_size=1)
    async with db.transaction(org):
        with pytest.raises(Unavailable, match="busy"):
            await count(db, org)
    assert await count(db, org) == 0
    await db.close()


async def test_a_lock_held_by_another_is_said(db: Database, org: UUID, urls: Urls) -> None:
    async def look() -> None:
        async with db.transaction(org) as tx:
            await tx.execute("set local lock_timeout = '50ms'")
            await tx.value("select count(*) from operations")

    with psycopg.connect(urls.superuser) as stuck:
        stuck.execute("lock table operations")
        with pytest.raises(Raced):
            await look()


@pytest.mark.parametrize("role", ["superuser", "owner"])
async def test_a_powerful_role_is_refused(urls: Urls, role: str) -> None:
    with pytest.raises(SettingsError, match="BASEFLY_OWNER_DATABASE_URL"):
        await Database.open(getattr(urls, role))


async def test_limits_reach_the_session(db: Database) -> None:
    async with db.transaction() as tx:
        for name, value in {"statement_timeout": "30s", "lock_timeout": "5s", "TimeZone": "UTC"}.items():
            assert await tx.value("select current_setting(%s)", [name]) == value
