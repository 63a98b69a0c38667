"""Turns at listing: so many at once over all clusters and so many of one, and none that a slow server keeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from basefly.base.resilience.gate import Gate


class Turns:
    """Bounds how many lists run at once. One that takes longer than `lent` seconds goes on without its turn.

    One of which nothing is heard has its turn for `silent` seconds only: a server that hangs keeps nobody waiting.

    What is slow costs little memory; but if it kept its turn, one slow cluster would keep all others waiting.
    """

    def __init__(self, at_once: int, *, of_one: int = 2, lent: float = 10.0, silent: float = 2.0) -> None:
        self.of_one = of_one
        self.lent, self.silent = lent, min(silent, lent)
        self._gates = [Gate(at_once)]

    def of_a_cluster(self) -> Turns:
        """The same turns, for one cluster, which may have only some of them."""
        own = Turns(self.of_one, lent=self.lent, silent=self.silent)
        own._gates += self._gates
        return own

    @asynccontextmanager
    async def turn(self, rank: int = 0) -> AsyncIterator[Callable[[], None]]:
        """Wait for a turn, and have it until the block ends or its time is over; call what it yields at an answer.

        Whoever has a lower rank goes first.
        """
        taken: list[Gate] = []

        def give_back() -> None:
            while taken:
                taken.pop().release()

        loop, ends = asyncio.get_running_loop(), list[asyncio.TimerHandle]()

        def heard() -> None:
            if taken and len(ends) == 1:
                ends[0].cancel()
                ends.append(loop.call_later(self.lent - self.silent, give_back))

        try:
            for gate in self._gates:
                await gate.acquire(rank)
                taken.append(gate)
            ends.append(loop.call_later(self.silent, give_back))
            yield heard
        finally:
            for end in ends:
                end.cancel()
            give_back()
