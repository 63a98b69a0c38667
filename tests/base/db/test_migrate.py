"""The schema goes up, down and up again with data in it, one migrator at a time, whole steps or none."""

from __future__ import annotations

import asyncio
import re
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from basefly.base.db import migrate
from basefly.base.db.migrate import Migration
from basefly.base.db.postmaster import Binaries
from basefly.base.settings import SettingsError
from tests.conftest import BINARIES, Urls

SLOW = Migration(
    2, "slow", "create table a (); select pg_sleep(0.6); create table b ();", "drop table b; drop table a;"
)
FIRST = Migration(1, "first", "create table first ()", "drop table first")


def schema(url: str) -> str:
    """The whole schema as pg_dump tells it, without the random key of its restricted mode."""
    pg_dump = Binaries.find(BINARIES).folder / "pg_dump"
    dumped = subprocess.run([pg_dump, "--schema-only", url], check=True, capture_output=True, text=True).stdout
    return re.sub(r"(?m)^\\(un)?restrict .*$", "", dumped)


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("select relname from pg_class where relnamespace = 'public'::regnamespace")
        return {name for (name,) in rows} - {"schema_migrations", "schema_migrations_pkey"}


async def test_up_down_up_gives_the_same_schema(blank: Urls) -> None:
    everything = await migrate.up(blank.owner)
    assert [migration.number for migration in everything] == list(range(1, len(everything) + 1)), "no number is missing"
    first = schema(blank.superuser)
    assert " FROM stdin" not in first, "the dump holds no data"
    for stop in range(len(everything) - 1, -1, -1):
        await migrate.down(blank.owner, stop)
        await migrate.up(blank.owner)
        assert schema(blank.superuser) == first, f"down to {stop} and up again changed the schema"
    await migrate.down(blank.owner, 0)
    assert tables(blank.superuser) == set()


async def test_each_way_back_restores_the_schema_before(blank: Urls) -> None:
    for migration in migrate.load():
        before = schema(blank.superuser)
        await migrate.up(blank.owner, migration.number)
        await migrate.down(blank.owner, migration.number - 1)
        if migration.number > 1:
            assert schema(blank.superuser) == before, str(migration)
        await migrate.up(blank.owner, migration.number)


async def test_data_of_older_numbers_survives(blank: Urls) -> None:
    await migrate.up(blank.owner)
    with psycopg.connect(blank.superuser, autocommit=True) as superuser:
        superuser.execute("insert into organizations (name) select 'org ' || n from generate_series(1, 100) n")
        superuser.execute(
            "insert into operations (org_id, kind, input) select id, 'a', '{\"n\": 1}' from organizations"
        )
        digest = "select md5(string_agg(o::text, ',' order by id)) from organizations o"
        before = superuser.execute(digest).fetchone()
        await migrate.down(blank.owner, 1)
        await migrate.up(blank.owner)
        assert superuser.execute(digest).fetchone() == before
        assert superuser.execute("select count(*) from operations").fetchone() == (100,)


async def test_two_migrators_at_once(blank: Urls) -> None:
    applied = await asyncio.gather(*[migrate.up(blank.owner, migrations=[FIRST, SLOW]) for _ in range(4)])
    assert sorted(len(one) for one in applied) == [0, 0, 0, 2]


async def test_killed_in_the_middle_it_is_whole_or_not_there(blank: Urls) -> None:
    running = asyncio.create_task(migrate.up(blank.owner, migrations=[FIRST, SLOW]))
    with psycopg.connect(blank.superuser, autocommit=True) as superuser:
        sleeping = "select true from pg_stat_activity where query ~ 'pg_sleep' and pid <> pg_backend_pid()"
        async with asyncio.timeout(10):
            while not superuser.execute(sleeping).fetchone():
                await asyncio.sleep(0.02)
        superuser.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where usename = 'basefly_owner' and datname = current_database()"
        )
    with pytest.raises(psycopg.OperationalError):
        await running
    assert tables(blank.superuser) == {"first"}
    assert [str(done) for done in await migrate.up(blank.owner, migrations=[FIRST, SLOW])] == ["0002_slow"]


async def test_a_statement_that_fails_leaves_nothing_of_its_number(blank: Urls) -> None:
    broken = Migration(2, "broken", "create table a (); select 1 / 0", "")
    with pytest.raises(psycopg.errors.DivisionByZero):
        await migrate.up(blank.owner, migrations=[FIRST, broken])
    assert tables(blank.superuser) == {"first"}
    status = await migrate.status(blank.owner, migrations=[FIRST, broken])
    assert (status.applied, status.pending) == ((FIRST,), (broken,))


async def test_a_long_reader_delays_it_but_is_not_stopped_by_it(blank: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", "100ms")
    await migrate.up(blank.owner, migrations=[FIRST])
    change = Migration(2, "change", "alter table first add a int", "alter table first drop a")
    with psycopg.connect(blank.superuser) as reader:
        reader.execute("select count(*) from first")
        running = asyncio.create_task(migrate.up(blank.owner, migrations=[FIRST, change]))
        await asyncio.sleep(0.5)
        assert not running.done()
        with psycopg.connect(blank.superuser, options="-c statement_timeout=5s") as another:
            another.execute("select count(*) from first")
    assert [str(done) for done in await running] == ["0002_change"]


async def test_a_lock_that_never_ends_gives_a_reason(blank: Urls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrate, "LOCK_TIMEOUT", "20ms")
    monkeypatch.setattr(migrate, "LOCK_TRIES", 2)
    await migrate.up(blank.owner, migrations=[FIRST])
    with psycopg.connect(blank.superuser) as holder:
        holder.execute("lock table first")
        with pytest.raises(SettingsError, match="pg_stat_activity"):
            await migrate.down(blank.owner, 0, migrations=[FIRST])


async def test_a_changed_or_unknown_number_is_refused(blank: Urls) -> None:
    await migrate.up(blank.owner, migrations=[FIRST, SLOW])
    changed = Migration(1, "first", "create table other ()", "drop table other")
    with pytest.raises(SettingsError, match="0001_first is not the text"):
        await migrate.status(blank.owner, migrations=[changed, SLOW])
    with pytest.raises(SettingsError, match="newer version"):
        await migrate.up(blank.owner, migrations=[FIRST])


def test_broken_folders_are_refused(tmp_path: Path) -> None:
    for names, words in {
        ("0001_a.up.sql",): "no way back",
        ("0001_a.up.sql", "0001_a.down.sql", "0001_b.up.sql", "0001_b.down.sql"): "twice",
    }.items():
        folder = tmp_path / words
        folder.mkdir()
        for name in names:
            (folder / name).write_text("select 1")
        with pytest.raises(ValueError, match=words):
            migrate.load(folder)


async def test_the_application_role_cannot_migrate(blank: Urls) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await migrate.up(blank.application)


def test_the_urls_of_this_test_differ_by_role(blank: Urls) -> None:
    assert [conninfo_to_dict(url)["user"] for url in blank] == ["postgres", "basefly_owner", "basefly_app"]
