"""`query`: what fifty users wait for over a whole fleet, through the real interface, beside JSON documents in a table.

The hub runs as its application role, bound by row-level security, and follows nothing (bench/console/fill.py fills its
database), so that the figures are of reading alone. The rival (bench/query/documents.py) has the same rows in the same
PostgreSQL. Both are asked in turn, group by group; generator, hub, rival and database share the machine.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg
import uvloop

from basefly.base.db.embedded import Embedded
from basefly.base.settings import Settings
from bench.console.fill import filled, folder_of
from bench.fleet.size import SIZES, Size
from bench.query import documents, load
from bench.query.live import MOST_STREAM, QUICK_SECONDS, SECONDS, SEED, STREAMED, WARM, signed_in
from bench.query.load import LATE, REACHED, USERS, Users, Waited
from bench.query.questions import Group, groups, streams
from bench.query.tell import Asked, Queries, Side
from bench.report import Bar, Run
from e2e.hub import UNLIMITED, Hub
from e2e.plane.program import Program, free_port

QUICK = Size(10, 2, 100)
CLOSED, QUICK_CLOSED = 4.0, 1.0


def run(options: Run) -> Queries:
    """Fill, start both, ask."""
    size = QUICK if options.quick else SIZES[options.size]
    with folder_of(options.keep) as folder:
        filled(folder, size)
        postgres = Embedded.start(Settings(data_dir=folder / "data"))
        try:
            documents.fill(postgres.superuser_url())
            sizes = dict(zip(("hub", "documents"), documents.size(postgres.superuser_url()), strict=True))
            clusters = _clusters(postgres.superuser_url(), size)
        finally:
            postgres.stop()
        with _both(folder) as sides, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            asked = [runner.run(_group(sides, group, options)) for group in groups()]
            files = runner.run(_streams(sides, clusters, size, options))
            closed = QUICK_CLOSED if options.quick else CLOSED
            lists = groups()[0].questions
            busy = {name: runner.run(load.busy(users, lists, seconds=closed)) for name, users in sides.items()}
    return _judged(options, size, asked, files, busy, sizes)


def _clusters(url: str, size: Size) -> list[str]:
    """As many clusters as have STREAMED pods."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("select name from clusters where deleted_at is null order by name")
        return [str(name) for (name,) in rows][: max(1, STREAMED // size.pods)]


@contextmanager
def _both(folder: Path) -> Iterator[dict[str, Users]]:
    """The hub with fifty tokens of its owner, and its rival beside it."""
    hub = Hub(folder, ("bench.console.quiet",), environment=UNLIMITED)
    port = free_port()
    try:
        hub.begin()
        url = Embedded.running_url(Settings(data_dir=folder / "data"))
        command = [sys.executable, "-m", "bench.query.documents", url, str(port)]
        rival = Program("documents", command, log=folder / "documents.log")
        try:
            rival.start()
            rival.wait_until(lambda: _answers(port))
            nobody = [dict[str, str]()] * USERS
            yield {
                "hub": signed_in(hub),
                "documents": Users(f"http://127.0.0.1:{port}", nobody),
            }
        finally:
            rival.stop()
    finally:
        hub.stop()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/?limit=1", timeout=30).status_code == 200
    except httpx.TransportError:
        return False


async def _group(sides: dict[str, Users], group: Group, options: Run) -> Asked:
    """One group of questions to each side in turn."""
    print(group.name, file=sys.stderr, flush=True)
    seconds = QUICK_SECONDS if options.quick else SECONDS
    told = []
    for name, users in sides.items():
        for question in group.questions.values():
            await load.streamed(users, question, 0)
        await load.offered(users, group.questions, rate=group.rate, seconds=min(WARM, seconds), seed=SEED)
        waited: Waited = await load.offered(users, group.questions, rate=group.rate, seconds=seconds, seed=SEED)
        told.append(Side.of(name, waited, seconds))
    return Asked(group.name, group.rate, told, group.most[options.size])


async def _streams(
    sides: dict[str, Users], clusters: Sequence[str], size: Size, options: Run
) -> dict[str, dict[str, float]]:
    rows = len(clusters) * size.pods
    found: dict[str, dict[str, float]] = {}
    for form, path in streams(clusters).items():
        taken: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(options.rounds):
            for name, users in sides.items():
                taken[name].append(await load.streamed(users, path, rows))
        found[f"{rows:,} rows, {form}"] = {name: round(statistics.median(each), 3) for name, each in taken.items()}
    return found


def _judged(
    options: Run,
    size: Size,
    asked: Sequence[Asked],
    files: dict[str, dict[str, float]],
    busy: dict[str, float],
    sizes: dict[str, float],
) -> Queries:
    bar = [Bar.of(f"{one.group}: p99, ms", measured=one.sides[0].waits.p99, at_most=one.most) for one in asked]
    worst = max(asked, key=lambda one: one.sides[0].overtime)
    bar.append(Bar.of(f"load reached, × its time, {worst.group}", measured=worst.sides[0].overtime, at_most=REACHED))
    bar += [Bar.of(f"{name}, ms", measured=taken["hub"] * 1000, at_most=MOST_STREAM) for name, taken in files.items()]
    late = max(side.late for one in asked for side in one.sides)
    bar.append(Bar.of("lateness of the generator, ms, p99", measured=late, at_most=LATE))
    notes = [
        f"{size.clusters:,} clusters with {size.pods:,} pods each; {USERS} users, each by a token of their own",
        f"open loop: moments of a Poisson process; the generator was at most {late:.1f} ms late (p99)",
        "documents: one jsonb table with an index for every expression; no tenants, no rights, no ties, no freshness",
    ]
    return Queries(
        bench="query",
        size=options.size,
        figures=asked,
        streams=files,
        busy={name: round(rate, 1) for name, rate in busy.items()},
        bytes_a_pod={name: round(each) for name, each in sizes.items()},
        bar=bar,
        holds=all(one.holds for one in bar),
        notes=notes,
    )
