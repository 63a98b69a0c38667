"""The hub's connections to PostgreSQL, as a role that can see one tenant at a time and nothing more."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
import psycopg_pool
import structlog
from psycopg import sql

from basefly.base.db import logins
from basefly.base.db.failures import translated
from basefly.base.db.transaction import Connection, Memory, Sealer, Tx, prepare

WAIT = 5.0  # seconds that a transaction waits for a free connection before it says so
RECONNECT = 2.0  # seconds of trying, with growing pauses; then the next transaction tries anew, so no pause grows long
QUEUE = 200  # transactions that may wait at once

# Session defaults. A lost network is noticed in seconds; no statement or lock may hold a request for ever.
SESSION = {
    "application_name": "basefly",
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
LIMITS = (
    "-c statement_timeout=30s -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"
    " -c timezone=UTC -c default_transaction_isolation=read\\ committed"
)

log = structlog.get_logger(__name__)


class Database:
    """A pool of connections as the application role. Open it with `Database.open`, close it with `close`."""

    def __init__(self, pool: psycopg_pool.AsyncConnectionPool[Connection]) -> None:
        self._pool = pool
        self._memory: Memory = {}
        self.sealer: Sealer | None = None  # the house's vault, for whoever seals while they write

    @classmethod
    async def open(cls, url: str, *, max_size: int = 10) -> Database:
        """Connect; raises SettingsError if nobody answers or the role could see past row-level security."""
        conninfo = logins.with_options(url, LIMITS, **SESSION)
        await logins.check_application(conninfo)
        pool: psycopg_pool.AsyncConnectionPool[Connection] = psycopg_pool.AsyncConnectionPool(
            conninfo,
            kwargs={"autocommit": True},
            min_size=min(2, max_size),
            max_size=max_size,
            timeout=WAIT,
            max_waiting=QUEUE,
            reconnect_timeout=RECONNECT,
            configure=_configure,
            reset=_returned,
            open=False,
            name="basefly",
        )
        await pool.open(wait=True, timeout=30)
        return cls(pool)

    @asynccontextmanager
    async def transaction(self, org_id: UUID | None = None) -> AsyncIterator[Tx]:
        """One transaction, committed at the end, rolled back on any exception.

        With `org_id`, row-level security admits the rows of that organization; without, tables without tenant only.
        Raises Unavailable when the database does not answer or every connection stays busy.
        """
        with translated():
            connection = await self._begin(org_id)
        try:
            yield Tx(connection, org_id, self._memory, self.sealer)
            with translated():
                await connection.commit()
        except BaseException:
            await _abandon(connection)
            raise
        finally:
            await self._pool.putconn(connection)

    async def close(self) -> None:
        """Close every connection; transactions that still run are cut off."""
        await self._pool.close(timeout=2)

    @property
    def load(self) -> dict[str, int]:
        """How busy the pool is: pool_size, pool_available, requests_waiting (psycopg_pool's names)."""
        return self._pool.get_stats()

    async def _begin(self, org_id: UUID | None) -> Connection:
        """A connection inside a new transaction of this tenant; one that died while it lay idle is replaced."""
        begin = sql.SQL("begin; select set_config('app.org', {}, true)").format(sql.Literal(str(org_id or "")))
        for _ in range(self._pool.max_size + 1):
            connection = await self._pool.getconn()
            try:
                await connection.execute(begin)
            except BaseException as error:
                await _abandon(connection)
                await self._pool.putconn(connection)
                if not isinstance(error, psycopg.OperationalError):
                    raise
            else:
                return connection
        raise psycopg.OperationalError("every connection of the pool is broken")


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    prepare(connection)


async def _returned(connection: psycopg.AsyncConnection[Any]) -> None:
    """Nothing to do, but it must be there: with it the pool takes connections back in tasks of its own.

    Without it psycopg_pool 3.3 waits for its lock in putconn, and a task cancelled there loses the connection for good.
    """


async def _abandon(connection: Connection) -> None:
    """Roll back; a connection whose state is unknown is closed instead, which rolls back too."""
    try:
        await connection.rollback()
    except BaseException as error:
        await connection.close()
        if not isinstance(error, psycopg.Error):
            raise
