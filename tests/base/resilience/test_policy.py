"""Retries within their budget, bulkheads that hold, and one policy of it all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basefly.base.resilience.breaker import Breaker, CircuitOpen
from basefly.base.resilience.bulkhead import Bulkhead, Overloaded
from basefly.base.resilience.policy import Policy
from basefly.base.resilience.retry import Budget, Retry, Verdict
from tests.base.resilience.clock import Clock


class Sick(Exception):
    """The target failed."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__()
        self.verdict = verdict


DOWN = Verdict(counts=True, again=True)
FINAL = Verdict(counts=False, again=False)


def judge(error: Exception) -> Verdict:
    return error.verdict if isinstance(error, Sick) else Verdict()


class Target:
    """Answers from a script of verdicts; None is a good answer. The last goes on for ever."""

    def __init__(self, *script: Verdict | None) -> None:
        self.script = script
        self.calls = 0

    async def __call__(self) -> str:
        self.calls += 1
        verdict = self.script[min(self.calls, len(self.script)) - 1]
        if verdict is not None:
            raise Sick(verdict)
        return "well"


def retry(slept: list[float] | None = None) -> Retry:
    async def sleep(seconds: float) -> None:
        if slept is not None:
            slept.append(seconds)

    return Retry(sleep=sleep, jitter=max)


class TestRetry:
    async def test_what_passes_is_tried_again(self) -> None:
        target, slept = Target(DOWN, DOWN, None), list[float]()
        assert await retry(slept).run(target, judge, Budget(), 10) == "well"
        assert slept == pytest.approx([0.1, 0.2])

    async def test_what_is_final_is_not(self) -> None:
        target = Target(FINAL, None)
        with pytest.raises(Sick):
            await retry().run(target, judge, Budget(), 10)
        assert target.calls == 1

    async def test_three_attempts_and_no_more(self) -> None:
        target = Target(DOWN)
        with pytest.raises(Sick):
            await retry().run(target, judge, Budget(), 10)
        assert target.calls == 3

    async def test_retry_after_wins_and_a_wait_beyond_the_deadline_is_not_begun(self) -> None:
        slept: list[float] = []
        asks_for_rest = Target(Verdict(again=True, throttled=True, retry_after=7), None)
        assert await retry(slept).run(asks_for_rest, judge, Budget(), 10) == "well"
        assert slept == [7]
        patient = Target(Verdict(again=True, retry_after=11), None)
        with pytest.raises(Sick):
            await retry().run(patient, judge, Budget(), 10)
        assert patient.calls == 1

    async def test_total_failure_costs_no_more_than_the_budget(self) -> None:
        budget, target = Budget(), Target(DOWN)
        for _ in range(1000):
            with pytest.raises(Sick):
                await retry().run(target, judge, budget, 10)
        assert target.calls <= 1000 * 1.1

    @given(st.integers(1, 30), st.booleans())
    def test_full_jitter_stays_within_its_bounds(self, attempt: int, throttled: bool) -> None:
        for _ in range(20):
            wait = Retry().wait(attempt, Verdict(throttled=throttled))
            assert 0 <= wait <= min(20, (1 if throttled else 0.05) * 2**attempt)


class TestBulkhead:
    async def test_never_more_inside_than_allowed_and_everyone_gets_in(self) -> None:
        bulkhead, inside, most = Bulkhead("it", 3, queue=50), 0, 0

        async def call() -> None:
            nonlocal inside, most
            async with bulkhead.room():
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0.001)
                inside -= 1

        await asyncio.gather(*[call() for _ in range(50)])
        assert (most, inside) == (3, 0)

    async def test_when_too_many_wait_whoever_waited_longest_is_dropped(self) -> None:
        bulkhead, leave, entered = Bulkhead("it", 1, queue=2), asyncio.Event(), list[int]()

        async def call(number: int) -> None:
            async with bulkhead.room():
                entered.append(number)
                await leave.wait()

        calls = [asyncio.create_task(call(number)) for number in range(4)]
        await asyncio.sleep(0.01)
        leave.set()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert [isinstance(outcome, Overloaded) for outcome in outcomes] == [False, True, False, False]
        assert entered == [0, 2, 3]

    async def test_who_stops_waiting_loses_no_place(self) -> None:
        bulkhead = Bulkhead("it", 1)
        async with bulkhead.room():
            with pytest.raises(Overloaded):
                async with bulkhead.room(within=0.01):
                    pass
            waiting = asyncio.create_task(_pass(bulkhead))
            await asyncio.sleep(0.01)
        waiting.cancel()  # in the very moment in which it was given the place
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(1), bulkhead.room():
            pass


async def _pass(bulkhead: Bulkhead) -> None:
    async with bulkhead.room():
        pass


class TestPolicy:
    def policy(self, clock: Clock) -> Policy:
        return Policy(judge, breaker=Breaker("it", clock=clock), bulkhead=Bulkhead("it", 4), retry=retry())

    async def test_a_dead_target_is_soon_left_in_peace_and_asked_again_later(self) -> None:
        clock, target = Clock(), Target(DOWN)
        policy = self.policy(clock)
        await self._fail(policy, target, 100)
        assert target.calls <= 20
        clock.go(7)
        await self._fail(policy, target, 100)
        assert target.calls <= 22

    async def test_refusals_never_open_it(self) -> None:
        policy, target = self.policy(Clock()), Target(FINAL)
        await self._fail(policy, target, 100)
        assert target.calls == 100
        assert policy.breaker.state == "closed"

    async def test_the_deadline_covers_the_waiting_too(self) -> None:
        policy = self.policy(Clock())
        with pytest.raises(TimeoutError):
            await policy.call(_forever, again=False, within=0.02)
        assert policy.breaker.state == "closed"
        assert await policy.call(Target(None), again=False, within=1) == "well"

    async def _fail(self, policy: Policy, target: Callable[[], Awaitable[str]], times: int) -> None:
        for _ in range(times):
            with pytest.raises((Sick, CircuitOpen)):
                await policy.call(target, again=False, within=5)


async def _forever() -> str:
    await asyncio.Event().wait()
    return ""
