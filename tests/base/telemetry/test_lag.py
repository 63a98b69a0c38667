"""How late the event loop is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from basefly.base.telemetry.lag import EVERY, Lag
from basefly.base.telemetry.metrics import exposition
from tests.base.resilience.clock import Clock


def counted() -> float:
    """How many looks found it more than 1 s late."""
    text = exposition().decode()
    lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("basefly_event_loop_late"))
    bucket = "basefly_event_loop_late_seconds_bucket"
    return float(lines[f'{bucket}{{le="+Inf"}}']) - float(lines[f'{bucket}{{le="1.0"}}'])


async def test_what_blocks_the_loop_is_seen() -> None:
    clock, looks = Clock(), 0
    before = counted()

    async def sleep(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks > 3:
            raise asyncio.CancelledError
        clock.go(seconds + (2.0 if looks == 2 else 0.0))

    lag = Lag(clock=clock, sleep=sleep)
    with pytest.raises(asyncio.CancelledError):
        await lag.run()
    assert counted() - before == 1
    assert lag.standing == 0.0  # by the next look it was over
    assert EVERY < 1


async def test_late_all_the_time_is_what_everybody_waits() -> None:
    clock, lates = Clock(), iter((0.0, 1.0, 3.0, 2.0))
    lag = Lag(clock=clock, sleep=lambda seconds: _late(clock, seconds, lates))
    with pytest.raises(StopAsyncIteration):
        await lag.run()
    assert lag.standing == 2.0


async def _late(clock: Clock, seconds: float, lates: Iterator[float]) -> None:
    late = next(lates, None)
    if late is None:
        raise StopAsyncIteration
    clock.go(seconds + late)
