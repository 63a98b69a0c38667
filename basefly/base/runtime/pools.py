"""The process's connections to PostgreSQL in two pools: who asks never waits behind what the hub does by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from basefly.base.db.pool import Database
from basefly.base.settings import Role, Settings


class Shares(NamedTuple):
    """How many connections each pool has at most: ten in all, whatever the process does."""

    people: int
    hub: int


class Pools(NamedTuple):
    """Both, open: for who asks, and for what happens by itself."""

    people: Database
    hub: Database


def shares(roles: Sequence[Role]) -> Shares:
    """Most for what the process is for. Every one is asked whether it is well, and says by itself that it lives."""
    asked, acts = {"web", "gateway"} & {*roles}, {"sync", "worker"} & {*roles}
    if asked and acts:
        return Shares(people=6, hub=4)
    return Shares(people=8, hub=2) if asked else Shares(people=2, hub=8)


@asynccontextmanager
async def opened(settings: Settings, url: str) -> AsyncIterator[Pools]:
    """Connect; raises SettingsError as Database.open does. Only who asks reads from the replica, if there is one."""
    size, slow = shares(settings.role), settings.slow_query_ms / 1000
    people = await Database.open(url, max_size=size.people, slow=slow)
    try:
        hub = await Database.open(url, max_size=size.hub, slow=slow)
        try:
            if settings.replica_url:
                people.follow(settings.replica_url, most_lag=settings.replica_lag)
            yield Pools(people, hub)
        finally:
            await hub.close()
    finally:
        await people.close()
