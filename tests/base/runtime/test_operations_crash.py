"""A process that works on an operation is killed, or paused past its lease; another one brings it to its end."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from basefly.base.db.pool import Database
from basefly.base.runtime import operations

# Each step adds a line to a file, which is the world outside: it remembers every deed, also those without a record.
WORKER = """
import asyncio, sys
from datetime import timedelta
from basefly.base.db.changes import Changes
from basefly.base.db.pool import Database
from basefly.base.runtime.operations import Operations, Pace

url, file, pause = sys.argv[1], sys.argv[2], float(sys.argv[3])

async def work(running):
    for number in range(5):
        async def deed():
            with open(file, "a") as out:
                out.write(f"{number} {running.key(str(number))}\\n")
            return number
        await running.step(str(number), deed)
        await asyncio.sleep(pause)

async def main():
    db = await Database.open(url, max_size=3)
    pace = Pace(timedelta(seconds=1), look=timedelta(milliseconds=100))
    await Operations(db, Changes(url), {"work": work}, pace=pace).run()

asyncio.run(main())
"""


@contextmanager
def worker(url: str, deeds: Path, *, pause: float) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", WORKER, url, deeds, str(pause)], env={**os.environ})
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def read(deeds: Path) -> list[str]:
    """The steps that were done, in order."""
    return [line.split()[0] for line in deeds.read_text().splitlines()] if deeds.exists() else []


async def deeds_done(deeds: Path, count: int) -> None:
    async with asyncio.timeout(20):
        while True:
            if len(read(deeds)) >= count:
                return
            await asyncio.sleep(0.02)


async def done(db: Database, org: UUID, operation: UUID) -> operations.Operation:
    async with asyncio.timeout(20):
        while True:
            async with db.transaction(org) as tx:
                found = await operations.get(tx, operation)
            if found.state == "done":
                return found
            await asyncio.sleep(0.05)


async def order(db: Database, org: UUID) -> UUID:
    async with db.transaction(org) as tx:
        return await operations.start(tx, "work", None)


async def test_killed_between_steps(db: Database, org: UUID, database_url: str, tmp_path: Path) -> None:
    deeds = tmp_path / "deeds"
    operation = await order(db, org)
    with worker(database_url, deeds, pause=0.5) as first:
        await deeds_done(deeds, 3)
        await asyncio.sleep(0.2)  # the third step is on record, and the fourth has not begun
        first.kill()
        with worker(database_url, deeds, pause=0):
            ended = await done(db, org, operation)
    assert (ended.attempt, ended.failures) == (2, 0)  # it came forward after the first had died
    assert read(deeds) == ["0", "1", "2", "3", "4"]


async def test_paused_past_its_lease(db: Database, org: UUID, database_url: str, tmp_path: Path) -> None:
    deeds = tmp_path / "deeds"
    operation = await order(db, org)
    with worker(database_url, deeds, pause=0.5) as first:
        await deeds_done(deeds, 2)
        await asyncio.sleep(0.2)
        first.send_signal(signal.SIGSTOP)
        with worker(database_url, deeds, pause=0):
            await done(db, org, operation)
            first.send_signal(signal.SIGCONT)
            await asyncio.sleep(1)  # the first one wakes up, and finds that it may record nothing
    assert read(deeds) == ["0", "1", "2", "3", "4"]
    async with db.transaction(org) as tx:
        attempts = await tx.all(int, "select attempt from operation_steps order by name")
    assert attempts == [1, 1, 2, 2, 2]
