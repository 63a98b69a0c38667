"""Looking names up: a name server that hangs holds up its own names, and nobody else's.

`getaddrinfo` blocks a thread, for half a minute where no name server answers, and asyncio's threads are a handful for
the whole process. Here they are apart, each name holds one at most, and names that were slow share a few of their own.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import msgspec

SLOW = 1.0  # s: a name that took longer looks up among the slow ones next time, and meanwhile its last answer serves
THREADS = 16  # for the quick ones, and as many for the slow
KEPT = 3600.0  # s that an answer may serve while a newer one is waited for
REMEMBERED = 10_000  # names

Found = list[tuple[Any, ...]]  # as getaddrinfo tells it
Look = Callable[..., Found]
Key = tuple[str, int, int]  # name, port, family


class _Known(msgspec.Struct):
    found: Found = []
    at: float = float("-inf")
    slow: bool = False


class Lookups:
    """Looks names up, each once at a time for all who ask. Used from any event loop."""

    def __init__(self, look: Look = socket.getaddrinfo, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._look, self._clock = look, clock
        self._known: dict[Key, _Known] = {}
        self._asked: dict[Key, Future[Found]] = {}
        self._lanes = {
            slow: ThreadPoolExecutor(THREADS, thread_name_prefix=f"names-{'slow' if slow else 'quick'}")
            for slow in (False, True)
        }

    async def find(self, host: str, port: int, family: int = socket.AF_UNSPEC, *, patience: float = SLOW) -> Found:
        """What getaddrinfo says of a name; after `patience` seconds what it said last. Raises OSError."""
        key = (host, port, family)
        asked = self._asked.get(key) or self._ask(key)
        known = self._known.get(key)
        waited = asyncio.shield(asyncio.wrap_future(asked))
        if known is None or self._clock() - known.at > KEPT:
            return await waited
        try:
            async with asyncio.timeout(patience):
                return await waited
        except TimeoutError:
            return known.found

    def _ask(self, key: Key) -> Future[Found]:
        known = self._known.get(key)
        self._asked[key] = asked = self._lanes[bool(known and known.slow)].submit(self._looked, key)
        asked.add_done_callback(lambda _: self._asked.pop(key, None))
        return asked

    def _looked(self, key: Key) -> Found:
        """In a thread: one assignment at a time, which no other thread makes for this name."""
        host, port, family = key
        began, known = self._clock(), self._known.get(key) or _Known()
        try:
            found = self._look(host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
            known = _Known(found, self._clock())
            return found
        finally:
            known.slow = self._clock() - began > SLOW
            self._known[key] = known
            while len(self._known) > REMEMBERED:
                self._known.pop(next(iter(self._known)), None)


LOOKUPS = Lookups()
"""Those of this process."""
