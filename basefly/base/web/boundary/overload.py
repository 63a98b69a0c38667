"""When more is asked than can be answered some are turned away at the door, so that the others are answered in time.

How many follows from how long everybody waits just now: for the event loop, which serves all, and for a connection to
the database. What waits for a cluster counts for neither: one that hangs shuts nobody out.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from litestar.enums import ScopeType
from litestar.types import Scope, Send

from basefly.base.db.pool import Database
from basefly.base.errors import Unavailable
from basefly.base.limits import Class
from basefly.base.telemetry.lag import Lag
from basefly.base.telemetry.metrics import Counter, Gauge
from basefly.base.web.problems import MEDIA_TYPE, document
from basefly.base.web.requests import Request

BEARABLE = 1.0  # s that everybody may wait: the share is moved until it is this
EVERY = 0.1  # s between two looks at it, at least
BY_WAIT = 0.05  # of the share, for each look and each second that the wait is longer, or shorter, than bearable
BY_GROWTH = 0.2  # the same for each second by which it has grown, or shrunk, since the last look
LOOKS = 20  # in a row that one counts for, at most: nobody has come for a while
LITTLE = 0.2  # a share of which nobody is turned away while they wait half of what is bearable: it was a burst
MOST = 0.95  # who gets in tells whether it is still so
AGAIN = (2, 5)  # s after which they may try again: not all at once

_TURNED = Counter("basefly_http_turned_away", "Requests that were not begun because the hub was too busy")
_SHARE = Gauge("basefly_http_turned_away_share", "Share of the requests that are turned away just now")


class TooBusy(Unavailable):
    """It would not be answered in time, and make others wait longer; `retry_after` is in seconds."""

    code, title = "too_busy", "The hub has too much to do"

    def __init__(self, retry_after: int) -> None:
        super().__init__(
            "More is asked of the hub just now than it can answer.",
            cure=f"Try again in {retry_after} s.",
            retry_after=retry_after,
        )


class Door:
    """Turns away the share of the requests at which the others wait a bearable time.

    The share follows the wait as in PIE (RFC 8033, 4.2; a burst is let in as in 4.1), slower: a request takes longer
    than a packet.
    """

    def __init__(self, lag: Lag, db: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self.share = 0.0
        self._lag, self._db, self._clock = lag, db, clock
        self._looked, self._waited = clock(), 0.0

    async def turned_away(self, scope: Scope, send: Send) -> bool:
        """Answer a program's request here, if it is one of those that are turned away: at the cost of a tenth.

        Whoever is not known yet is let in: to sign in, or to be told to.
        """
        if scope["type"] != ScopeType.HTTP or not _is_for_programs(scope["path"]) or not _is_known(scope):
            return False
        if busy := self._turns_away():
            await _tell(busy, send)
        return busy is not None

    def admit(self, request: Request, class_: Class | None) -> None:
        """Let the request for a page in, or raise TooBusy. Signing in, health and figures are always let in."""
        if class_ in (None, "sign-in") or _is_for_programs(request.url.path):
            return
        if busy := self._turns_away():
            raise busy

    def _turns_away(self) -> TooBusy | None:
        self._look()
        if self.share < LITTLE and self._waited < BEARABLE / 2:
            return None
        if self.share <= random.random():  # noqa: S311  # whom it hits is no secret
            return None
        _TURNED.inc()
        return TooBusy(random.randint(*AGAIN))  # noqa: S311  # jitter is no secret

    def _look(self) -> None:
        looks = (self._clock() - self._looked) / EVERY
        if looks < 1.0:
            return
        waits = max(self._lag.standing, self._db.longest_wait)
        moved = BY_WAIT * (waits - BEARABLE) * min(looks, LOOKS) + BY_GROWTH * (waits - self._waited)
        self.share = min(max(0.0, self.share + moved), MOST)
        self._looked, self._waited = self._clock(), waits
        _SHARE.set(self.share)


def _is_for_programs(path: str) -> bool:
    return path.startswith("/api/v1/")


def _is_known(scope: Scope) -> bool:
    return any(name in (b"authorization", b"cookie") for name, _ in scope["headers"])


async def _tell(error: TooBusy, send: Send) -> None:
    body = document(error)
    headers = {"content-type": MEDIA_TYPE, "content-length": len(body), "retry-after": error.extra["retry_after"]}
    told = [(name.encode(), str(value).encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": error.status, "headers": told})
    await send({"type": "http.response.body", "body": body, "more_body": False})
