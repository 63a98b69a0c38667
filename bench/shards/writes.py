"""What a changed pod costs the database: the merge of the sync, two writers into one server or one into each of two."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

import msgspec
import psycopg

from basefly.base.db.embedded import Embedded
from basefly.base.db.pool import Database
from basefly.core.sync.kind import Row
from basefly.core.sync.model import Place
from basefly.core.sync.store import merge
from basefly.core.sync.store.merge import Change
from bench.fleet import usage
from bench.shards.ring import shard_of
from bench.shards.stand import ORG

WRITERS = 2
BATCH = 100  # rows a transaction: a process that hears 1,000 events a second and writes ten times a second
SICK = 5  # of as many changed pods one changes its status too
_PODS = """
select cluster_id, uid, namespace, name, resource_version, created_at::text, status, health, owner_uid, labels::text,
       (cells || '{"restarts": 7}')::text, digest + 1
from objects where resource = 'pods' order by md5(uid) limit %s"""


class Spent(msgspec.Struct, frozen=True):
    """What some writing took: seconds by the clock, seconds of processor of both sides, and bytes of WAL."""

    wall: float
    client: float
    postgres: float
    wal: int


def changed_pods(server: Embedded, count: int) -> list[Change]:
    """As many pods as a watch would tell of them: restarted once more, some of them failing."""
    with psycopg.connect(server.superuser_url()) as connection:
        rows = connection.execute(_PODS, [count]).fetchall()
    return [_change(cluster, row, sick=place % SICK == 0) for place, (cluster, *row) in enumerate(rows)]


async def write(shards: Mapping[str, Database], changes: Sequence[Change]) -> Spent:
    """Write them by WRITERS side by side, each to the server that its clusters live on."""
    before, begun, wal = usage.of_hub(os.getpid()), time.monotonic(), await _wal(shards)
    await asyncio.gather(*(_writer(shards[name], mine) for name, mine in _shared_out(changes, tuple(shards))))
    after, written = usage.of_hub(os.getpid()), await _wal(shards)
    client, postgres = (late.cpu - early.cpu for early, late in zip(before, after, strict=True))
    return Spent(time.monotonic() - begun, client, postgres, written - wal)


def _shared_out(changes: Sequence[Change], shards: Sequence[str]) -> Iterator[tuple[str, Sequence[Change]]]:
    """Each writer has clusters of its own, all of one shard."""
    per_shard = WRITERS // len(shards)
    for shard in shards:
        for number in range(per_shard):
            parts = [f"{shard} {each}" for each in range(per_shard)]
            yield (
                shard,
                [
                    change
                    for change in changes
                    if shard_of(change.place.cluster_id, shards) == shard
                    and shard_of(change.place.cluster_id, parts) == parts[number]
                ],
            )


async def _writer(db: Database, changes: Sequence[Change]) -> None:
    for begin in range(0, len(changes), BATCH):
        async with db.transaction(ORG) as tx:
            touched = await merge.upsert_objects(tx, changes[begin : begin + BATCH])
            await tx.notify(*(f"inventory/{place.cluster_id}/{place.resource}" for place in touched))


async def _wal(shards: Mapping[str, Database]) -> int:
    """Bytes of log that they have written since they were made."""
    written = 0
    for shard in shards.values():
        async with shard.transaction(ORG) as tx:
            written += int(await tx.value("select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))
    return written


def _change(cluster: UUID, values: Sequence[str], *, sick: bool) -> Change:
    row = Row(*values)  # type: ignore[arg-type]  # in the order of its fields
    row = msgspec.structs.replace(row, status="CrashLoopBackOff", health="bad") if sick else row
    return Change(Place(cluster, "pods"), row)
