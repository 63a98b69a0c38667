"""How late the event loop is: one loop serves everybody, so whatever blocks it is felt by all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from basefly.base.telemetry.metrics import Histogram

EVERY = 0.1  # s between looks

_LATE = Histogram(
    "basefly_event_loop_late_seconds",
    "How much later than wanted the event loop came to a timer, ten times a second",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
)


class Lag:
    """Measures, for as long as the process lives."""

    name = "telemetry.lag"

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._late = (0.0, 0.0)  # at the last two looks

    @property
    def standing(self) -> float:
        """Seconds that the event loop is late, and was before: what came of one moment alone is over by the next."""
        return min(self._late)

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due = self._clock() + EVERY
            await self._sleep(EVERY)
            late = max(0.0, self._clock() - due)
            self._late = self._late[1], late
            _LATE.observe(late)
