"""Simulated time: it runs `pace` times as fast as ours, while what is written into objects stays real time."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime

DAY = 86_400.0


def written(seconds: float) -> str:
    """A moment, in seconds since the epoch, as Kubernetes writes it: RFC 3339 in UTC, whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()[:-6] + "Z"


def now() -> str:
    """This moment, as Kubernetes writes it."""
    return written(time.time())


class Clock:
    """Waits grow shorter and days pass faster with the pace; timestamps do not, for others compare them with theirs."""

    def __init__(self, pace: float = 1.0) -> None:
        self._pace = pace
        self._real = self._simulated = time.time()

    @property
    def pace(self) -> float:
        """Simulated seconds in a real one."""
        return self._pace

    @pace.setter
    def pace(self, pace: float) -> None:
        self._simulated, self._real = self.seconds(), time.time()
        self._pace = pace

    def seconds(self) -> float:
        """Simulated seconds since the epoch."""
        return self._simulated + (time.time() - self._real) * self._pace

    def day(self) -> float:
        """How much of the simulated day has passed, from 0 to 1 (UTC)."""
        return self.seconds() % DAY / DAY

    async def sleep(self, seconds: float) -> None:
        """Wait for simulated seconds."""
        await asyncio.sleep(seconds / self._pace)
