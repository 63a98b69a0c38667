"""kill -9 of the server, of the hub, of both, at any moment: the next start goes on with all that was committed."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psycopg
import pytest

from basefly.base.db import migrate, postmaster
from basefly.base.db.embedded import Embedded
from basefly.base.db.pool import Database
from basefly.base.errors import Unavailable
from basefly.base.settings import Settings

HUB = """
import sys, time
from pathlib import Path
from basefly.base.db.embedded import Embedded
from basefly.base.settings import Settings
Embedded.start(Settings(data_dir=Path(sys.argv[1])))
print("up", flush=True)
time.sleep(600)
"""
PR_SET_CHILD_SUBREAPER = 36  # prctl(2)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def start(data_dir: Path) -> Iterator[Callable[..., Embedded]]:
    started: list[Embedded] = []

    def start(**how: object) -> Embedded:
        started.append(Embedded.start(Settings(data_dir=data_dir), **how))  # type: ignore[arg-type]  # by name
        return started[-1]

    yield start
    for embedded in started:
        embedded.stop()


@contextmanager
def hub(data_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """A hub in a process of its own."""
    process = subprocess.Popen([sys.executable, "-c", HUB, data_dir], stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def up(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert "up\n" in iter(process.stdout.readline, "")


def pid_of(data_dir: Path) -> int:
    return int((data_dir / "postgres/data/postmaster.pid").read_text().splitlines()[0])


def write(url: str, number: int) -> None:
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("create table if not exists numbers (n int)")
        owner.execute("insert into numbers values (%s)", [number])


def numbers(url: str) -> list[int]:
    with psycopg.connect(url, autocommit=True) as owner:
        return [n for (n,) in owner.execute("select n from numbers order by n")]


async def test_a_killed_server_comes_back_under_a_running_hub(start: Callable[..., Embedded], data_dir: Path) -> None:
    embedded = start()
    await migrate.up(embedded.owner_url)
    db = await Database.open(embedded.app_url)
    for number in range(3):
        await patiently(partial(_add, db, str(number)))
        os.kill(pid_of(data_dir), signal.SIGKILL)
        assert await patiently(partial(_count, db)) == number + 1
    await db.close()


async def patiently(ask: Callable[[], Awaitable[int]]) -> int:
    """Ask until the database answers."""
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(Unavailable):
                return await ask()
            await asyncio.sleep(0.1)


async def _add(db: Database, name: str) -> int:
    """Add an organization once, also when the first answer was lost."""
    missing = "not exists (select from organizations where name = %(name)s)"
    async with db.transaction() as tx:
        return await tx.execute(f"insert into organizations (name) select %(name)s where {missing}", {"name": name})


async def _count(db: Database) -> int:
    async with db.transaction() as tx:
        return int(await tx.value("select count(*) from organizations"))


def test_a_killed_hubs_server_is_taken_over_and_watched(start: Callable[..., Embedded], data_dir: Path) -> None:
    with hub(data_dir) as process:
        up(process)
    before = pid_of(data_dir)
    said: list[str] = []
    embedded = start(say=said.append)
    assert pid_of(data_dir) == before
    assert str(before) in said[0]
    write(embedded.owner_url, 1)
    os.kill(before, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            assert numbers(embedded.owner_url) == [1]
            break
        except psycopg.OperationalError:
            time.sleep(0.1)
    assert pid_of(data_dir) != before
    embedded.stop()
    assert not (data_dir / "postgres/data/postmaster.pid").exists()


def test_a_taken_over_server_is_stopped(start: Callable[..., Embedded], data_dir: Path) -> None:
    with hub(data_dir) as process:
        up(process)
    before = pid_of(data_dir)
    start().stop()
    assert not postmaster._serves(before, data_dir / "postgres/data")
    assert "database system is shut down" in (data_dir / "postgres/postgres.log").read_text().splitlines()[-1]


def test_a_server_that_died_unburied_does_not_block_the_next(start: Callable[..., Embedded], data_dir: Path) -> None:
    """Hub and server are killed, and nobody reaps the server, as in a container whose first process does not."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        with hub(data_dir) as process:
            up(process)
        before = pid_of(data_dir)
        os.kill(before, signal.SIGKILL)
        stat = Path(f"/proc/{before}/stat")
        deadline = time.monotonic() + 10
        while stat.read_text().rsplit(")", 1)[1].split()[0] != "Z":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        embedded = start()
        write(embedded.owner_url, 1)
        assert stat.exists(), "it still lies there"
        os.waitpid(before, 0)
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def test_a_stale_lock_file_with_a_strangers_number_is_dropped(start: Callable[..., Embedded], data_dir: Path) -> None:
    first = start()
    write(first.owner_url, 1)
    lock = data_dir / "postgres/data/postmaster.pid"
    old = lock.read_text().splitlines()
    first.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        lock.write_text("\n".join([str(stranger.pid), *old[1:]]) + "\n")
        assert numbers(start().owner_url) == [1]
        assert stranger.poll() is None, "and it is left alone"
        stranger.kill()


def test_recovery_may_take_its_time_and_is_told(
    start: Callable[..., Embedded], data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postmaster, "PATIENCE", 0.05)
    lazy = {"max_wal_size": "8GB", "checkpoint_timeout": "1d", "wal_compression": "off"}
    first = start(options=lazy)
    with psycopg.connect(first.owner_url, autocommit=True) as owner:
        owner.execute("create table much (n bigint primary key, t text)")
        owner.execute("insert into much select n, repeat('x', 200) from generate_series(1, 400000) n")
    first._stopping.set()  # the watcher shall not be faster than the next start
    first._watch.join()
    os.kill(pid_of(data_dir), signal.SIGKILL)
    first._postmaster._child.wait()  # type: ignore[union-attr]  # it was started, not adopted
    first._lock.close()
    said: list[str] = []
    begun = time.monotonic()
    embedded = start(say=said.append)
    took = time.monotonic() - begun
    with psycopg.connect(embedded.owner_url) as owner:
        assert owner.execute("select count(*) from much").fetchone() == (400_000,)
    assert [words for words in said if words.startswith("The database is recovering")], f"in {took} s: {said}"


def test_a_hub_killed_at_any_moment_of_its_start(start: Callable[..., Embedded], data_dir: Path) -> None:
    rng = random.Random(3)  # noqa: S311  # a seed, no secret
    written = 0
    for _ in range(8):
        with hub(data_dir):
            time.sleep(rng.uniform(0.1, 1.5))
        if rng.random() < 0.5 and (data_dir / "postgres/data/postmaster.pid").exists():
            os.kill(pid_of(data_dir), signal.SIGKILL)
        if rng.random() < 0.4:
            embedded = start()
            written += 1
            write(embedded.owner_url, written)
            embedded.stop()
    assert written > 0
    assert numbers(start().owner_url) == list(range(1, written + 1))
