"""The bucket never gives more than its rate allows, whatever the clock does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basefly.base.resilience.bucket import TokenBucket
from tests.base.resilience.clock import Clock


@given(st.lists(st.tuples(st.floats(-5, 20), st.floats(0.1, 12)), max_size=60))
def test_it_gives_at_most_its_capacity_and_its_rate(steps: list[tuple[float, float]]) -> None:
    clock = Clock()
    bucket = TokenBucket(10, 2, clock=clock)
    latest = began = clock.now
    given_out = passed = 0.0
    for seconds, cost in steps:
        before = clock.now
        clock.go(seconds)
        passed += max(clock.now - before, 0)
        latest = max(latest, clock.now)
        wait = bucket.take(cost)
        given_out += 0 if wait else cost
        assert given_out <= 10 + 2 * passed + 1e-6
        assert 0 <= bucket.tokens <= 10
        assert wait == 0 or wait == float("inf") or cost <= 10
    assert latest >= began


def test_the_wait_that_it_names_is_enough() -> None:
    clock = Clock()
    bucket = TokenBucket(10, 2, clock=clock)
    assert bucket.take(10) == 0
    assert bucket.take(3) == pytest.approx(1.5)
    clock.go(1.5)
    assert bucket.take(3) == 0
    assert bucket.take(11) == float("inf")


def test_what_is_given_back_never_overflows() -> None:
    bucket = TokenBucket(10, 0, clock=Clock())
    bucket.give(100)
    assert bucket.tokens == 10
