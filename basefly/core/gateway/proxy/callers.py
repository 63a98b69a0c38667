"""Who calls: looked up once in a short while, since one kubectl command is many requests."""

from __future__ import annotations

import hashlib
import time
from typing import NamedTuple

from basefly.base.runtime.house import House
from basefly.core.gateway import credentials
from basefly.core.gateway.credentials import Caller

KEPT = 2.0  # s; a right that is taken away works here so much longer
MOST = 2000  # remembered


class _Known(NamedTuple):
    caller: Caller
    at: float


class Callers:
    """Those of the last moments, by the hash of their secret."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._known: dict[bytes, _Known] = {}

    async def caller(self, secret: str) -> Caller:
        """Whose secret this is, with their rights as of at most KEPT seconds ago. Raises Unauthenticated."""
        key, now = hashlib.sha256(secret.encode()).digest(), time.monotonic()
        found = self._known.get(key)
        if found and now - found.at < KEPT:
            return found.caller
        self._known.pop(key, None)
        caller = await credentials.caller(self._house, secret)
        if len(self._known) >= MOST:
            self._known.clear()
        self._known[key] = _Known(caller, now)
        return caller

    async def still(self, secret: str) -> Caller:
        """The same for whoever has something open, as of now. Raises Unauthenticated."""
        return await credentials.caller(self._house, secret, begun=True)
