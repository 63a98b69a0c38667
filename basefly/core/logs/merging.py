"""Lines of many containers in the order in which they were written, in bounded memory, as fast as they are read."""

from __future__ import annotations

import asyncio
import heapq
import re
import time
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from typing import NamedTuple

WAITING = 64 * 1024  # bytes of one container that wait for a slow reader before nothing more is read of it
FIRST = 1.5  # s in which a followed container may say its first line, while those of others wait
LIVE = 0.25  # s in which it may say a line earlier than those of others that wait
STALLED = 10.0  # s that all wait for one container, where nothing is followed
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d) ")


class Told(NamedTuple):
    """A line as it is told, when it was written (a key to sort by), and when it came (monotonic)."""

    written: str
    came: float
    line: bytes


def written(line: bytes) -> tuple[bytes, str]:
    """The moment before a line, as the cluster wrote it, and a key that sorts as time does; both empty without one."""
    found = _STAMP.match(line)
    if found is None:
        return b"", ""
    seconds, fraction, zone = (part.decode() if part else "" for part in found.groups())
    if zone != "Z":
        with suppress(ValueError, OverflowError):
            seconds = datetime.fromisoformat(seconds + zone).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return found[0][:-1], seconds + fraction  # "…00" sorts before "…00.5", and that before "…00.55"


class Tap:
    """One container's lines on their way. Whoever fills it waits while it is full."""

    def __init__(self, merge: Merge, place: int) -> None:
        self.lines: deque[Told] = deque()
        self.ended = self.told = False
        self.size = 0
        self.room = asyncio.Event()
        self.last = ""
        self.dry_since = time.monotonic()
        self._merge = merge
        self._place = place

    async def put(self, line: bytes, key: str) -> None:
        """One more line; one without a moment of its own is as old as the one before it."""
        while self.size >= WAITING:
            self.room.clear()
            await self.room.wait()
        self.last = key or self.last
        self.lines.append(Told(self.last, time.monotonic(), line))
        self.size += len(line)
        if len(self.lines) == 1:
            self._merge.offer(self._place)

    def end(self) -> None:
        """Nothing more will come."""
        self.ended = True
        self._merge.news.set()


class Merge:
    """The taps of a log, and the earliest line that waits in any of them."""

    def __init__(self, count: int, *, follow: bool) -> None:
        self.news = asyncio.Event()
        self.taps = [Tap(self, place) for place in range(count)]
        self._heads: list[tuple[str, int]] = []
        self._follow = follow

    def offer(self, place: int) -> None:
        """A tap that was empty has a line."""
        heapq.heappush(self._heads, (self.taps[place].lines[0].written, place))
        self.news.set()

    @property
    def over(self) -> bool:
        """Whether every container has ended and every line is told."""
        return not self._heads and all(tap.ended for tap in self.taps)

    async def next(self, patience: float) -> bytes:
        """The next line; nothing when patience has ended, or all has."""
        until = time.monotonic() + patience
        while not self.over:
            self.news.clear()
            now, due = time.monotonic(), self._due()
            if due <= now:
                return self._take()
            if now >= until:
                break
            with suppress(TimeoutError):
                async with asyncio.timeout(min(due, until) - now):
                    await self.news.wait()
        return b""

    def _due(self) -> float:
        """When the earliest line may be told: at once if every other container has said what comes after it."""
        if not self._heads:
            return float("inf")
        silent = [tap for tap in self.taps if not (tap.lines or tap.ended)]
        if not silent:
            return 0.0
        came = self.taps[self._heads[0][1]].lines[0].came
        return max(came + (LIVE if self._follow else 0.0), *(tap.dry_since + self._patience(tap) for tap in silent))

    def _patience(self, silent: Tap) -> float:
        """How long the others wait for this one."""
        if not self._follow:
            return STALLED
        return LIVE if silent.told else FIRST

    def _take(self) -> bytes:
        _, place = heapq.heappop(self._heads)
        tap = self.taps[place]
        line = tap.lines.popleft().line
        tap.size -= len(line)
        tap.room.set()
        tap.told = True
        if tap.lines:
            heapq.heappush(self._heads, (tap.lines[0].written, place))
        else:
            tap.dry_since = time.monotonic()
        return line
