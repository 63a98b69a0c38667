"""What fails again and again."""

from __future__ import annotations

from basefly.base.resilience.relapses import HEALTHY, Relapses
from tests.base.resilience.clock import Clock


def test_each_failure_in_a_row_rests_twice_as_long_and_no_other_does() -> None:
    clock = Clock()
    relapses = Relapses(first=5.0, last=30.0, clock=clock)
    rests = []
    for _ in range(5):
        rests.append(relapses.failed("a"))
        assert not relapses.may_begin("a")
        clock.go(rests[-1])
        assert relapses.may_begin("a")
    assert rests == [5.0, 10.0, 20.0, 30.0, 30.0]
    assert relapses.may_begin("b")


def test_a_long_healthy_life_is_a_new_beginning() -> None:
    clock = Clock()
    relapses = Relapses(clock=clock)
    relapses.failed("a")
    relapses.failed("a")
    clock.go(HEALTHY + 11.0)
    assert relapses.failed("a") == 5.0


def test_what_is_another_by_now_begins_at_once() -> None:
    relapses = Relapses(clock=Clock())
    relapses.failed("a")
    relapses.forget("a")
    assert relapses.may_begin("a")
