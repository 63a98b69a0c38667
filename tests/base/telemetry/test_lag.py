"""How late the event loop is."""

from __future__ import annotations

import asyncio

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

    with pytest.raises(asyncio.CancelledError):
        await Lag(clock=clock, sleep=sleep).run()
    assert counted() - before == 1
    assert EVERY < 1
