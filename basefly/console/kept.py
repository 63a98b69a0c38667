"""Answers over a whole fleet that cost much: quick ones are read each time, slow ones renewed behind their readers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

import structlog

from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.resilience.ending import end
from basefly.base.web.language import current
from basefly.core.inventory.answers import READ

QUICK = 0.1  # s; what was read within this time is read anew
TIMES = 10  # as long as it took to read an answer is shown before it is renewed
OLDEST = 60.0  # s; older than this none is shown, however slow it is to read
AT_MOST = 100  # answers, the oldest of which goes first

T = TypeVar("T")
Read = Callable[[Tx, Principal], Awaitable[T]]

log = structlog.get_logger(__name__)


class Kept:
    """The answers of this process, by what was asked, and by language and scope of who asked."""

    def __init__(self, db: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._clock = clock
        self._held: dict[Any, tuple[float, float, Any]] = {}
        self._renewing: dict[Any, asyncio.Task[None]] = {}

    async def of(self, tx: Tx, by: Principal, read: Read[T]) -> T:
        """What `read` finds, or found a little while ago."""
        key = (read, current().language.tag, by.scope(READ))
        at, took, answer = self._held.get(key, (-OLDEST, 0.0, None))
        age = self._clock() - at
        if took <= QUICK or age > OLDEST:
            return await self._read(tx, by, key, read)
        if age > took * TIMES and key not in self._renewing:
            task = asyncio.create_task(self._renew(by, key, read), name="renew an answer")
            self._renewing[key] = task
            task.add_done_callback(lambda _: self._renewing.pop(key, None))
        return cast("T", answer)

    async def close(self) -> None:
        """Renew nothing any more."""
        await end(*self._renewing.values())

    async def _read(self, tx: Tx, by: Principal, key: Any, read: Read[T]) -> T:
        begun = self._clock()
        answer = await read(tx, by)
        self._held.pop(key, None)
        self._held[key] = (begun, self._clock() - begun, answer)
        if len(self._held) > AT_MOST:
            del self._held[next(iter(self._held))]
        return answer

    async def _renew(self, by: Principal, key: Any, read: Read[Any]) -> None:
        try:
            async with self._db.transaction(by.org_id) as tx:
                await self._read(tx, by, key, read)
        except Exception:
            log.exception("an answer could not be renewed")
