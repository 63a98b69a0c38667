"""The same fleet twice: in one PostgreSQL, and split by cluster over several."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql

from basefly.base.db import migrate
from basefly.base.db.embedded import Embedded
from basefly.base.settings import Settings
from bench.console.fill import fill
from bench.fleet.size import Size
from bench.shards.ring import shard_of

ORG = UUID("00000000-0000-4000-8000-000000000001")
NAMES = ("first", "second")
TABLES = {"clusters": "id", "objects": "cluster_id", "sync_streams": "cluster_id"}
"""What is split, and by which column. The rollups come about by themselves, by the triggers."""
_COLUMNS = """
select attname from pg_attribute
where attrelid = %s::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum"""


class Stand(msgspec.Struct, frozen=True):
    """One server that has it all, several that share it by name, and the clusters."""

    one: Embedded
    shards: Mapping[str, Embedded]
    clusters: Sequence[UUID]


@contextmanager
def start(folder: Path, size: Size) -> Iterator[Stand]:
    """Start them and fill them with the same rows; what is in the folder already stays."""
    with ExitStack() as running:
        servers = {name: _server(folder / name, running) for name in ("one", *NAMES)}
        one = servers.pop("one")
        fill(one.app_url, one.superuser_url(), ORG, size)
        yield Stand(one, servers, _spread(one, servers))


def _server(folder: Path, running: ExitStack) -> Embedded:
    """One with the product's own schema and an organization without anything."""
    server = Embedded.start(Settings(data_dir=folder))
    running.callback(server.stop)
    asyncio.run(migrate.up(server.owner_url))
    with psycopg.connect(server.superuser_url(), autocommit=True) as connection:
        connection.execute("insert into organizations (id, name) values (%s, 'bench') on conflict do nothing", [ORG])
    return server


def _spread(one: Embedded, shards: Mapping[str, Embedded]) -> Sequence[UUID]:
    """Copy each cluster's rows to the shard that it belongs to; returns the clusters."""
    with psycopg.connect(one.superuser_url()) as source:
        clusters = [cluster for (cluster,) in source.execute("select id from clusters")]
        for name, shard in shards.items():
            ours = [cluster for cluster in clusters if shard_of(cluster, tuple(shards)) == name]
            with psycopg.connect(shard.superuser_url(), autocommit=True) as target:
                if target.execute("select 1 from clusters limit 1").fetchone():
                    continue  # of a folder that was kept
                for table, column in TABLES.items():
                    _copy(source, target, table, column, ours)
                target.execute("vacuum analyze")
                target.execute("checkpoint")
    return clusters


def _copy(
    source: psycopg.Connection, target: psycopg.Connection, table: str, column: str, clusters: Sequence[UUID]
) -> None:
    names = [sql.Identifier(name) for (name,) in source.execute(_COLUMNS, [table])]
    columns = sql.SQL(", ").join(names)
    rows = sql.SQL("copy (select {} from {} where {} = any ({})) to stdout (format binary)").format(
        columns, sql.Identifier(table), sql.Identifier(column), sql.Literal(list(clusters))
    )
    into = sql.SQL("copy {} ({}) from stdin (format binary)").format(sql.Identifier(table), columns)
    with source.cursor().copy(rows) as out, target.cursor().copy(into) as copy:
        for piece in out:
            copy.write(piece)
