"""A gate with so many places, of which there may be more or fewer later: who waits is let in by rank, then in turn."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable


class Gate:
    """A semaphore whose places go to the lowest rank that waits; among equals, to who came first.

    Where there are fewer places than before, nobody has to leave: none is let in until enough have left by themselves.
    Used within one event loop.
    """

    def __init__(self, places: int) -> None:
        self._places = self._free = places
        self._order = itertools.count()
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []

    @property
    def places(self) -> int:
        return self._places

    @places.setter
    def places(self, places: int) -> None:
        self._free += places - self._places
        self._places = places
        self._admit()

    async def acquire(self, rank: int = 0) -> None:
        """Wait for a place. Whoever gives up waiting has taken none."""
        if self._free > 0:
            self._free -= 1
            return
        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._order), given))
        try:
            await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled():
                self.release()  # it came too late
            raise

    async def lend(self, seconds: float, rank: int = 0) -> Callable[[], None]:
        """Wait for a place, and have it for so long at most: what hangs keeps nobody waiting.

        Call what this returns, once or often, to give it back before.
        """
        await self.acquire(rank)
        held = [self]

        def give_back() -> None:
            ends.cancel()
            if held:
                held.pop().release()

        ends = asyncio.get_running_loop().call_later(seconds, give_back)
        return give_back

    def release(self) -> None:
        """Give a place back."""
        self._free += 1
        self._admit()

    def _admit(self) -> None:
        while self._free > 0 and self._waiting:
            given = heapq.heappop(self._waiting)[2]
            if not given.done():
                self._free -= 1
                given.set_result(None)
