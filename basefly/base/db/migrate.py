"""Brings the schema up, and back down: numbered SQL, one migrator at a time, each number whole or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
import psycopg
import structlog
from psycopg import errors

from basefly.base.db import logins
from basefly.base.settings import SettingsError

ADVISORY_LOCK = 0x62617365666C79  # "basefly"
TURN = 600.0  # seconds to wait for another migrator
LOCK_TIMEOUT = "2s"  # a migration that waits for a lock makes everybody else wait behind it
LOCK_TRIES = 15

log = structlog.get_logger(__name__)

Connection = psycopg.AsyncConnection[Any]


class Migration(msgspec.Struct, frozen=True):
    """One step of the schema and its way back."""

    number: int
    name: str
    up: str
    down: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the way up, in hex."""
        return hashlib.sha256(self.up.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.number:04}_{self.name}"


class Status(msgspec.Struct, frozen=True):
    """Which migrations the database has, and which it lacks."""

    applied: tuple[Migration, ...]
    pending: tuple[Migration, ...]


def load(folder: Traversable | None = None) -> list[Migration]:
    """Every migration of `folder` (default: basefly/migrations) by number; raises ValueError on a broken sequence."""
    folder = folder or files("basefly.migrations")
    ways: dict[str, dict[str, str]] = {"up": {}, "down": {}}
    for file in folder.iterdir():
        if file.name.endswith(".sql"):
            stem, way, _ = file.name.rsplit(".", 2)
            ways[way][stem] = file.read_text(encoding="utf-8")
    if lonely := ways["up"].keys() ^ ways["down"].keys():
        raise ValueError(f"no way up, or no way back: {', '.join(sorted(lonely))}")
    migrations = [Migration(int(stem[:4]), stem[5:], up, ways["down"][stem]) for stem, up in sorted(ways["up"].items())]
    numbers = [migration.number for migration in migrations]
    if len(set(numbers)) < len(numbers):
        raise ValueError(f"a number is taken twice: {numbers}")
    return migrations


async def up(url: str, to: int | None = None, *, migrations: Sequence[Migration] | None = None) -> list[Migration]:
    """Apply what is pending, up to number `to`; returns what was applied.

    `url` logs in as the schema's owner. Raises SettingsError if the database was made by other migrations.
    """
    known = load() if migrations is None else migrations
    async with _alone(url) as connection:
        pending = (await _compare(connection, known)).pending
        todo = [migration for migration in pending if to is None or migration.number <= to]
        for migration in todo:
            await _run(connection, migration, way="up")
    return todo


async def down(url: str, to: int, *, migrations: Sequence[Migration] | None = None) -> list[Migration]:
    """Take back every migration above number `to`, newest first, with the data that only they could hold."""
    known = load() if migrations is None else migrations
    async with _alone(url) as connection:
        applied = (await _compare(connection, known)).applied
        todo = [migration for migration in reversed(applied) if migration.number > to]
        for migration in todo:
            await _run(connection, migration, way="down")
    return todo


async def status(url: str, *, migrations: Sequence[Migration] | None = None) -> Status:
    """What the database has and lacks. Changes nothing, and needs no more than to read."""
    known = load() if migrations is None else migrations
    async with await logins.connect(url) as connection:
        return await _compare(connection, known)


@asynccontextmanager
async def _alone(url: str) -> AsyncIterator[Connection]:
    """A connection that holds the migrators' lock and knows schema_migrations. The lock dies with the connection."""
    async with await logins.connect(url) as connection:
        deadline = time.monotonic() + TURN
        while not await _value(connection, "select pg_try_advisory_lock(%s)", [ADVISORY_LOCK]):
            if time.monotonic() > deadline:
                raise SettingsError(
                    f"Another process has been migrating this database for more than {TURN:.0f} s.\n"
                    "pg_stat_activity shows it, with application_name basefly."
                )
            await asyncio.sleep(0.2)
        await logins.ensure_application(connection)
        await connection.execute(
            "create table if not exists schema_migrations (number integer primary key, name text not null,"
            " checksum text not null, applied_at timestamptz not null default now())"
        )
        await connection.execute(f"grant select on schema_migrations to {logins.APPLICATION}")
        yield connection


async def _compare(connection: Connection, known: Sequence[Migration]) -> Status:
    """Applied and pending; raises SettingsError when the database knows a migration that we do not."""
    rows: list[tuple[int, str, str]] = []
    if await _value(connection, "select to_regclass('schema_migrations')"):
        cursor = await connection.execute("select number, name, checksum from schema_migrations order by number")
        rows = await cursor.fetchall()
    ours = {migration.number: migration for migration in known}
    for number, name, checksum in rows:
        if number not in ours:
            raise SettingsError(
                f"The database has migration {number:04}_{name}, which this version of Basefly does not know.\n"
                "A newer version was here: start that one, or restore a backup from before it."
            )
        if ours[number].checksum != checksum:
            raise SettingsError(
                f"Migration {ours[number]} is not the text that this database was made with.\n"
                "Put the old text back and write a new migration; in development: go down, then up again."
            )
    applied = {number for number, _, _ in rows}
    return Status(
        applied=tuple(migration for migration in known if migration.number in applied),
        pending=tuple(migration for migration in known if migration.number not in applied),
    )


async def _run(connection: Connection, migration: Migration, *, way: str) -> None:
    """One migration in one transaction; tried again, with jitter, while somebody holds a lock that it needs."""
    for attempt in range(1, LOCK_TRIES + 1):
        try:
            async with connection.transaction():
                await connection.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'")
                await connection.execute("set local statement_timeout = 0")
                await connection.execute(migration.up if way == "up" else migration.down)
                await _note(connection, migration, way)
        except errors.LockNotAvailable as error:
            log.warning("migration waits for a lock", migration=str(migration), attempt=attempt)
            if attempt == LOCK_TRIES:
                raise SettingsError(
                    f"Migration {migration} found its tables locked {LOCK_TRIES} times and gave up; nothing changed.\n"
                    "End the long transaction (pg_stat_activity shows it), then start again."
                ) from error
            await asyncio.sleep(random.uniform(0.1, min(10, 0.5 * 2**attempt)))  # noqa: S311  # jitter is no secret
        else:
            log.info("migrated", migration=str(migration), way=way)
            return


async def _note(connection: Connection, migration: Migration, way: str) -> None:
    if way == "up":
        await connection.execute(
            "insert into schema_migrations (number, name, checksum) values (%s, %s, %s)",
            [migration.number, migration.name, migration.checksum],
        )
    else:
        await connection.execute("delete from schema_migrations where number = %s", [migration.number])


async def _value(connection: Connection, query: str, params: Sequence[Any] = ()) -> Any:
    row = await (await connection.execute(query, params)).fetchone()
    return row[0] if row else None
