"""The breaker: it opens on what it should, lets few probes through, and time is only what its clock says."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from basefly.base.resilience.breaker import Breaker, CircuitOpen, Limits, Ticket
from tests.base.resilience.clock import Clock, middle


def make(clock: Clock) -> Breaker:
    return Breaker("it", clock=clock, jitter=middle)


def state(breaker: Breaker) -> str:
    return breaker.state


def calls(breaker: Breaker, *failed: bool) -> None:
    for each in failed:
        breaker.leave(breaker.enter(), failed=each)


class TestSuspicion:
    def test_what_somebody_else_found_dead_is_not_even_tried(self) -> None:
        breaker = make(Clock())
        breaker.suspect(5)
        with pytest.raises(CircuitOpen):
            breaker.enter()
        with pytest.raises(CircuitOpen):
            breaker.check()

    def test_a_call_that_went_well_since_is_believed_rather(self) -> None:
        clock = Clock()
        breaker = make(clock)
        clock.go(60)
        calls(breaker, False)
        clock.go(3)
        breaker.suspect(4)
        assert state(breaker) == "closed"
        clock.go(3)
        breaker.suspect(6)
        assert state(breaker) == "open"

    def test_an_open_door_is_no_proof_and_does_not_close_it(self) -> None:
        clock = Clock()
        breaker = make(clock)
        breaker.leave(breaker.enter(), failed=False, proof=False)
        breaker.suspect(5)
        clock.go(31)
        for _ in range(4):
            breaker.leave(breaker.enter(), failed=False, proof=False)
        assert state(breaker) == "half_open"
        for _ in range(2):
            breaker.leave(breaker.enter(), failed=False)
        assert state(breaker) == "closed"

    def test_it_rests_no_longer_for_being_suspected_again_and_again(self) -> None:
        clock = Clock()
        breaker = make(clock)
        for _ in range(10):
            breaker.suspect(5)
            clock.go(4)
        with pytest.raises(CircuitOpen) as refused:
            breaker.check()
        assert refused.value.retry_after == pytest.approx(26)

    def test_where_nobody_suspects_it_an_open_door_is_enough(self) -> None:
        clock = Clock()
        breaker = make(clock)
        breaker.force("open")
        clock.go(6)
        for _ in range(2):
            breaker.leave(breaker.enter(), failed=False, proof=False)
        assert state(breaker) == "closed"


class TestOpening:
    def test_half_of_twenty_failures_open_it(self) -> None:
        breaker = make(Clock())
        calls(breaker, *[True, False] * 9, True)
        assert state(breaker) == "closed"
        calls(breaker, True)
        assert state(breaker) == "open"
        with pytest.raises(CircuitOpen) as caught:
            breaker.enter()
        assert caught.value.retry_after == pytest.approx(5)

    def test_few_failures_among_many_do_not(self) -> None:
        breaker = make(Clock())
        calls(breaker, *[True, False, False] * 100)
        assert state(breaker) == "closed"

    def test_failures_of_long_ago_do_not_count(self) -> None:
        clock = Clock()
        breaker = make(clock)
        calls(breaker, *[True] * 19)
        clock.go(31)
        calls(breaker, True)
        assert state(breaker) == "closed"

    def test_slow_calls_open_it_though_they_go_well(self) -> None:
        clock = Clock()
        breaker = make(clock)
        tickets = [breaker.enter() for _ in range(20)]
        clock.go(6)
        for ticket in tickets:
            breaker.leave(ticket, failed=False)
        assert state(breaker) == "open"

    def test_a_cancelled_call_counts_as_neither(self) -> None:
        breaker = make(Clock())
        for _ in range(100):
            breaker.leave(breaker.enter(), failed=None)
        calls(breaker, *[True] * 19)
        assert state(breaker) == "closed"


class TestComingBack:
    def test_two_good_probes_close_it(self) -> None:
        clock = Clock()
        breaker = make(clock)
        breaker.force("open")
        clock.go(5)
        assert state(breaker) == "half_open"
        first, second = breaker.enter(), breaker.enter()
        with pytest.raises(CircuitOpen):
            breaker.enter()
        breaker.leave(first, failed=False)
        breaker.leave(second, failed=False)
        assert state(breaker) == "closed"

    def test_one_bad_probe_opens_it_for_twice_as_long_up_to_two_minutes(self) -> None:
        clock = Clock()
        breaker = make(clock)
        breaker.force("open")
        waits = []
        for _ in range(8):
            with pytest.raises(CircuitOpen) as caught:
                breaker.enter()
            waits.append(round(caught.value.retry_after))
            clock.go(caught.value.retry_after)
            breaker.leave(breaker.enter(), failed=True)
        assert waits == [5, 10, 20, 40, 80, 120, 120, 120]

    def test_a_cancelled_probe_makes_room_for_another(self) -> None:
        clock = Clock()
        breaker = make(clock)
        breaker.force("open")
        clock.go(5)
        for _ in range(10):
            breaker.leave(breaker.enter(), failed=None)
        calls(breaker, False, False)
        assert state(breaker) == "closed"

    def test_an_answer_from_before_it_opened_decides_nothing(self) -> None:
        clock = Clock()
        breaker = make(clock)
        late = breaker.enter()
        breaker.force("open")
        clock.go(5)
        probe = breaker.enter()
        breaker.leave(late, failed=True)
        assert state(breaker) == "half_open"
        breaker.leave(probe, failed=False)
        calls(breaker, False)
        assert state(breaker) == "closed"

    def test_breakers_know_nothing_of_each_other(self) -> None:
        clock = Clock()
        sick, well = make(clock), make(clock)
        sick.force("open")
        calls(well, *[False] * 100)
        assert (sick.state, well.state) == ("open", "closed")


class Calls(RuleBasedStateMachine):
    """Any order of calls, answers, cancellations and passing time."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = make(self.clock)
        self.under_way: list[tuple[Ticket, bool]] = []
        self.refused_while_closed = 0

    @rule()
    def call(self) -> None:
        before = self.breaker.state
        try:
            ticket = self.breaker.enter()
        except CircuitOpen:
            assert before != "closed"
            return
        assert before != "open"
        self.under_way.append((ticket, before == "half_open"))

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), failed=st.sampled_from([True, False, None]))
    def answer(self, data: st.DataObject, failed: bool | None) -> None:
        ticket, _ = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        self.breaker.leave(ticket, failed=failed)

    @rule(seconds=st.sampled_from([0.1, 3.0, 5.0, 31.0, 121.0]))
    def wait(self, seconds: float) -> None:
        self.clock.go(seconds)

    @rule(number=st.integers(15, 25))
    def many_failures(self, number: int) -> None:
        for _ in range(number):
            try:
                self.breaker.leave(self.breaker.enter(), failed=True)
            except CircuitOpen:
                break

    @invariant()
    def never_more_probes_than_allowed(self) -> None:
        era = self.breaker._era
        probes = [ticket for ticket, probing in self.under_way if probing and ticket.era == era]
        if self.breaker._state == "half_open":
            assert len(probes) <= Limits().probes

    @invariant()
    def never_open_for_ever(self) -> None:
        if self.breaker._state == "open":
            assert self.breaker._until - self.clock.now <= Limits().opens_at_most * (1 + Limits().spread)


TestCalls = Calls.TestCase
TestCalls.settings = settings(max_examples=60, stateful_step_count=40)
