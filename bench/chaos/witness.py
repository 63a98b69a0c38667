"""What the database itself saw: who wrote rows of which cluster, whose it was then; and what nobody followed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import msgspec
import psycopg

from basefly.base.db.pool import Database

LOOK_EVERY = 0.1  # s

# Within a transaction that may write, the lease cannot change hands: its owner then is its owner at the commit.
WATCH = """
    create unlogged table chaos_writes (writer text, owner text, rows bigint);
    create function chaos_watch() returns trigger language plpgsql security definer set search_path = public as $$
    begin
        insert into chaos_writes
        select current_setting('application_name'), coalesce(split_part(max(l.owner), '/', 2), ''), count(*)
        from touched t left join leases l on l.name = 'sync/' || t.cluster_id group by t.cluster_id;
        return null;
    end $$;
    create trigger chaos_insert after insert on objects referencing new table as touched
        for each statement execute function chaos_watch();
    create trigger chaos_update after update on objects referencing new table as touched
        for each statement execute function chaos_watch();
    create trigger chaos_delete after delete on objects referencing old table as touched
        for each statement execute function chaos_watch();
"""


class Seen(msgspec.Struct, frozen=True):
    """Rows written by who held the cluster's lease, rows written by somebody else, and rows that are there twice."""

    owners: int
    strangers: int
    twice: int


class Gaps:
    """How long leases were free, by looking at them all the time. That of a killed process still runs for a while."""

    def __init__(self) -> None:
        self.longest = 0.0  # s
        self.looks = self.missing = 0
        self._since: dict[str, float] = {}

    @property
    def share(self) -> float:
        """Of all clusters at all looks, the share whose lease nobody held."""
        return self.missing / max(self.looks, 1)

    async def watch(self, db: Database, clusters: Sequence[UUID]) -> None:
        """Look until cancelled; a cluster counts from when it was first followed."""
        names = [f"sync/{cluster_id}" for cluster_id in clusters]
        query = "select name from leases where name = any (%s) and expires_at <= clock_timestamp()"
        while True:
            async with db.transaction() as tx:
                free = set(await tx.all(str, query, [names]))
            now = time.monotonic()
            self._since = {name: self._since.get(name, now) for name in free}
            self.longest = max([self.longest, *(now - since for since in self._since.values())])
            self.looks, self.missing = self.looks + len(names), self.missing + len(free)
            await asyncio.sleep(LOOK_EVERY)


def install(superuser_url: str) -> None:
    """Let the database note who writes."""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute(WATCH)


def seen(superuser_url: str) -> Seen:
    """What it noted."""
    query = """
        select coalesce(sum(rows) filter (where writer = owner), 0)::bigint,
               coalesce(sum(rows) filter (where writer <> owner), 0)::bigint,
               (select count(*) from (select from objects group by cluster_id, resource, namespace, name
                                      having count(*) > 1) as doubled)
        from chaos_writes"""
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None, "an aggregate has one row"  # for the type checker
    return Seen(*row)
