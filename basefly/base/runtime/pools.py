"""The process's connections to PostgreSQL: who asks waits behind nothing that the hub does by itself, life for none."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from basefly.base.db.pool import Database
from basefly.base.settings import Role, Settings


class Shares(NamedTuple):
    """How many connections each pool has at most: ten in all, whatever the process does."""

    people: int
    hub: int
    life: int = 1


class Pools(NamedTuple):
    """All, open: for who asks, for what happens by itself, and for what says that we live and keeps our leases.

    If that waited among the rest, a rush would cost a process its leases, and bring the next rush.
    """

    people: Database
    hub: Database
    life: Database


def shares(roles: Sequence[Role]) -> Shares:
    """Most for what the process is for. Every one is asked whether it is well, and says by itself that it lives."""
    asked, acts = {"web", "gateway"} & {*roles}, {"sync", "worker"} & {*roles}
    if asked and acts:
        return Shares(people=6, hub=3)
    return Shares(people=7, hub=2) if asked else Shares(people=2, hub=7)


@asynccontextmanager
async def opened(settings: Settings, url: str) -> AsyncIterator[Pools]:
    """Connect; raises SettingsError as Database.open does. Only who asks reads from the replica, if there is one."""
    size, slow = shares(settings.role), settings.slow_query_ms / 1000
    async with AsyncExitStack() as stack:

        async def pool(max_size: int, *, patient: bool) -> Database:
            opened = await Database.open(url, max_size=max_size, slow=slow, patient=patient)
            stack.push_async_callback(opened.close)
            return opened

        people = await pool(size.people, patient=False)
        if settings.replica_url:
            people.follow(settings.replica_url, most_lag=settings.replica_lag)
        yield Pools(people, await pool(size.hub, patient=True), await pool(size.life, patient=False))
