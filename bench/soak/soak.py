"""`soak`: many simulated clusters that change all the time while everything goes wrong, followed by the hub's own sync.

Every cluster meets every fault in turn, in an order that the seed decides, while its objects come, change and go. In
the end all faults are taken back: how long until the inventory equals the clusters, object by object? And did what
following told on the way keep the promises of watches? Times that are long in the product (a stall, a refusal) are
shortened, and the notes say to what. The clusters live in a process of their own, as they would.
"""

from __future__ import annotations

import asyncio
import resource
import secrets
import sys
import tempfile
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import structlog
import uvloop

from basefly.base.db import lease, migrate
from basefly.base.db.embedded import Embedded
from basefly.base.db.pool import Database
from basefly.base.kube import kubeconfig
from basefly.base.kube.client import Client
from basefly.base.kube.faults import judge
from basefly.base.kube.watch import Pace, Turns
from basefly.base.resilience.breaker import Breaker, Limits
from basefly.base.resilience.bulkhead import Bulkhead
from basefly.base.resilience.deadlines import Deadlines
from basefly.base.resilience.ending import end
from basefly.base.resilience.policy import Policy
from basefly.base.settings import Settings
from basefly.core.sync.cluster import ClusterSync, Patience
from basefly.core.sync.store import streams
from basefly.core.sync.writing.writer import Writer
from basefly.sim.faults import Effect
from bench.report import Bar, Figures, Report, Run
from bench.soak import truth
from bench.soak.fleet import Ending, Load, Member, Upset, prepare
from bench.soak.recording import Place, Telling, broken, position, telling

SECONDS = 10.0  # bar: from the last fault taken back until the inventory is true
PACE = Pace(
    idle=15.0, listing_idle=6.0, listing=60.0, doubt=1.0, proof=3.0, page=15, backoff=(0.2, 3.0), healthy=20.0,
)  # fmt: skip
WATCH_LASTS = 0.2  # s for each cluster, up to twice that: some 300 watches end by themselves each second, however many
PATIENCE = Patience(longest=3.0, refused=2.0, settle=0.5, each=0.2)
DEADLINES = Deadlines(connect=2.0, tls=2.0, first_byte=4.0, idle=4.0, total=10.0)
BREAKER = Limits(opens_for=1.0, opens_at_most=3.0)  # in the product a probe closes it within 3 s
LOOK_EVERY = 0.2  # s
LONGEST = 120.0  # s until it is given up that the inventory becomes true

# Each fault needs its time, however few events there are.
SIZES: Mapping[str, Load] = {
    "S": Load(20, 60_000, least=60.0), "M": Load(50, 200_000, least=200.0), "L": Load(100, 1_000_000, least=1_000.0),
}  # fmt: skip
QUICK = Load(3, 6_000, least=15.0)


