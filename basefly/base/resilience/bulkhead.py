"""A bulkhead: one neighbour may only ever hold so many of our calls, and only so many wait for it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from basefly.base.errors import Unavailable


class Overloaded(Unavailable):
    """Too many calls wait already."""

    code, title = "overloaded", "Too many requests wait for this already"

    def __init__(self, name: str) -> None:
        super().__init__(f"Too many calls to {name} are waiting.", cure="Try again in a moment.", retry_after=1)


class Bulkhead:
    """At most `limit` at once; as many as `queue` (twice the limit) wait, then the longest waiting one is dropped.

    Who has waited longest has the least time left, and whoever came last may still be in time.
    """

    def __init__(self, name: str, limit: int, *, queue: int | None = None) -> None:
        self.name = name
        self._free = limit
        self._queue = 2 * limit if queue is None else queue
        self._waiting: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def room(self, within: float | None = None) -> AsyncIterator[None]:
        """Hold one place; raises Overloaded when dropped, or after `within` seconds of waiting."""
        await self._enter(within)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, within: float | None) -> None:
        if self._free > 0:
            self._free -= 1
            return
        if not self._queue:
            raise Overloaded(self.name)
        if len(self._waiting) >= self._queue:
            self._waiting.popleft().set_exception(Overloaded(self.name))
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(within):
                await turn
        except TimeoutError:
            self._withdraw(turn)
            raise Overloaded(self.name) from None
        except asyncio.CancelledError:
            self._withdraw(turn)
            raise

    def _withdraw(self, turn: asyncio.Future[None]) -> None:
        """Stop waiting; a place that was already given goes on to the next."""
        if turn in self._waiting:
            self._waiting.remove(turn)
        elif turn.done() and not turn.cancelled() and turn.exception() is None:
            self._leave()

    def _leave(self) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
