"""A real hub beside a simulated fleet, each in processes of its own, and how far the one has read the other."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench.fleet.members import Members
from bench.fleet.size import Size, size
from bench.report import Run
from e2e.hub import UNLIMITED, Hub

AT_ONCE = 8  # clusters that are registered side by side
LOOK_EVERY = 0.25  # s, or more where looking takes long: it takes a twentieth of one core at most
EVER = datetime(2000, 1, 1, tzinfo=UTC)
READ_WITHIN = {"S": 180.0, "M": 1350.0, "L": 2700.0}  # s until it is given up: three times what a first sync may take
_WAITING = """
select (select count(*) from clusters) * %(kinds)s
       - count(*) filter (where listed_at is not null and state = 'live' and as_of >= %(since)s)
from sync_streams"""
_ROWS = """
select c.name, o.resource, count(*) from objects o join clusters c on c.id = o.cluster_id group by 1, 2"""


class Stand:
    """A hub that knows the clusters, and the process in which they are."""

    def __init__(self, hub: Hub, members: Members, size: Size) -> None:
        self.hub, self.members, self.size = hub, members, size

    @classmethod
    @contextmanager
    def start(cls, size: Size, words: Sequence[str] = ("basefly", "up")) -> Iterator[Stand]:
        """A hub that has been set up and knows no cluster yet, and a fleet that listens; `words` as of Hub."""
        with tempfile.TemporaryDirectory(prefix="basefly-bench-") as name, Members.start(size) as members:
            hub = Hub(Path(name), words, environment=UNLIMITED)
            try:
                hub.begin()
                hub.set_up()
                yield cls(hub, members, size)
            finally:
                hub.stop()

    @classmethod
    @contextmanager
    def following(cls, options: Run) -> Iterator[Stand]:
        """The same once the hub follows the whole fleet, which it has read; SystemExit if it takes too long."""
        with cls.start(size(options)) as stand:
            stand.register()
            stand.read(seconds=READ_WITHIN[options.size])
            yield stand

    def register(self) -> None:
        """Let the hub know every cluster, through its API."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._register, *zip(*self.members.kubeconfigs.items(), strict=True)))

    def _register(self, name: str, kubeconfig: str) -> None:
        self.hub.post("/clusters", {"kubeconfig": kubeconfig, "context": name, "name": name})

    def read(self, *, seconds: float, since: datetime = EVER) -> float:
        """Wait until every kind of every cluster is followed, and has shown a sign of life `since` then.

        Returns the seconds that it took; SystemExit after `seconds`.
        """
        begun = told = time.monotonic()
        with self.database() as connection:
            looked = begun
            while waiting := self._waiting(connection, since):
                now = time.monotonic()
                if now > begun + seconds:
                    raise SystemExit(f"{waiting:,} kinds are still not followed after {seconds:.0f} s")
                if now > told + 10:
                    told = now
                    print(f"{now - begun:.0f} s: {waiting:,} kinds to read", file=sys.stderr, flush=True)
                time.sleep(max(LOOK_EVERY, 20 * (now - looked)))
                looked = time.monotonic()
        return time.monotonic() - begun

    def clusters(self) -> Sequence[Mapping[str, Any]]:
        """Every cluster as the hub's API tells of it."""
        return self.hub.every("/clusters")

    def differences(self) -> list[str]:
        """Where the inventory has not as many rows as there are objects, in words."""
        true = self.members.counts()
        with self.database() as connection:
            rows = {(cluster, resource): count for cluster, resource, count in connection.execute(_ROWS)}
        return [
            f"{cluster}: {rows.get((cluster, resource), 0)} of {true.get((cluster, resource), 0)} {resource}"
            for cluster, resource in sorted(true.keys() | rows.keys())
            if rows.get((cluster, resource), 0) != true.get((cluster, resource), 0)
        ]

    def sizes(self) -> Mapping[str, int]:
        """Bytes of the tables with all that belongs to them, partitions with their table."""
        query = """
            select coalesce(parent.relname, c.relname), sum(pg_total_relation_size(c.oid))::bigint
            from pg_class c left join pg_inherits i on i.inhrelid = c.oid
                            left join pg_class parent on parent.oid = i.inhparent
            where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace group by 1 order by 2 desc"""
        with self.database() as connection:
            return dict(connection.execute(query).fetchall())

    @contextmanager
    def database(self) -> Iterator[psycopg.Connection]:
        """As its superuser, who sees the rows of all."""
        with psycopg.connect(self.hub.database_url("postgres"), autocommit=True) as connection:
            yield connection

    def _waiting(self, connection: psycopg.Connection, since: datetime) -> int:
        row = connection.execute(_WAITING, {"kinds": self.members.kinds, "since": since}).fetchone()
        return int(row[0]) if row else 0
