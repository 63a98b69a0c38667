"""Turns at listing: so many at once over all clusters and so many of one, and none that a slow server keeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Bounds how many lists run at once. One that takes longer than `lent` seconds goes on without its turn.

    What is slow costs little memory; but if it kept its turn, one slow cluster would keep all others waiting.
    """

    def __init__(self, at_once: int, *, of_one: int = 2, lent: float = 10.0) -> None:
        self.of_one = of_one
        self.lent = lent
        self._gates = [asyncio.Semaphore(at_once)]

    def of_a_cluster(self) -> Turns:
        """The same turns, for one cluster, which may have only some of them."""
        own = Turns(self.of_one, lent=self.lent)
        own._gates += self._gates
        return own

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and have it until the block ends or `lent` is over."""
        taken: list[asyncio.Semaphore] = []

        def give_back() -> None:
            while taken:
                taken.pop().release()

        lent = None
        try:
            for gate in self._gates:
                await gate.acquire()
                taken.append(gate)
            lent = asyncio.get_running_loop().call_later(self.lent, give_back)
            yield
        finally:
            if lent is not None:
                lent.cancel()
            give_back()
