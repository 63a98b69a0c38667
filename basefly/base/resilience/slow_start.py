"""Slow start: after an outage many come back at once; how many may begin grows with what goes well, as in TCP."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from basefly.base.resilience.breaker import CircuitOpen
from basefly.base.resilience.gate import Gate


class Growth(msgspec.Struct, frozen=True):
    """How many may begin at once. Times are seconds."""

    first: int = 1  # to begin with, and again after a whole window of failures, and when what stood has ended
    most: int = 16
    slow: float = 2.0  # a beginning that takes longer says that there are too many
    lent: float = 3.0  # one that takes longer goes on without its place: what hangs must not keep others waiting
    doubted: float = 1.0  # the same for whoever has not proved that it answers


class Window:
    """A limit that moves: one more for each beginning that goes well, half as many after one that was slow.

    Below the size at which trouble came last it doubles with every window that goes well; above, it grows by one for
    each (RFC 5681, slow start and congestion avoidance). Used within one event loop.
    """

    def __init__(self, growth: Growth, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._growth = growth
        self._clock = clock
        self._gate = Gate(growth.first)
        self._limit = float(growth.first)
        self._threshold = float(growth.most)
        self._failed = 0  # in a row
        self._halved = float("-inf")

    @property
    def limit(self) -> int:
        """How many may begin at once just now."""
        return int(self._limit)

    @property
    def proved(self) -> bool:
        """Whether any has begun well since the beginning, or the last outage."""
        return self.limit > self._growth.first

    @asynccontextmanager
    async def place(self, *, doubted: bool = False) -> AsyncIterator[None]:
        """Wait for a place, and hold it until the block ends or the time for which it is lent is over."""
        give_back = await self._gate.lend(self._growth.doubted if doubted else self._growth.lent)
        try:
            yield
        finally:
            give_back()

    def went_well(self, seconds: float) -> None:
        """One has begun, after so long."""
        self._failed = 0
        if seconds > self._growth.slow:
            self._halve()
        else:
            step = 1.0 if self._limit < self._threshold else 1.0 / self._limit
            self._move(min(self._limit + step, float(self._growth.most)))

    def failed(self) -> None:
        """One could not begin. Single failures mean nothing; a whole window of them is an outage."""
        self._failed += 1
        if self._failed >= self._limit:
            self._threshold = max(self._limit / 2, self._growth.first)
            self._failed = 0
            self._move(float(self._growth.first))

    def begin_anew(self) -> None:
        """What stood has ended, and nobody knows whether more can begin: the next shows it (RFC 5681, 4.1)."""
        self._threshold = max(self._threshold, self._limit)
        self._move(float(self._growth.first))

    def _halve(self) -> None:
        now = self._clock()
        if now - self._halved >= self._growth.slow:  # those that were begun together are one sign, not many
            self._halved = now
            self._threshold = max(self._limit / 2, float(self._growth.first))
            self._move(self._threshold)

    def _move(self, limit: float) -> None:
        self._limit = limit
        self._gate.places = self.limit


class Admission:
    """A place in a neighbour's own window and then in that of all: what each learns of a beginning is its own."""

    def __init__(self, own: Window, shared: Window, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.own, self.shared = own, shared
        self._clock = clock

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait until one more may begin; the block is the beginning."""
        async with self.own.place(), self.shared.place(doubted=not self.own.proved):
            began = self._clock()
            try:
                yield
            except CircuitOpen:
                raise  # it was not even tried
            except Exception:
                self.own.failed()
                self.shared.failed()
                raise
            took = self._clock() - began
            self.own.went_well(took)
            self.shared.went_well(took)
