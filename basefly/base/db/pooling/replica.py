"""A replica of the database: how far it has come, when it may be read, and transactions that leave it when it fails.

How far: now and then the primary is asked for its position in the log. Once the replica has replayed that position it
holds everything that was committed until the moment of asking, by our own clock, whatever those of the servers say.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
import structlog
from psycopg import errors
from psycopg.abc import QueryNoTemplate as Query

from basefly.base.db import logins
from basefly.base.db.pooling.connections import Connections
from basefly.base.db.transaction import Connection, Memory, Params, Tx, Watch
from basefly.base.errors import BaseflyError
from basefly.base.resilience.ending import end
from basefly.base.settings import SettingsError
from basefly.base.telemetry.metrics import Counter, Gauge

LOOK = 0.5  # seconds between two looks at how far it has come
PATIENCE = 1.0  # seconds that a look, or the beginning of a transaction, may take
WAIT = 0.25  # seconds that a transaction waits for a free connection before it goes to the primary
MARKS = 240  # positions that are remembered: of two minutes
# A replica that is lost in silence is noticed within seconds: whoever reads from it then waits no longer.
SESSION = {"keepalives_idle": 2, "keepalives_interval": 1, "keepalives_count": 2, "tcp_user_timeout": 3000}
_POSITION = "select pg_current_wal_lsn() - '0/0'::pg_lsn"
_REPLAYED = "select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() - '0/0'::pg_lsn end"

_LAG = Gauge("basefly_replica_lag_seconds", "How far the replica is behind; what is older than a minute is lost")
_USED = Gauge("basefly_replica_in_use", "1 while pages and lists are read from the replica")
_READS = Counter("basefly_replica_transactions", "Transactions of pages and lists, by who answered", ["by"])

log = structlog.get_logger(__name__)


class Away(Exception):
    """The replica cannot be read, and why."""


_FAILURES = (Away, BaseflyError, SettingsError, psycopg.Error, TimeoutError)


class Progress:
    """What is known of how far a replica has come: positions of the primary, and when each was asked for."""

    def __init__(self) -> None:
        self._marks: deque[tuple[float, int]] = deque(maxlen=MARKS)
        self._seen: float | None = None

    def asked(self, at: float, position: int) -> None:
        """The primary stood there, at or after this moment (seconds of a clock)."""
        self._marks.append((at, position))

    def replayed(self, position: int) -> None:
        """The replica has come as far as this."""
        while self._marks and self._marks[0][1] <= position:
            self._seen = self._marks.popleft()[0]

    def lag(self, now: float) -> float | None:
        """All that was committed so many seconds ago or earlier is there; None until anything is known."""
        return None if self._seen is None else max(0.0, now - self._seen)


class Replica:
    """The replica at `url`, followed from the moment it is opened; it may come and go."""

    def __init__(self, url: str, primary_url: str, *, most_lag: float, max_size: int) -> None:
        self.memory: Memory = {}  # what it said is older than what the primary says, and is remembered apart
        self._url = url
        self._primary_url = primary_url
        self._most_lag = most_lag
        self._max_size = max_size
        self._connections: Connections | None = None
        self._lookouts: list[Connections] = []  # to the primary and to the replica, which no reader keeps busy
        self._progress = Progress()
        self._away = "it has not been reached yet"
        self._following = asyncio.create_task(self._follow(), name="follow the replica")

    @property
    def lag(self) -> float | None:
        """Seconds that what it holds may be behind; None while it is not read: away, or too far behind."""
        lag = None if self._away else self._progress.lag(time.monotonic())
        return lag if lag is not None and lag <= self._most_lag else None

    @asynccontextmanager
    async def reading(
        self, org_id: UUID | None, primary: Callable[[], Awaitable[Connection]], watch: Watch | None
    ) -> AsyncIterator[Tx]:
        """A transaction on the replica, or, when it does not begin, one on what `primary` brings."""
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(PATIENCE):
                    connection = await stack.enter_async_context(self._open().reading(org_id))
            except _FAILURES as error:
                if isinstance(error, TimeoutError) or _of_the_replica(error.__cause__):
                    self.lose(error)
                _READS.labels("primary").inc()
                yield Tx(await primary(), org_id, self.memory, watch=watch)
                return
            _READS.labels("replica").inc()
            yield _Leaving(connection, org_id, self, primary=primary, watch=watch)

    async def close(self) -> None:
        """Follow it no longer, and close its connections."""
        await end(self._following)
        for each in (*self._lookouts, self._connections):
            if each:
                await each.close()

    def _open(self) -> Connections:
        if self._connections is None:
            raise Away("it has not been reached yet")
        return self._connections

    def lose(self, error: Exception) -> None:
        """It has failed: nothing is read from it until it answers a look."""
        if not self._away:
            log.warning("the replica is left alone until it answers again", why=f"{type(error).__name__}: {error}")
        self._away = str(error) or type(error).__name__
        _USED.set(0)

    async def _follow(self) -> None:
        while True:
            try:
                async with asyncio.timeout(PATIENCE * (1 if self._connections else 10)):
                    await self._look()
            except _FAILURES as error:
                self.lose(error)
            lag = self._progress.lag(time.monotonic())
            _LAG.set(-1 if lag is None else lag)
            _USED.set(self.lag is not None)
            await asyncio.sleep(LOOK)

    async def _look(self) -> None:
        if self._connections is None:
            self._connections = await self._connect()
        primary, replica = self._lookouts
        at = time.monotonic()
        self._progress.asked(at, int(await _number(primary, _POSITION)))
        replayed = await _number(replica, _REPLAYED)
        if replayed is None:
            raise Away("BASEFLY_REPLICA_URL leads to a server that follows none")
        self._progress.replayed(int(replayed))
        if self._away:
            log.info("pages and lists may be read from the replica")
        self._away = ""

    async def _connect(self) -> Connections:
        application = (await logins.resolve(self._url)).application
        conninfo = logins.with_options(application, "", **SESSION)
        await logins.check_application(conninfo, standby=True)
        for url in (self._primary_url, conninfo)[len(self._lookouts) :]:
            self._lookouts.append(await Connections.open(url, max_size=1, wait=PATIENCE, name="lookout"))
        return await Connections.open(conninfo, max_size=self._max_size, wait=WAIT, name="replica")


class _Leaving(Tx):
    """A transaction on the replica that goes on at the primary where the replica fails.

    Read committed sees other rows with each statement anyway: what the primary shows is later, never earlier.
    """

    def __init__(
        self,
        connection: Connection,
        org_id: UUID | None,
        replica: Replica,
        *,
        primary: Callable[[], Awaitable[Connection]],
        watch: Watch | None,
    ) -> None:
        super().__init__(connection, org_id, replica.memory, watch=watch)
        self.behind = replica.lag
        self._replica = replica
        self._primary: Callable[[], Awaitable[Connection]] | None = primary

    async def _executed(self, rows: Any, query: Query, params: Params | None) -> psycopg.AsyncCursor[Any]:
        try:
            return await super()._executed(rows, query, params)
        except BaseflyError as error:
            if self._primary is None or not _of_the_replica(error.__cause__):
                raise
            if not isinstance(error.__cause__, errors.SerializationFailure):  # it needs a row that we still read
                self._replica.lose(error)
            primary, self._primary = self._primary, None
            self.connection = await primary()
        return await super()._executed(rows, query, params)


def _of_the_replica(error: BaseException | None) -> bool:
    """Whether the primary may do better: the connection is gone, or what is replayed needs what we read."""
    return isinstance(error, psycopg.OperationalError) and not isinstance(error, errors.QueryCanceled)


async def _number(server: Connections, query: Any) -> Any:
    async with server.reading(None) as connection:
        row = await (await connection.execute(query)).fetchone()
    return row[0] if row else None
