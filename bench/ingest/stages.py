"""`ingest --profile`: where each microsecond of a pod goes, in the sync's own process and in PostgreSQL's."""

from __future__ import annotations

import asyncio
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from basefly.base.kube import kubeconfig
from basefly.base.kube.client import Client
from basefly.base.kube.objects import Page
from basefly.core.sync import kinds
from basefly.core.sync.kind import Row
from basefly.core.sync.model import Place
from basefly.core.sync.store import merge
from basefly.core.sync.store.merge import Change, copy_line
from bench.report import Figures

TIMES = 3
PAGE = 500
SECONDARY = """
select i.relname from pg_index p join pg_class i on i.oid = p.indexrelid
where p.indrelid = 'objects_pods'::regclass and not p.indisprimary"""
SIZES = """
select relname, pg_relation_size(oid) from pg_class where oid = 'objects_pods'::regclass
union all select 'toast and maps', pg_table_size('objects_pods') - pg_relation_size('objects_pods')
union all select i.relname, pg_relation_size(i.oid) from pg_index x join pg_class i on i.oid = x.indexrelid
    where x.indrelid = 'objects_pods'::regclass
union all select t, pg_total_relation_size(t::regclass) from unnest(
    array['rollups', 'image_uses', 'sync_streams', 'app_rollups', 'event_rollups']) as t
order by 2 desc"""


def measure(path: Path, superuser_url: str, org: UUID, cluster: UUID) -> tuple[list[Figures], list[str]]:
    """The stages in the order in which a pod passes them, and what a pod takes on disk, by relation."""
    stages: list[Figures] = []
    place = Place(cluster, "pods")
    rows = asyncio.run(_client(path.read_text(), place, stages))
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("select set_config('app.org', %s, false)", [str(org)])
        sizes = _database(connection, org, [Change(place, row) for row in rows], stages)
    told = [f"{size:7.0f} bytes a pod: {name}" for name, size in sizes if size >= 1]
    return stages, [f"{sum(size for _, size in sizes):7.0f} bytes a pod on disk, of which", *told]


async def _client(text: str, place: Place, stages: list[Figures]) -> list[Row]:
    (context,) = kubeconfig.read(text)
    assert context.credentials, context.why
    client = Client(context.credentials)
    try:
        bodies = await _read(client)
        before = _cpu()
        bodies = await _read(client)
        read = _cpu() - before
    finally:
        await client.close()
    kind = kinds.by_resource("pods", "Pod")
    shape: Any = kind.shape
    decode = msgspec.json.Decoder(Page[shape]).decode
    objects = [found for body in bodies for found in decode(body).items or ()]
    stages.append(_stage("sync: network, TLS, gzip", len(objects), read))

    def stage(name: str, work: Callable[[], list[Any]]) -> list[Any]:
        spent = []
        done: list[Any] = []
        for _ in range(TIMES):
            before = _cpu()
            done = work()
            spent.append(_cpu() - before)
        stages.append(_stage(f"sync: {name}", len(objects), statistics.median(spent)))
        return done

    stage("decode", lambda: [decode(body) for body in bodies])
    stage("projection", lambda: [kind.project(one) for one in objects])
    rows = stage("projection, digest and row", lambda: [kinds.row(kind, one) for one in objects])
    stage("COPY line", lambda: [copy_line(Change(place, row)) for row in rows])
    return rows


async def _read(client: Client) -> list[bytes]:
    bodies: list[bytes] = []
    token = ""
    while not bodies or token:
        asked = {"limit": PAGE} | ({"continue": token} if token else {})
        bodies.append(await client.get_bytes("/api/v1/pods", asked))
        token = client.decode(bodies[-1], Page[msgspec.Raw]).metadata.continue_
    return bodies


def _database(
    connection: psycopg.Connection[Any], org: UUID, changes: list[Change], stages: list[Figures]
) -> list[tuple[str, float]]:
    """Returns the bytes a pod takes, by relation."""
    lines = "".join(map(copy_line, changes))
    anew = "".join(copy_line(Change(place, _changed(row))) for place, row in changes)
    names = [name for (name,) in connection.execute(SECONDARY)]

    def run(name: str, lines: str, *, keep: bool = False, bare: bool = False, indexes: bool = True) -> None:
        with connection.transaction(force_rollback=not keep):
            if bare:
                connection.execute("set local session_replication_role = replica")
            if not indexes:
                for index in names:
                    connection.execute(f"drop index {index}")
            connection.execute(merge._INCOMING)
            with _metered(connection, len(changes), "COPY") as copied, connection.cursor().copy(merge._COPY) as copy:
                copy.write(lines)
            with _metered(connection, len(changes), name) as merged:
                connection.execute(merge._MERGE, {"org": org})
            stages.extend([*copied, *merged] if name.endswith("all told") else merged)

    run("merge with indexes, keys and rollups: all told", lines, keep=True)
    connection.execute("vacuum analyze")
    sizes = [(name, size / len(changes)) for name, size in connection.execute(SIZES)]
    run("merge of the same rows again", lines)
    run("merge of rows that all changed", anew, keep=True)
    connection.execute("truncate objects, rollups, image_uses")
    run("merge of new rows into the table and its key alone", lines, bare=True, indexes=False)
    run("merge with all indexes", lines, bare=True)
    return sizes


@contextmanager
def _metered(connection: psycopg.Connection[Any], count: int, name: str) -> Iterator[list[Figures]]:
    """What the block costs the backend: its time on a processor, and the WAL that came to be meanwhile."""
    found: list[Figures] = []
    pid = connection.info.backend_pid
    wal = "select pg_current_wal_insert_lsn() - '0/0'"
    (before,) = connection.execute(wal).fetchone() or (0,)
    spent, wall = _backend(pid), time.perf_counter()
    yield found
    spent, wall = _backend(pid) - spent, time.perf_counter() - wall
    (after,) = connection.execute(wal).fetchone() or (0,)
    told = f"PostgreSQL: {name} ({(after - before) / count:,.0f} bytes of WAL a pod)"
    found.append(Figures(told, count, round(spent, 3), round(wall, 3), 0, 1))


def _changed(row: Row) -> Row:
    cells = msgspec.json.decode(row.cells) | {"restarts": 99}
    return msgspec.structs.replace(row, cells=msgspec.json.encode(cells).decode(), digest=row.digest ^ 1)


def _stage(name: str, count: int, cpu: float) -> Figures:
    return Figures(name, count, round(cpu, 3), round(cpu, 3), 0, TIMES)


def _backend(pid: int) -> float:
    """Seconds that a process has spent on a processor (schedstat of proc(5), in nanoseconds)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
