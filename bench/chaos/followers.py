"""The processes that are killed and paused: `basefly serve --role sync`, over the database of the bench."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from basefly.core.sync.controller import LEASE

# PostgreSQL sees by the name which process writes; the shell's own number stays that of the program that replaces it.
COMMAND = 'BASEFLY_DATABASE_URL="$BASEFLY_DATABASE_URL&application_name=$$" exec "$0" -m basefly serve --role sync'
REFUSED = '"sync.write_refused"'


class Strain(msgspec.Struct, frozen=True):
    """How long a process is left in peace, and how long it is paused: seconds, from and to. Some exceed the lease."""

    peace: tuple[float, float]
    pause: tuple[float, float]


class Follower:
    """One process, started again whenever it died."""

    def __init__(self, folder: Path, url: str, name: str) -> None:
        self._environment = {
            **os.environ,
            "BASEFLY_DATA_DIR": str(folder),
            "BASEFLY_DATABASE_URL": url,
            "BASEFLY_LOG_FORMAT": "json",
            "BASEFLY_LOG_LEVEL": "warning",
        }
        self.log = folder / f"{name}.log"
        self.deeds: Counter[str] = Counter()
        self._process: subprocess.Popen[bytes] | None = None
        self._told = False  # to end

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._process is None or self._process.poll() is not None:
            with self.log.open("ab") as out:
                words = ["sh", "-c", COMMAND, sys.executable]
                self._process = subprocess.Popen(words, env=self._environment, stdout=out, stderr=out)

    def stop(self) -> None:
        """End it for good."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def suffer(self, chance: random.Random, strain: Strain) -> None:
        """One misfortune after another, until cancelled; then it runs, and is not paused."""
        try:
            while True:
                await asyncio.sleep(chance.uniform(*strain.peace))
                await self._deed(chance, strain)
        finally:
            self._signal(signal.SIGCONT)
            await asyncio.shield(asyncio.to_thread(self._settle))

    async def _deed(self, chance: random.Random, strain: Strain) -> None:
        deed = chance.choice(("kill", "pause", "pause", "leave"))
        if deed == "pause":
            seconds = chance.uniform(*strain.pause)
            self._signal(signal.SIGSTOP)
            began = time.monotonic()
            await asyncio.sleep(seconds)
            self._signal(signal.SIGCONT)
            self.deeds["overlong pauses"] += time.monotonic() - began > LEASE.total_seconds()
        else:
            self._told = True
            self._signal(signal.SIGKILL if deed == "kill" else signal.SIGTERM)
            await asyncio.to_thread(self._ended)
            await asyncio.sleep(chance.uniform(0, 3))
            self.start()
            self._told = False
        self.deeds[deed] += 1

    def _settle(self) -> None:
        """Let one that was told to end do so, and have it run."""
        if self._told:
            self._ended()
        self.start()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def _ended(self) -> None:
        assert self._process is not None, "it was started"  # for the type checker
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self.stop()


@contextmanager
def following(folder: Path, url: str, count: int) -> Iterator[Sequence[Follower]]:
    """So many processes; they end with the block."""
    followers = [Follower(folder, url, f"follower-{number}") for number in range(count)]
    try:
        for each in followers:
            each.start()
        yield followers
    finally:
        for each in followers:
            each.stop()


def refused(followers: Sequence[Follower]) -> int:
    """How many batches of an old owner the fence has refused, by what the processes said."""
    return sum(each.log.read_text(errors="replace").count(REFUSED) for each in followers)
