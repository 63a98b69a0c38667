"""Which streams of a cluster begin: a few at once, for one that waits to begin takes a tenth of one that begins."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from basefly.base.resilience.gate import Gate

AT_ONCE = 8  # of one cluster; which lists of all are read is Turns' to say
LENT = 120.0  # s: one that takes longer goes on, and the next begins; among a thousand clusters lists wait long


class Starts:
    """Turns at beginning. Used within one event loop."""

    def __init__(self, at_once: int = AT_ONCE, *, lent: float = LENT) -> None:
        self._gate, self._lent = Gate(at_once), lent

    async def turn(self, rank: int) -> Callable[[], None]:
        """Wait for a turn, the lowest rank first; call what this returns, once or often, when the stream has begun."""
        await self._gate.acquire(rank)
        held = [self._gate]

        def begun() -> None:
            ends.cancel()
            if held:
                held.pop().release()

        ends = asyncio.get_running_loop().call_later(self._lent, begun)
        return begun
