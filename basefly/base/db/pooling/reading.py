"""Transactions for what is shown: begun when they are needed, and not at all where the answer is still good."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

import psycopg
from psycopg.abc import QueryNoTemplate as Query

from basefly.base.db.transaction import Connection, Memory, Params, Sealer, Tx, Watch
from basefly.base.resilience.waiting import Together
from basefly.base.telemetry.metrics import Counter

_ANSWERS = Counter(
    "basefly_shared_answers",
    "Answers that may be shared: shared, read anew, or read for want of notices",
    ["how"],
)

T = TypeVar("T")
Begin = Callable[[], Awaitable[Connection]]
Version = Callable[[UUID, Sequence[str]], Hashable | None]

GOOD_FOR = 1.0  # s that an answer may be shared though nothing that is heard of has changed: time passes for ages
MOST = 64  # answers that are held, each for at most that long: a page of a thousand rows takes some megabytes


class _Held(NamedTuple):
    answer: Any
    at: float
    version: Hashable


class Answers:
    """What was just answered, for whoever asks the same with the same rights before it changes.

    `version` tells what an organization's topics stand at (Changes.version).
    """

    def __init__(self, version: Version, clock: Callable[[], float] = time.monotonic) -> None:
        self._version = version
        self._clock = clock
        self._held: dict[tuple[UUID, Hashable], _Held] = {}
        self._reading: Together[Any] = Together()  # what is read just now, by version
        self._due: Together[Any] = Together()  # what waits for a connection first

    async def get(
        self,
        org_id: UUID,
        name: Hashable,
        topics: Sequence[str],
        read: Callable[[], Awaitable[T]],
        *,
        begin: Callable[[], Awaitable[None]] | None,
    ) -> T:
        """The answer of this name, or what `read` brings. Nobody may change what they get.

        `begin` is what `read` waits for before it sees anything, a connection; None: we hold it, and so may wait for
        nobody who needs one.
        """
        version = self._version(org_id, topics)
        if version is None:
            _ANSWERS.labels("unheard").inc()
            return await read()
        key = org_id, name
        held = self._held.get(key)
        if held is not None and held.version == version and self._clock() - held.at <= GOOD_FOR:
            _ANSWERS.labels("shared").inc()
            return cast("T", held.answer)

        async def anew() -> T:
            """Read, and keep it as what it was when this began: what is heard meanwhile may have been seen, or not."""
            _ANSWERS.labels("read").inc()
            version, now = self._version(org_id, topics), self._clock()
            answer = await read()
            self._keep(key, _Held(answer, now, version))
            return answer

        if begin is None:
            return await anew()
        if self._reading.asks((*key, version)):
            return cast("T", await self._reading.ask((*key, version), anew))
        return cast("T", await self._due.ask(key, partial(self._in_turn, key, topics, begin, anew)))

    async def _in_turn(
        self,
        key: tuple[UUID, Hashable],
        topics: Sequence[str],
        begin: Callable[[], Awaitable[None]],
        anew: Callable[[], Awaitable[Any]],
    ) -> Any:
        """Once there is a connection, read, or wait for whoever reads the same; who comes later asks anew."""
        await begin()
        self._due.close(key)
        return await self._reading.ask((*key, self._version(key[0], topics)), anew)

    def _keep(self, key: tuple[UUID, Hashable], held: _Held) -> None:
        self._held.pop(key, None)
        self._held[key] = held
        self._sweep(held.at)

    def _sweep(self, now: float) -> None:
        """Let go of what is too old, the oldest first, and of what is too much."""
        for key, held in list(self._held.items()):
            if now - held.at <= GOOD_FOR and len(self._held) <= MOST:
                return
            del self._held[key]


class Reading(Tx):
    """A transaction that begins with its first statement and can write nothing."""

    def __init__(
        self,
        begin: Begin,
        org_id: UUID | None,
        memory: Memory,
        answers: Answers | None,
        *,
        sealer: Sealer | None = None,
        watch: Watch | None = None,
    ) -> None:
        super().__init__(cast("Connection", None), org_id, memory, sealer=sealer, watch=watch)
        self._begin: Begin | None = begin
        self._answers = answers

    async def shared(self, name: Hashable, read: Callable[[Tx], Awaitable[T]], *topics: str) -> T:
        if self._answers is None or self.org_id is None:
            return await read(self)
        begin = self._begun if self._begin is not None else None
        return await self._answers.get(self.org_id, name, topics, lambda: read(self), begin=begin)

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        await self._begun()
        async with super().attempt():
            yield

    async def _executed(self, rows: Any, query: Query, params: Params | None) -> psycopg.AsyncCursor[Any]:
        await self._begun()
        return await super()._executed(rows, query, params)

    async def _begun(self) -> None:
        if self._begin is not None:
            self.connection = await self._begin()
            self._begin = None