def run(options: Run) -> Report:
    """Start everything, upset everything, take it back, compare."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))  # what goes wrong here is meant to
    prepare()
    load = QUICK if options.quick else SIZES[options.size]
    with tempfile.TemporaryDirectory(prefix="basefly-soak-") as name, Upset.start(load) as upset:
        postgres = Embedded.start(Settings(data_dir=Path(name)))
        try:
            asyncio.run(migrate.up(postgres.owner_url))
            return uvloop.run(_soak(postgres.app_url, load, upset))
        finally:
            postgres.stop()


async def _soak(url: str, load: Load, upset: Upset) -> Report:
    began = time.monotonic()
    db, ours = await Database.open(url), await Database.open(url, max_size=1)  # who looks on takes nothing away
    async with AsyncExitStack() as stack:
        stack.push_async_callback(ours.close)
        stack.push_async_callback(db.close)
        told = stack.enter_context(telling())
        org_id, ids = await _registered(db, await upset.members())
        stack.push_async_callback(end, *await _followed(stack, db, ours, org_id, ids))
        say(f"{load.clusters} clusters are followed after {time.monotonic() - began:.0f} s")
        endings = await _upset(upset, load)
        true = {cluster_id: endings[member.name].true for cluster_id, member in ids.items()}
        seconds = await _equal(ours, org_id, true, {key: member.name for key, member in ids.items()})
        say(f"equal {seconds:.1f} s after the last fault")
        return _report(load, told, endings, seconds=seconds, wall=time.monotonic() - began)


async def _registered(db: Database, members: Sequence[Member]) -> tuple[UUID, dict[UUID, Member]]:
    async with db.transaction() as tx:
        org_id = UUID(str(await tx.value("insert into organizations (name) values ('soak') returning id")))
    ids: dict[UUID, Member] = {}
    async with db.transaction(org_id) as tx:
        for member in members:
            query = "insert into clusters (org_id, name) values (%s, %s) returning id"
            ids[UUID(str(await tx.value(query, [org_id, member.name])))] = member
    return org_id, ids


async def _followed(
    stack: AsyncExitStack, db: Database, ours: Database, org_id: UUID, ids: Mapping[UUID, Member]
) -> list[asyncio.Task[None]]:
    """Follow them all as the product does: one writer, a breaker and a sync for each, few lists at once.

    They begin one after the other, for the deadlines are short.
    """
    lasts = max(4, round(WATCH_LASTS * len(ids)))
    pace = msgspec.structs.replace(PACE, lists=Turns(8, lent=3.0), ends_after=(lasts, 2 * lasts))
    writer = Writer(db, org_id)
    tasks = [asyncio.create_task(writer.run(), name="writer")]
    for cluster_id, member in ids.items():
        held = await lease.acquire(db, f"sync/{cluster_id}", secrets.token_hex(4), timedelta(hours=6))
        (context,) = kubeconfig.read(member.kubeconfig)
        assert held, "the lease is taken"
        assert context.credentials, context.why
        writer.admit(cluster_id, held)
        policy = Policy(judge, breaker=Breaker(member.name, limits=BREAKER), bulkhead=Bulkhead(member.name, 16))
        client = await stack.enter_async_context(Client(context.credentials, deadlines=DEADLINES, policy=policy))
        sync = ClusterSync(db, writer, org_id=org_id, cluster_id=cluster_id, pace=pace, patience=PATIENCE)
        tasks.append(asyncio.create_task(sync.run(client), name=f"sync {member.name}"))
        await _live(ours, org_id, cluster_id)
    return tasks


async def _live(db: Database, org_id: UUID, cluster_id: UUID) -> None:
    """Wait until everything that a cluster serves is followed."""
    query = "select coalesce(bool_and(state = 'live'), false) from sync_streams where org_id = %s and cluster_id = %s"
    async with asyncio.timeout(LONGEST):
        while True:
            async with db.transaction(org_id) as tx:
                if await tx.value(query, [org_id, cluster_id]):
                    return
            await asyncio.sleep(LOOK_EVERY)


async def _upset(upset: Upset, load: Load) -> Mapping[str, Ending]:
    """Upset all clusters, and say now and then how far that has come; returns how each ended, by name."""
    began = time.monotonic()
    async for progress in upset.run():
        passed = time.monotonic() - began
        say(f"{passed:5.0f} s  {progress.events:,} of {load.events:,} events, {progress.struck:,} strikes of faults")
    return await upset.endings()


async def _equal(
    db: Database, org_id: UUID, true: Mapping[UUID, Mapping[truth.Key, truth.Held]], names: Mapping[UUID, str]
) -> float:
    """Seconds until the inventory equals all clusters, object by object, or LONGEST if it never does."""
    began, late = time.monotonic(), False
    open_: dict[UUID, list[str]] = {cluster_id: [] for cluster_id in true}
    while open_ and (passed := time.monotonic() - began) < LONGEST:
        for cluster_id in list(open_):
            open_[cluster_id] = truth.differences(await truth.inventory(db, org_id, cluster_id), true[cluster_id])
            if not open_[cluster_id]:
                del open_[cluster_id]
        if passed > SECONDS and not late:
            late = True
            await _lament(db, org_id, {names[cluster_id]: (cluster_id, found) for cluster_id, found in open_.items()})
        await asyncio.sleep(LOOK_EVERY)
    await _lament(db, org_id, {names[cluster_id]: (cluster_id, found) for cluster_id, found in open_.items()})
    return LONGEST if open_ else time.monotonic() - began


async def _lament(db: Database, org_id: UUID, differing: Mapping[str, tuple[UUID, Sequence[str]]]) -> None:
    """Say how clusters differ from their rows, and how the streams in question stand."""
    for name, (cluster_id, found) in differing.items():
        say(f"{name}: {len(found)} objects differ, such as {list(found[:3])}")
        async with db.transaction(org_id) as tx:
            standing = await streams.get_streams(tx, clusters=[cluster_id])
        wrong = {line.split(": ")[1].split(" ")[0] for line in found}
        for one in standing:
            if one.resource in wrong:
                say(f"  {one.resource}: {one.state} {one.reason} at {one.resource_version}, as of {one.as_of}")


class Spans:
    """Versions between marks."""

    def __init__(self, marks: Iterable[tuple[int, int]]) -> None:
        """Everything behind the first version of a pair up to the last."""
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in sorted(marks):
            if self._lasts and first <= self._lasts[-1]:
                self._lasts[-1] = max(self._lasts[-1], last)
            else:
                self._firsts.append(first)
                self._lasts.append(last)

    def __contains__(self, version: object) -> bool:
        if not isinstance(version, int):
            return False
        place = bisect_left(self._firsts, version) - 1  # the last that begins before it
        return place >= 0 and version <= self._lasts[place]


def _excused(telling: Telling, endings: Mapping[str, Ending]) -> Mapping[Place, Spans]:
    marks: dict[Place, list[tuple[int, int]]] = defaultdict(list)
    for ending in endings.values():
        for excuse in ending.excuses:
            place = (ending.server, excuse.resource)
            marks[place].append((position(telling[place], excuse.since), excuse.until))
    return {place: Spans(pairs) for place, pairs in marks.items()}


def _report(load: Load, telling: Telling, endings: Mapping[str, Ending], *, seconds: float, wall: float) -> Report:
    happened = {(one.server, name): all_ for one in endings.values() for name, all_ in one.happened.items()}
    found = broken(happened, telling, _excused(telling, endings))
    for violation in found[:20]:
        say(f"violation: {violation}")
    struck: dict[Effect, int] = defaultdict(int)
    for ending in endings.values():
        for effect, times in ending.by_effect.items():
            struck[effect] += times
    idle = sorted(effect for effect in one_of_each() if not struck[effect])
    used, fleet = resource.getrusage(resource.RUSAGE_SELF), next(iter(endings.values())).used
    figures = [
        Figures("Basefly, following", load.events, round(used.ru_utime + used.ru_stime, 1), round(wall, 1),
                used.ru_maxrss * 1024, 1),
        Figures("the clusters (simulated)", load.events, fleet.cpu, round(wall, 1), fleet.peak, 1),
    ]  # fmt: skip
    bars = [
        Bar.of("violations of what watches promise", measured=len(found), at_most=0),
        Bar.of("seconds from the last fault until the inventory is true", measured=seconds, at_most=SECONDS),
    ]
    if load != QUICK:  # there is no time for all in a short one
        bars.append(Bar.of("effects that never struck", measured=len(idle), at_most=0))
    things = sum(map(len, telling.values()))
    notes = [
        f"{load.clusters} clusters, {things:,} things told, {sum(struck.values()):,} strikes of faults",
        f"shortened: a stall after {PACE.idle:.0f} s, a refusal for {PATIENCE.refused:.0f} s; in the product 70 and 60",
        *([f"never struck: {', '.join(idle)}"] if idle else []),
    ]
    return Report.of("soak", figures, bars, notes, rivals=False)


def one_of_each() -> list[Effect]:
    """Every effect that lists and watches can meet."""
    return [effect for effect in Effect if effect is not Effect.CONFLICT]


def say(line: str) -> None:
    """To people, who may be watching; what programs read goes to the standard output."""
    print(line, file=sys.stderr, flush=True)
