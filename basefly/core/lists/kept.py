"""Answers over a whole fleet that cost much: quick ones are read each time, slow ones renewed behind their readers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Concatenate, NamedTuple, ParamSpec, TypeVar

import msgspec
import structlog

from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.resilience.ending import end
from basefly.base.web import Request
from basefly.base.web.language import current
from basefly.core.inventory.answers import READ

QUICK = 0.1  # s; what was read within this time is read anew
SOON = 5  # times as soon: for what shows on many pages, as facets do, or on none that is live
TIMES = 10  # as long as it took to read an answer is shown before it is renewed
OLDEST = 30.0  # s; older than this none is shown, however slow it is to read
RECENT = 3.0  # s; the same for a part of a page that is renewed because something has changed
AT_MOST = 200  # answers, the oldest of which goes first

T = TypeVar("T")
P = ParamSpec("P")
Read = Callable[Concatenate[Tx, Principal, P], Awaitable[T]]

log = structlog.get_logger(__name__)


class Held(NamedTuple):
    """An answer, when its reading began and how long that took (seconds of the clock)."""

    answer: Any
    begun: float
    took: float


class Kept:
    """The answers of this process, by what was asked, and by language and scope of who asked."""

    def __init__(self, db: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._clock = clock
        self._held: dict[Any, Held] = {}
        self._renewing: dict[Any, asyncio.Task[None]] = {}

    async def of(
        self, tx: Tx, by: Principal, read: Read[..., T], *asked: Any, sooner: int = 1, oldest: float = OLDEST
    ) -> tuple[T, bool]:
        """What `read` finds for what was asked, or found at most `oldest` seconds ago; and whether it is such a one.

        With `sooner` it is kept already when it took that part of QUICK.

        A part of a page that shows what was kept asks again by itself (`data-every`): no notice of a change tells when
        it has been renewed.
        """
        key = (read, msgspec.msgpack.encode(asked), current().language.tag, by.scope(READ))
        held, now, quick = self._held.get(key), self._clock(), QUICK / sooner
        if held is None or held.took <= quick or now - held.begun >= oldest:
            return (await self._read(tx, by, key, asked)).answer, False
        if now - held.begun > held.took * TIMES and key not in self._renewing:
            task = asyncio.create_task(self._renew(by, key, asked), name="renew an answer")
            self._renewing[key] = task
            task.add_done_callback(lambda _: self._renewing.pop(key, None))
        return held.answer, True

    async def close(self) -> None:
        """Renew nothing any more."""
        await end(*self._renewing.values())

    async def _read(self, tx: Tx, by: Principal, key: Any, asked: tuple[Any, ...]) -> Held:
        begun = self._clock()
        held = Held(await key[0](tx, by, *asked), begun, self._clock() - begun)
        self._held.pop(key, None)
        self._held[key] = held
        if len(self._held) > AT_MOST:
            del self._held[next(iter(self._held))]
        return held

    async def _renew(self, by: Principal, key: Any, asked: tuple[Any, ...]) -> None:
        try:
            async with self._db.reading(by.org_id, by=by.user_id) as tx:
                await self._read(tx, by, key, asked)
        except Exception:
            log.exception("an answer could not be renewed")


def oldest(request: Request, part: str) -> float:
    """How old an answer may be, in seconds: less where a live part of a page is renewed than where one is opened."""
    return RECENT if request.headers.get("x-fragment") == part else OLDEST
