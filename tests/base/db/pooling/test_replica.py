"""Pages and lists are read from a replica that follows closely; whatever decides is not; a lost replica is no event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from basefly.base.db import logins
from basefly.base.db.pool import Database
from basefly.base.db.pooling.replica import Progress
from basefly.base.errors import BaseflyError
from tests.base.db.pooling.following import Pair, paired
from tests.conftest import TEMPLATE, Urls
from tests.people import Hub, Person

MOST_LAG = 60.0  # s: a busy machine must not send these tests to the primary


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two servers for the tests of this module."""
    folder = tmp_path_factory.mktemp("pair")
    for part in (folder, *folder.parents[:2]):
        part.chmod(0o711)  # the servers' account passes through
    with paired(folder) as pair:
        yield pair


@pytest.fixture
def urls(pair: Pair) -> Iterator[Urls]:
    """A database of the primary, which the replica has too."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(pair.primary.url("postgres", "postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {TEMPLATE} owner {logins.OWNER}")
    yield Urls(*(pair.primary.url(user, name) for user in ("postgres", logins.OWNER, logins.APPLICATION)))
    pair.let_go()


@pytest.fixture
def replica_url(pair: Pair, urls: Urls) -> str:
    name = psycopg.conninfo.conninfo_to_dict(urls.application)["dbname"]
    return pair.replica.url(logins.APPLICATION, str(name))


@pytest.fixture
async def db(urls: Urls, replica_url: str) -> AsyncIterator[Database]:
    """The database as a hub with a replica has it, which follows by now."""
    db = await Database.open(urls.application, max_size=6)
    db.follow(replica_url, most_lag=MOST_LAG, max_size=3)
    await until(lambda: db.replica is not None and db.replica.lag is not None)
    yield db
    await db.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.02)


async def caught_up(db: Database, org: UUID) -> None:
    """Wait until the replica shows what the primary has."""
    async with db.transaction(org) as tx:
        count = await tx.value("select count(*) from clusters")
    async with asyncio.timeout(60):
        while await seen(db, org) != count:
            await asyncio.sleep(0.02)


async def seen(db: Database, org: UUID) -> int:
    async with db.reading(org) as tx:
        return int(await tx.value("select count(*) from clusters"))


async def add(db: Database, org: UUID, name: str) -> None:
    async with db.transaction(org) as tx:
        await tx.execute("insert into clusters (org_id, name) values (%s, %s)", [org, name])


async def test_reading_is_of_the_replica_and_writing_of_the_primary(db: Database, org: UUID, pair: Pair) -> None:
    await add(db, org, "before")
    await caught_up(db, org)
    pair.hold()
    await add(db, org, "after")
    async with db.reading(org) as tx:
        assert await tx.value("select pg_is_in_recovery()")
        assert await tx.value("select count(*) from clusters") == 1
        assert tx.behind is not None
    async with db.transaction(org) as tx:
        assert not await tx.value("select pg_is_in_recovery()")
        assert await tx.value("select count(*) from clusters") == 2
        assert tx.behind is None


async def test_row_level_security_holds_at_the_replica(db: Database, org: UUID, other_org: UUID) -> None:
    await add(db, org, "ours")
    await caught_up(db, org)
    assert await seen(db, other_org) == 0


async def test_whoever_changed_something_sees_it(db: Database, org: UUID, pair: Pair) -> None:
    someone, other = uuid4(), uuid4()
    pair.hold()
    db.wrote(someone)
    for by, recovering in ((someone, False), (other, True), (None, True)):
        async with db.reading(org, by=by) as tx:
            assert await tx.value("select pg_is_in_recovery()") is recovering


async def test_one_that_is_too_far_behind_is_left_alone(urls: Urls, replica_url: str, pair: Pair) -> None:
    db = await Database.open(urls.application, max_size=3)
    db.follow(replica_url, most_lag=1.0)
    replica = db.replica
    assert replica is not None
    await until(lambda: replica.lag is not None)
    pair.hold()
    async with db.transaction() as tx:
        await tx.execute("select pg_logical_emit_message(false, 'test', 'something that is to be replayed')")
    await until(lambda: replica.lag is None)
    async with db.reading(None) as tx:
        assert not await tx.value("select pg_is_in_recovery()")
    pair.let_go()
    await until(lambda: replica.lag is not None)
    await db.close()


async def test_one_that_dies_under_a_transaction_is_no_event(db: Database, org: UUID, pair: Pair) -> None:
    await add(db, org, "one")
    await caught_up(db, org)
    async with db.reading(org) as tx:
        assert await tx.value("select pg_is_in_recovery()")
        await asyncio.to_thread(pair.stop)
        try:
            assert await tx.value("select count(*) from clusters") == 1
            assert not await tx.value("select pg_is_in_recovery()")
            assert await seen(db, org) == 1
        finally:
            await asyncio.to_thread(pair.start)
    await until(lambda: db.replica is not None and db.replica.lag is not None)
    async with db.reading(org) as tx:
        assert await tx.value("select pg_is_in_recovery()")


async def test_what_replaying_ends_goes_on_at_the_primary(db: Database, org: UUID) -> None:
    async with db.reading(org) as tx:
        await tx.connection.execute("select 1")
        await tx.connection.close()
        assert await tx.value("select count(*) from clusters") == 0


async def test_nothing_can_be_written_while_reading(db: Database, org: UUID, pair: Pair) -> None:
    someone = uuid4()
    db.wrote(someone)
    for by in (someone, None):  # at the primary, and at the replica
        async with db.reading(org, by=by) as tx:
            with pytest.raises((BaseflyError, psycopg.Error), match=r"read-only|cannot execute"):
                await tx.execute("insert into clusters (org_id, name) values (%s, 'x')", [org])


async def test_a_server_that_follows_none_is_not_read(urls: Urls) -> None:
    db = await Database.open(urls.application, max_size=3)
    db.follow(urls.application, most_lag=MOST_LAG)
    replica = db.replica
    assert replica is not None
    await until(lambda: "follows none" in replica._away)
    assert replica.lag is None
    await db.close()


async def test_a_role_that_sees_everything_is_not_read_as(urls: Urls, pair: Pair) -> None:
    name = str(psycopg.conninfo.conninfo_to_dict(urls.superuser)["dbname"])
    db = await Database.open(urls.application, max_size=3)
    db.follow(pair.replica.url("postgres", name), most_lag=MOST_LAG)
    await until(lambda: db.replica is not None and db.replica.lag is not None)
    async with db.reading(None) as tx:
        assert await tx.value("select pg_is_in_recovery()")
        assert await tx.value("select current_user::text") == logins.APPLICATION
    await db.close()


async def test_lists_are_as_old_as_the_replica_and_say_so(owner: Person, viewer: Person, hub: Hub, pair: Pair) -> None:
    await caught_up(hub.house.db, owner.by.org_id)
    pair.hold()
    await add(hub.house.db, owner.by.org_id, "unseen-yet")
    answer = await viewer.http.get("/api/v1/objects/pods")
    assert answer.status_code == 200, answer.text
    assert float(answer.headers["x-basefly-replica-lag"]) >= 0
    assert answer.json()["as_of"] == {}
    assert "unseen-yet" not in str((await viewer.http.get("/pods")).text)
    fragment = await viewer.http.get("/pods", headers={"X-Fragment": "list"})
    assert "x-basefly-replica-lag" not in fragment.headers
    assert (await viewer.http.get("/api/v1/clusters")).json()["items"] == []
    assert (await viewer.http.get("/api/v1/clusters/unseen-yet")).json()["name"] == "unseen-yet"
    assert "basefly_replica_transactions_total" in await hub.metrics()


async def test_what_decides_is_never_asked_of_the_replica(owner: Person, viewer: Person, hub: Hub, pair: Pair) -> None:
    """The replica goes on showing a session, a membership and a token that are gone."""
    made = await owner.http.post("/api/v1/tokens", json={"name": "short-lived", "expires_in_days": 1})
    token = made.json()
    bearer = {"Authorization": f"Bearer {token['token']}"}
    await caught_up(hub.house.db, owner.by.org_id)
    async with hub.browser() as program:
        assert (await program.get("/api/v1/objects/pods", headers=bearer)).status_code == 200
        assert (await viewer.http.get("/api/v1/objects/pods")).status_code == 200
        pair.hold()
        ended: list[httpx.Response] = [
            await owner.http.delete(f"/api/v1/tokens/{token['id']}"),
            await owner.http.delete(f"/api/v1/members/{viewer.by.user_id}"),
        ]
        assert [each.status_code for each in ended] == [204, 204], [each.text for each in ended]
        assert (await program.get("/api/v1/objects/pods", headers=bearer)).status_code == 401
        assert (await viewer.http.get("/api/v1/objects/pods")).status_code in (401, 403)


def test_progress_is_told_by_one_clock() -> None:
    progress = Progress()
    assert progress.lag(10.0) is None
    progress.asked(10.0, 100)
    progress.asked(11.0, 200)
    progress.replayed(99)
    assert progress.lag(12.0) is None
    progress.replayed(150)
    assert progress.lag(12.0) == 2.0
    progress.replayed(200)
    assert progress.lag(12.0) == 1.0
    assert progress.lag(15.0) == 4.0
