"""Simulated time runs faster than ours, and changes its pace without a jump."""

from __future__ import annotations

import time

from basefly.sim.clock import Clock, written


def test_simulated_seconds_pass_faster() -> None:
    clock = Clock(pace=1000)
    before = clock.seconds()
    time.sleep(0.01)
    assert clock.seconds() - before >= 10


def test_a_new_pace_does_not_make_time_jump() -> None:
    clock = Clock(pace=1000)
    time.sleep(0.01)
    before = clock.seconds()
    clock.pace = 1
    assert 0 <= clock.seconds() - before < 5


async def test_a_wait_is_shortened_by_the_pace() -> None:
    began = time.monotonic()
    await Clock(pace=1000).sleep(10)
    assert time.monotonic() - began < 5


def test_moments_are_written_in_whole_seconds_of_utc() -> None:
    assert written(1_767_225_599.9) == "2025-12-31T23:59:59Z"
