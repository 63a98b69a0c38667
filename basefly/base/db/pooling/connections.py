"""Connections to one PostgreSQL server, each handed out inside a transaction of one tenant."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import psycopg
import psycopg_pool
from psycopg import sql

from basefly.base.db.failures import translated
from basefly.base.db.transaction import Connection, prepare

RECONNECT = 2.0  # seconds of trying, with growing pauses; then the next transaction tries anew, so no pause grows long
OPEN = 30.0  # seconds until the first connections must stand
QUEUE = 200  # transactions of people that may wait at once; of what happens by itself any number
PREPARED_FROM = 2  # times that a connection runs a statement as it comes; then it prepares it
MOST_PREPARED = 500  # statements of a connection: more than the hub has, so that none pushes another out


class Connections:
    """A pool. Open it with `Connections.open`, close it with `close`."""

    def __init__(self, pool: psycopg_pool.AsyncConnectionPool[Connection]) -> None:
        self._pool = pool
        self._waiting: dict[object, float] = {}  # since when (monotonic), the longest first

    @classmethod
    async def open(
        cls, conninfo: str, *, max_size: int, wait: float, queue: int = QUEUE, name: str = "basefly"
    ) -> Connections:
        """Connect; `wait` is how many seconds a transaction waits for a free connection before it says so.

        So many may wait at once, any number if `queue` is 0.
        """
        pool: psycopg_pool.AsyncConnectionPool[Connection] = psycopg_pool.AsyncConnectionPool(
            conninfo,
            kwargs={"autocommit": True, "prepare_threshold": PREPARED_FROM},
            min_size=min(2, max_size),
            max_size=max_size,
            timeout=wait,
            max_waiting=queue,
            reconnect_timeout=RECONNECT,
            configure=_configure,
            reset=_returned,
            open=False,
            name=name,
        )
        try:
            await pool.open(wait=True, timeout=OPEN)
        except BaseException:
            await pool.close()
            raise
        return cls(pool)

    @asynccontextmanager
    async def writing(self, org_id: UUID | None) -> AsyncIterator[Connection]:
        """A connection inside a transaction, which is committed at the end and rolled back on any exception."""
        with translated():
            connection = await self._begin(org_id, sql.SQL("begin"))
        try:
            yield connection
            with translated():
                await connection.commit()
        except BaseException:
            await _abandon(connection)
            raise
        finally:
            await self._pool.putconn(connection)

    @asynccontextmanager
    async def reading(self, org_id: UUID | None) -> AsyncIterator[Connection]:
        """A connection inside a transaction that can write nothing; a server that dies at its end is no error."""
        with translated():
            connection = await self._begin(org_id, sql.SQL("begin read only"))
        try:
            yield connection
            await _leave(connection)
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

    @property
    def longest_wait(self) -> float:
        """Seconds that whoever waits longest for a connection has waited; 0 if nobody does."""
        since = next(iter(self._waiting.values()), None)
        return 0.0 if since is None else time.monotonic() - since

    async def _waited(self) -> Connection:
        me = object()
        self._waiting[me] = time.monotonic()
        try:
            return await self._pool.getconn()
        finally:
            del self._waiting[me]

    async def _begin(self, org_id: UUID | None, begin: sql.SQL) -> Connection:
        """A connection inside a new transaction of this tenant; one that died while it lay idle is replaced."""
        tenant = sql.Literal(str(org_id or ""))
        statement = sql.SQL("{}; select set_config('app.org', {}, true)").format(begin, tenant)
        for _ in range(self._pool.max_size + 1):
            connection = await self._waited()
            try:
                await connection.execute(statement)
            except BaseException as error:
                await _abandon(connection)
                await self._pool.putconn(connection)
                if not isinstance(error, psycopg.OperationalError):
                    raise
            else:
                return connection
        raise psycopg.OperationalError("every connection of the pool is broken")


async def _configure(connection: psycopg.AsyncConnection[Any]) -> None:
    connection.prepared_max = MOST_PREPARED
    prepare(connection)


async def _returned(connection: psycopg.AsyncConnection[Any]) -> None:
    """Nothing to do, but it must be there: with it the pool takes connections back in tasks of its own.

    Without it psycopg_pool 3.3 waits for its lock in putconn, and a task cancelled there loses the connection for good.
    """


async def _leave(connection: Connection) -> None:
    """End a transaction that has written nothing, by a commit: at a rollback psycopg gives up what it has prepared."""
    try:
        await connection.commit()
    except psycopg.Error:
        await connection.close()


async def _abandon(connection: Connection) -> None:
    """Roll back; a connection whose state is unknown is closed instead, which rolls back too."""
    try:
        await connection.rollback()
    except BaseException as error:
        await connection.close()
        if not isinstance(error, psycopg.Error):
            raise
