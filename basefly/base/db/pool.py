"""The hub's connections to PostgreSQL, as a role that can see one tenant at a time and nothing more."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

from basefly.base.db import logins
from basefly.base.db.pooling.connections import QUEUE, Connections
from basefly.base.db.pooling.reading import Answers, Reading, Version
from basefly.base.db.pooling.replica import Replica
from basefly.base.db.pooling.slow import Slow
from basefly.base.db.transaction import Connection, Memory, Sealer, Tx

WAIT = 5.0  # seconds that a transaction waits for a free connection before it says so
PATIENCE = 60.0  # seconds that one waits behind which nobody waits: a thousand clusters that begin at once take turns
OWN = 30.0  # seconds in which whoever has changed something reads from the primary alone
MOST_WRITERS = 10_000

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


class Database:
    """A pool of connections as the application role. Open it with `Database.open`, close it with `close`."""

    def __init__(self, primary: Connections, url: str, watch: Slow | None = None) -> None:
        self._primary = primary
        self._url = url
        self._memory: Memory = {}
        self._watch = watch
        self._wrote: dict[UUID, float] = {}
        self._answers: Answers | None = None
        self.replica: Replica | None = None
        self.sealer: Sealer | None = None  # the house's vault, for whoever seals while they write

    @classmethod
    async def open(cls, url: str, *, max_size: int = 10, slow: float = 0.0, patient: bool = False) -> Database:
        """Connect; raises SettingsError if nobody answers or the role could see past row-level security.

        `slow` is how many seconds a statement takes before it is told; 0: none is. A `patient` one lets any number
        wait, for PATIENCE seconds.
        """
        conninfo = logins.with_options(url, LIMITS, **SESSION)
        await logins.check_application(conninfo)
        wait, queue = (PATIENCE, 0) if patient else (WAIT, QUEUE)
        primary = await Connections.open(conninfo, max_size=max_size, wait=wait, queue=queue)
        return cls(primary, conninfo, Slow(conninfo, slow) if slow else None)

    def follow(self, replica_url: str, *, most_lag: float, max_size: int = 10) -> None:
        """Read pages and lists from a replica from now on, whenever it is at most so many seconds behind."""
        url = logins.with_options(replica_url, LIMITS, **SESSION)
        self.replica = Replica(url, self._url, most_lag=most_lag, max_size=max_size)

    def share(self, version: Version) -> None:
        """Answer anew only what has changed, from now on: `version` tells what topics stand at (Changes.version)."""
        self._answers = Answers(version)

    @asynccontextmanager
    async def transaction(self, org_id: UUID | None = None) -> AsyncIterator[Tx]:
        """One transaction, committed at the end, rolled back on any exception.

        With `org_id`, row-level security admits the rows of that organization; without, tables without tenant only.
        Raises Unavailable when the database does not answer or every connection stays busy.
        """
        async with self._primary.writing(org_id) as connection:
            yield Tx(connection, org_id, self._memory, sealer=self.sealer, watch=self._watch)

    @asynccontextmanager
    async def reading(self, org_id: UUID | None, *, by: UUID | None = None) -> AsyncIterator[Tx]:
        """A transaction that can write nothing, for what is shown and never for what decides.

        It is of the replica, if there is one that is fresh: then it may see a state some seconds old. `by` is whose
        own changes it must see.
        """
        replica = self.replica
        async with AsyncExitStack() as stack:

            async def primary() -> Connection:
                return await stack.enter_async_context(self._primary.reading(org_id))

            if replica is None or replica.lag is None or self._has_written(by):
                yield Reading(primary, org_id, self._memory, self._answers, sealer=self.sealer, watch=self._watch)
                return
            tx = await stack.enter_async_context(replica.reading(org_id, primary, self._watch))
            tx.sealer = self.sealer
            yield tx

    def wrote(self, by: UUID) -> None:
        """Someone is about to change something, and will want to see it."""
        self._wrote.pop(by, None)
        self._wrote[by] = time.monotonic()
        if len(self._wrote) > MOST_WRITERS:
            del self._wrote[next(iter(self._wrote))]

    async def close(self) -> None:
        """Close every connection; transactions that still run are cut off."""
        if self.replica:
            await self.replica.close()
        if self._watch:
            await self._watch.close()
        await self._primary.close()

    @property
    def longest_wait(self) -> float:
        """Seconds that whoever waits longest for a connection to the primary has waited."""
        return self._primary.longest_wait

    @property
    def load(self) -> dict[str, int]:
        """How busy the pool is: pool_size, pool_available, requests_waiting (psycopg_pool's names)."""
        return self._primary.load

    def _has_written(self, by: UUID | None) -> bool:
        return by is not None and time.monotonic() - self._wrote.get(by, -OWN) < OWN
