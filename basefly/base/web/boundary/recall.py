"""Who asked a moment ago: a page's twenty requests, or a program's two hundred in a second, look them up once."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from litestar.types import Message, Send

from basefly.base.principal import Principal
from basefly.base.resilience.waiting import Together

if TYPE_CHECKING:
    from basefly.base.web.requests import Request

KEPT = 1.0  # s: how long what was taken away elsewhere may still be read with
AT_MOST = 10_000  # credentials
_TOLD = ("organization", "preferences")  # what authentication notes of them for the pages' shell


class _Known(NamedTuple):
    by: Principal
    told: dict[str, Any]
    at: float


class Recall:
    """What authentication found within the last second, for requests that change nothing.

    Whatever changes something through this process makes it forget everyone, before its answer goes out: what was taken
    away here counts at once, and what was taken away by another process within KEPT. `also` is done with it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, *, also: Callable[[], None] = lambda: None) -> None:
        self._clock = clock
        self._also = also
        self._known: dict[bytes, _Known] = {}
        self._forgot = 0
        self._asking: Together[_Known | None] = Together()

    async def authenticate(self, request: Request) -> Principal | None:
        """Who asks. Raises Unauthenticated."""
        if request.unsafe:
            return await request.plugs.authenticate(request)
        key, now, forgot = _key(request), self._clock(), self._forgot
        known = self._known.get(key)
        if known and now - known.at < KEPT:
            request.state.update(known.told)
            return known.by
        known = await self._asking.ask((key, forgot), lambda: _looked_up(request, now))
        if known is None:
            return None
        request.state.update(known.told)
        if forgot == self._forgot:  # else something has changed while they were looked up
            self._known.pop(key, None)
            self._known[key] = known
            if len(self._known) > AT_MOST:
                del self._known[next(iter(self._known))]
        return known.by

    def forget(self) -> None:
        """Look everyone up anew."""
        self._forgot += 1
        self._known.clear()
        self._also()

    def forgetting(self, send: Send) -> Send:
        """The same, with everyone forgotten before anything of the answer is sent."""

        async def told(message: Message) -> None:
            self.forget()
            await send(message)

        return told


async def _looked_up(request: Request, now: float) -> _Known | None:
    by = await request.plugs.authenticate(request)
    return _Known(by, {name: request.state[name] for name in _TOLD if name in request.state}, now) if by else None


def _key(request: Request) -> bytes:
    """All that a request can prove itself by, as nobody can read it."""
    proofs = [request.headers.get("authorization", ""), request.headers.get("cookie", "")]
    return hashlib.sha256("\0".join(proofs).encode("utf-8", "surrogateescape")).digest()
