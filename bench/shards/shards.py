"""`shards`: lists, counts, searches and writes of one organization in one PostgreSQL, and split by cluster over two.

The answers must be the same. All servers share the machine's cores: what is measured is what asking several costs, not
what several machines gain.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

from basefly.base.db.pool import Database
from basefly.base.principal import Reach, Scope
from basefly.core.inventory.model import ObjectQuery, SearchQuery, Sort
from basefly.core.sync.store.merge import Change
from bench.console.fill import folder_of
from bench.fleet.size import Size
from bench.report import Bar, Findings, Run
from bench.shards import ring, writes
from bench.shards.gather import Gather
from bench.shards.stand import NAMES, ORG, Stand, start

SIZES = {"S": Size(60, 10, 1000), "M": Size(200, 10, 1000), "L": Size(1000, 20, 1000)}
QUICK = Size(4, 2, 50)
EVERYTHING = Scope(ORG, (Reach(None, None),))
ROUNDS, QUICK_ROUNDS = 30, 2
CHANGES, QUICK_CHANGES = 10_000, 100
MORE_COSTLY = 2.0  # times as long, on one machine
WRITES = 1.15  # times the processor
MOVED = 0.4  # of the clusters, once a third shard comes: a third of them, and chance

Question = Callable[[Gather], Awaitable[Any]]
PODS = ObjectQuery(resource="pods", clusters=None, limit=100)


def _listed(**asked: Any) -> Question:
    return lambda gather: gather.find(ObjectQuery(resource="pods", clusters=None, limit=100, **asked))


async def _second(gather: Gather) -> Any:
    """The page after the first: what it costs to go on."""
    first = await gather.find(PODS)
    return await gather.find(ObjectQuery(resource="pods", clusters=None, limit=100, cursor=first.next or ""))


QUESTIONS: Mapping[str, Question] = {
    "100 pods by name": _listed(),
    "the first and the second page": _second,
    "100 pods by age": _listed(sort=Sort("created_at")),
    "100 pods by status": _listed(sort=Sort("status")),
    "100 failing pods": _listed(healths=("bad",)),
    "100 pods of a part of a name": _listed(text="web"),
    "counts by health, status, namespace": lambda gather: gather.count_by(PODS, ("health", "status", "namespace")),
    "search": lambda gather: gather.search(SearchQuery(clusters=None, texts=("checkout",), limit=50)),
}


def run(options: Run) -> Findings:
    """Fill, ask both in turn, write to both."""
    size = QUICK if options.quick else SIZES[options.size]
    with folder_of(options.keep) as folder, start(folder, size) as stand:
        figures, differing = asyncio.run(_measured(stand, options))
    share = ring.moved([UUID(int=number) for number in range(10_000)], NAMES, [*NAMES, "third"])
    figures["part of the clusters that move to a third shard"] = share
    slowest = max(figures[f"{question}: two to one"] for question in QUESTIONS)
    written = figures["processor of PostgreSQL a changed pod, two to one"]
    bars = [
        Bar.of("answers that differ", measured=len(differing), at_most=0),
        Bar.of("slowest answer of two shards, against one", measured=slowest, at_most=MORE_COSTLY),
        Bar.of("processor of a write to two shards, against one", measured=written, at_most=WRITES),
        Bar.of("part of the clusters that move to a third shard", measured=share, at_most=MOVED),
    ]
    notes = [f"{size.clusters} clusters with {size.pods:,} pods each, all simulated; all servers on this machine"]
    return Findings.of("shards", figures, bars, [*notes, *differing])


async def _measured(stand: Stand, options: Run) -> tuple[dict[str, float], list[str]]:
    async with AsyncExitStack() as open_ones:

        async def opened(url: str) -> Database:
            db = await Database.open(url, max_size=4)
            open_ones.push_async_callback(db.close)
            return db

        one = {"one": await opened(stand.one.app_url)}
        two = {name: await opened(server.app_url) for name, server in stand.shards.items()}
        figures, differing = await _read(one, two, QUICK_ROUNDS if options.quick else ROUNDS)
        changes = writes.changed_pods(stand.one, QUICK_CHANGES if options.quick else CHANGES)
        return figures | await _written(one, two, changes), differing


async def _read(
    one: Mapping[str, Database], two: Mapping[str, Database], rounds: int
) -> tuple[dict[str, float], list[str]]:
    """Milliseconds of each question, medians of interleaved rounds; and the questions that two answer differently."""
    whole, split = Gather(list(one.values()), EVERYTHING), Gather(list(two.values()), EVERYTHING)
    figures: dict[str, float] = {}
    differing: list[str] = []
    for name, question in QUESTIONS.items():
        if await question(whole) != await question(split):
            differing.append(f"differs: {name}")
        times = [(await _timed(question, whole), await _timed(question, split)) for _ in range(rounds)]
        alone, both = (statistics.median(column) for column in zip(*times, strict=True))
        figures |= {f"{name}: one, ms": alone, f"{name}: two, ms": both, f"{name}: two to one": both / alone}
    return figures, differing


async def _timed(question: Question, gather: Gather) -> float:
    begun = time.perf_counter()
    await question(gather)
    return (time.perf_counter() - begun) * 1000


async def _written(
    one: Mapping[str, Database], two: Mapping[str, Database], changes: Sequence[Change]
) -> dict[str, float]:
    alone, both = await writes.write(one, changes), await writes.write(two, changes)
    count = len(changes)
    figures = {"changed pods": float(count)}
    for name, spent in {"one": alone, "two": both}.items():
        figures[f"changed pods a second, {name}"] = count / spent.wall
        figures[f"processor of PostgreSQL, {name}, µs a changed pod"] = spent.postgres / count * 1e6
        figures[f"processor of the writers, {name}, µs a changed pod"] = spent.client / count * 1e6
        figures[f"WAL, {name}, bytes a changed pod"] = spent.wal / count
    figures["processor of PostgreSQL a changed pod, two to one"] = both.postgres / max(alone.postgres, 0.01)
    return figures
