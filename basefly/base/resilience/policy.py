"""One policy per outside system: a place in the bulkhead, then tries within the budget, each past the breaker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from typing import TypeVar

from basefly.base.resilience.breaker import Breaker, CircuitOpen
from basefly.base.resilience.bulkhead import Bulkhead
from basefly.base.resilience.retry import Budget, Retry, Verdict
from basefly.base.resilience.slow_start import Admission

T = TypeVar("T")


class Policy:
    """What stands between us and one target. `judge` says what each of its errors means.

    `admission` is for what many begin at once: streams, and whatever a returning target is asked first.
    """

    def __init__(
        self,
        judge: Callable[[Exception], Verdict],
        *,
        breaker: Breaker,
        bulkhead: Bulkhead,
        budget: Budget | None = None,
        retry: Retry | None = None,
        admission: Admission | None = None,
    ) -> None:
        self.breaker = breaker
        self.bulkhead = bulkhead
        self._judge = judge
        self._budget = budget or Budget()
        self._retry = retry or Retry()
        self.admission = admission

    async def call(self, attempt: Callable[[], Awaitable[T]], *, again: bool, within: float) -> T:
        """Run `attempt` within so many seconds, waiting included; try again only if `again` says that this is safe.

        Raises what the last attempt raised, CircuitOpen, Overloaded, or TimeoutError.
        """
        async with asyncio.timeout(within), self.bulkhead.room():
            if not again:
                return await self._once(attempt)
            return await self._retry.run(lambda: self._once(attempt), self._verdict, self._budget, within)

    @asynccontextmanager
    async def passage(self, *, proof: bool = True) -> AsyncIterator[None]:
        """One try past the breaker, without a place in the bulkhead; whether it is a `proof` as in Breaker.leave."""
        ticket = self.breaker.enter()
        failed: bool | None = None
        try:
            yield
            failed = False
        except Exception as error:
            failed = self._judge(error).counts
            raise
        finally:
            self.breaker.leave(ticket, failed=failed, proof=proof)

    @asynccontextmanager
    async def opening(self) -> AsyncIterator[None]:
        """The opening of a stream: a passage, when it is its turn. Its head is no proof: nothing may come after it."""
        self.breaker.check()  # nobody waits for a turn only to be told this
        async with self.admission.place() if self.admission else nullcontext(), self.passage(proof=False):
            yield

    async def _once(self, attempt: Callable[[], Awaitable[T]]) -> T:
        async with self.passage():
            return await attempt()

    def _verdict(self, error: Exception) -> Verdict:
        return Verdict() if isinstance(error, CircuitOpen) else self._judge(error)
