"""What changed, as it commits: one LISTEN connection a process, spread over everyone who waits.

A notice carries a topic, never data, so that nothing can leak through it: who hears it reads again, in their own scope.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Hashable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg
import structlog
from psycopg import pq

from basefly.base.db import logins
from basefly.base.db.pooling.versions import Versions
from basefly.base.resilience.ending import end
from basefly.base.settings import SettingsError

RESET = "reset"  # notices may have been missed: read everything again
EVERYBODY = ""  # in place of an organization
BATCH = 0.02  # seconds that topics are gathered before they are handed over
MOST = 1000  # topics waiting for one subscriber; more are as good as a reset
PULSE = 15.0  # seconds of silence after which the connection is asked whether it lives
ANSWER = 5.0  # seconds that it may take to say so
RETRY = 5.0  # seconds between attempts to connect, at most

log = structlog.get_logger(__name__)


class Inbox:
    """The topics that one subscriber waits for; iterate over it for a set at a time. `reset` is a topic too."""

    def __init__(self, patterns: Sequence[str]) -> None:
        self._wanted = [_compile(pattern) for pattern in patterns]
        self._topics: set[str] = set()
        self._filled = asyncio.Event()

    def put(self, topic: str) -> None:
        """Keep a topic if it is wanted."""
        if topic == RESET or len(self._topics) >= MOST:
            self._topics = {RESET}
        elif RESET not in self._topics and any(pattern.fullmatch(topic) for pattern in self._wanted):
            self._topics.add(topic)
        if self._topics:
            self._filled.set()

    def __aiter__(self) -> Inbox:
        return self

    async def __anext__(self) -> set[str]:
        await self._filled.wait()
        await asyncio.sleep(BATCH)
        topics, self._topics = self._topics, set()
        self._filled.clear()
        return topics


class Changes:
    """The process's ear on the database. Opens with the first subscriber; `close` ends it."""

    def __init__(self, url: str) -> None:
        self._url = logins.with_options(url, "", keepalives_idle=10, keepalives_interval=3, keepalives_count=3)
        self._inboxes: defaultdict[str, set[Inbox]] = defaultdict(set)
        self._listening = asyncio.Event()
        self._ear: asyncio.Task[None] | None = None
        self._versions = Versions()
        self._line: pq.abc.PGconn | None = None  # on which notices come, while nothing else is asked on it

    @asynccontextmanager
    async def subscribe(self, org_id: UUID | None, patterns: Sequence[str]) -> AsyncIterator[Inbox]:
        """Hear what changes in one organization. In a pattern, `*` stands for anything within one segment.

        None is for controllers, who serve every organization: topics and patterns then begin with its id.
        Whatever commits after this has begun is heard. While the database is away it begins with a `reset` later.
        """
        inbox, whose = Inbox(patterns), str(org_id or EVERYBODY)
        self._inboxes[whose].add(inbox)
        try:
            self._open()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ANSWER):
                    await self._listening.wait()
            yield inbox
        finally:
            self._inboxes[whose].discard(inbox)
            if not self._inboxes[whose]:
                del self._inboxes[whose]

    @property
    def hears(self) -> bool:
        """Whether notices come in. While they do not, whoever counts on them must look by themselves."""
        return self._listening.is_set()

    def version(self, org_id: UUID, topics: Sequence[str]) -> Hashable | None:
        """Stays equal while none of these topics changes, as far as is heard here; None while that is not known.

        In a topic, `*` stands for anything within one segment but the first.
        """
        self._open()
        return self._versions.of(org_id, topics) if self.hears and self._heard_all() else None

    def renew(self) -> None:
        """Whatever was read before may have changed, notice or none: no version from before comes again."""
        self._versions.renew()

    async def close(self) -> None:
        """Stop listening."""
        if self._ear is not None:
            await end(self._ear)
            self._ear = None

    def _open(self) -> None:
        if self._ear is None:
            self._ear = asyncio.create_task(self._listen(), name="changes")

    async def _listen(self) -> None:
        """Listen, for ever; after each interruption everybody is told to read again."""
        missed = False
        while True:
            try:
                async with await logins.connect(self._url) as connection:
                    await connection.execute("listen basefly")
                    self._listening.set()
                    if missed:
                        self._reset()
                    await self._hear(connection)
            except (psycopg.Error, SettingsError, OSError, TimeoutError) as error:
                self._listening.clear()
                missed = True
                log.warning("the notices of change are interrupted", error=str(error))
                await asyncio.sleep(random.uniform(0.1, RETRY))  # noqa: S311  # jitter is no secret

    async def _hear(self, connection: psycopg.AsyncConnection[object]) -> None:
        self._versions.renew()
        while True:
            self._line = connection.pgconn
            try:
                async for notice in connection.notifies(timeout=PULSE):
                    self._take(notice.payload)
            finally:
                self._line = None
            async with asyncio.timeout(ANSWER):
                await connection.execute("select 1")

    def _take(self, payload: str) -> None:
        org_id, _, topic = payload.partition("/")
        self._versions.changed(org_id, topic)
        for inbox in self._inboxes.get(org_id, ()):
            inbox.put(topic)
        for inbox in self._inboxes.get(EVERYBODY, ()):
            inbox.put(payload)

    def _heard_all(self) -> bool:
        """Hear what has come while our own task waited for its turn; whether that was possible.

        Whoever was told of a change by another process asks us after that: the notice lies here then.
        """
        if self._line is None:
            return False
        try:
            self._line.consume_input()
            while notice := self._line.notifies():
                self._take(notice.extra.decode())
        except psycopg.Error:
            return False
        return True

    def _reset(self) -> None:
        for inboxes in self._inboxes.values():
            for inbox in inboxes:
                inbox.put(RESET)


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile("[^/]*".join(re.escape(part) for part in pattern.split("*")))
