"""Trying again: only what may be, with full jitter, and never more than the budget of the target allows."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import msgspec

from basefly.base.resilience.bucket import TokenBucket

T = TypeVar("T")


class Verdict(msgspec.Struct, frozen=True):
    """What a failure means for the one who called."""

    counts: bool = False  # the target is sick: the breaker counts it
    again: bool = False  # it may go well if tried again
    throttled: bool = False  # the target asks for rest
    retry_after: float = 0.0  # seconds; 0: it named none


class Budget:
    """How much trying again one target bears: full jitter's numbers are those of the AWS SDKs.

    A retry costs tokens and returns them if it succeeds; a first try that succeeds returns one.
    """

    def __init__(self, capacity: float = 500.0, cost: float = 14.0, throttled: float = 5.0) -> None:
        self._bucket = TokenBucket(capacity, rate=0.0)
        self._cost = cost
        self._throttled = throttled

    def spend(self, verdict: Verdict) -> float | None:
        """The tokens that a retry took, or None: the budget is spent."""
        cost = self._throttled if verdict.throttled else self._cost
        return None if self._bucket.take(cost) else cost

    def succeeded(self, spent: float) -> None:
        """A call went well; `spent` is what its last retry took, 0 for a first try."""
        self._bucket.give(spent or 1.0)


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """How to try again. Times are seconds."""

    attempts: int = 3
    base: float = 0.05
    base_throttled: float = 1.0
    longest: float = 20.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    jitter: Callable[[float, float], float] = random.uniform

    async def run(
        self, call: Callable[[], Awaitable[T]], judge: Callable[[Exception], Verdict], budget: Budget, within: float
    ) -> T:
        """Call until it goes well, the failure is final, the attempts or the budget are spent, or no time is left.

        `within` is in seconds; Retry-After wins over the jitter, and a wait beyond the time left is not begun.
        """
        loop = asyncio.get_running_loop()
        ends, spent, attempt = loop.time() + within, 0.0, 1
        while True:
            try:
                answer = await call()
            except Exception as error:
                verdict = judge(error)
                wait = verdict.retry_after or self.wait(attempt, verdict)
                if not verdict.again or attempt >= self.attempts or loop.time() + wait > ends:
                    raise
                if (taken := budget.spend(verdict)) is None:
                    raise
                spent, attempt = taken, attempt + 1
                await self.sleep(wait)
            else:
                budget.succeeded(spent)
                return answer

    def wait(self, attempt: int, verdict: Verdict) -> float:
        """Full jitter: anything from nothing to a bound that doubles with every attempt."""
        base = self.base_throttled if verdict.throttled else self.base
        return self.jitter(0.0, min(self.longest, base * 2.0**attempt))
