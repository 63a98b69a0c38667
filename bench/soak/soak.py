"""`soak`: many simulated clusters that change all the time while everything goes wrong, followed by the hub's own sync.

Every cluster meets every fault in turn, in an order that the seed decides, while its objects come, change and go. In
the end all faults are taken back: how long until the inventory equals the clusters, object by object? And did what
following told on the way keep the promises of watches? Times that are long in the product (a stall, a refusal) are
shortened, and the notes say to what.
"""

from __future__ import annotations

import asyncio
import logging
import random
import resource
import secrets
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Mapping
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
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
from basefly.core.sync.writer import Writer
from basefly.sim import Cluster, Fleet
from basefly.sim.faults import Effect
from bench.report import Bar, Figures, Report, Run
from bench.soak import truth
from bench.soak.recording import Recording, recorded
from bench.soak.upheaval import Upheaval

SECONDS = 10.0  # bar: from the last fault taken back until the inventory is true
SEED = 20261124
PACE = Pace(
    idle=15.0, listing_idle=6.0, listing=60.0, doubt=1.0, proof=3.0, ends_after=(4, 8), page=15, backoff=(0.2, 3.0),
    healthy=20.0,
)  # fmt: skip
PATIENCE = Patience(longest=3.0, refused=2.0, settle=0.5)
DEADLINES = Deadlines(connect=2.0, tls=2.0, first_byte=4.0, idle=4.0, total=10.0)
BREAKER = Limits(opens_for=1.0, opens_at_most=3.0)  # in the product a probe closes it within 3 s
BOOKMARKS = 0.06  # s for each cluster: hub and clusters share a core, which must not be busy with bookmarks alone
LOOK_EVERY = 0.2  # s
LEAST = 40.0  # s: each fault needs its time, however few events there are


class Size(msgspec.Struct, frozen=True):
    """How many clusters, and how many events over all of them."""

    clusters: int
    events: int
    least: float = LEAST


SIZES: Mapping[str, Size] = {"S": Size(20, 60_000), "M": Size(50, 200_000), "L": Size(100, 1_000_000)}
QUICK = Size(3, 6_000, least=15.0)


def run(options: Run) -> Report:
    """Start everything, upset everything, take it back, compare."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))  # what goes wrong here is meant to
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # so are the connections that break
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    size = QUICK if options.quick else SIZES[options.size]
    with tempfile.TemporaryDirectory(prefix="basefly-soak-") as name:
        postgres = Embedded.start(Settings(data_dir=Path(name)))
        try:
            asyncio.run(migrate.up(postgres.owner_url))
            return uvloop.run(_soak(postgres.app_url, size))
        finally:
            postgres.stop()


async def _soak(url: str, size: Size) -> Report:
    began = time.monotonic()
    db, ours = await Database.open(url), await Database.open(url, max_size=1)  # who looks on takes nothing away
    async with AsyncExitStack() as stack:
        stack.push_async_callback(ours.close)
        stack.push_async_callback(db.close)
        fleet = await stack.enter_async_context(Fleet.start(clusters=size.clusters))
        for number, cluster in enumerate(fleet.clusters):
            cluster.seed(nodes=1, pods=10, seed=SEED + number)
        recording = stack.enter_context(recorded(fleet.clusters))
        org_id, ids = await _registered(db, fleet.clusters)
        stack.push_async_callback(end, *await _followed(stack, db, ours, org_id, ids))
        say(f"{size.clusters} clusters are followed after {time.monotonic() - began:.0f} s")
        upheavals = [
            Upheaval(cluster, recording, random.Random(f"{SEED}/{cluster.name}")) for cluster in fleet.clusters
        ]
        each = size.events // size.clusters
        await _watched(asyncio.gather(*(one.run(each, size.least) for one in upheavals)), upheavals, size.events)
        seconds = await _equal(ours, org_id, ids, within=120.0)
        say(f"equal {seconds:.1f} s after the last fault")
        return _report(size, recording, upheavals, seconds=seconds, wall=time.monotonic() - began)


async def _registered(db: Database, clusters: list[Cluster]) -> tuple[UUID, dict[UUID, Cluster]]:
    async with db.transaction() as tx:
        org_id = UUID(str(await tx.value("insert into organizations (name) values ('soak') returning id")))
    ids: dict[UUID, Cluster] = {}
    async with db.transaction(org_id) as tx:
        for cluster in clusters:
            cluster.bookmark_seconds = max(BOOKMARKS * len(clusters), 1.5)
            query = "insert into clusters (org_id, name) values (%s, %s) returning id"
            ids[UUID(str(await tx.value(query, [org_id, cluster.name])))] = cluster
    return org_id, ids


async def _followed(
    stack: AsyncExitStack, db: Database, ours: Database, org_id: UUID, ids: Mapping[UUID, Cluster]
) -> list[asyncio.Task[None]]:
    """Follow them all as the product does: one writer, a breaker and a sync for each, few lists at once.

    They begin one after the other: hub and clusters share this process, whose deadlines are short.
    """
    writer, pace = Writer(db, org_id), msgspec.structs.replace(PACE, lists=Turns(8, lent=3.0))
    tasks = [asyncio.create_task(writer.run(), name="writer")]
    for cluster_id, cluster in ids.items():
        held = await lease.acquire(db, f"sync/{cluster_id}", secrets.token_hex(4), timedelta(hours=6))
        (context,) = kubeconfig.read(cluster.kubeconfig())
        assert held, "the lease is taken"
        assert context.credentials, context.why
        writer.admit(cluster_id, held)
        policy = Policy(judge, breaker=Breaker(cluster.name, limits=BREAKER), bulkhead=Bulkhead(cluster.name, 16))
        client = await stack.enter_async_context(Client(context.credentials, deadlines=DEADLINES, policy=policy))
        sync = ClusterSync(db, writer, org_id=org_id, cluster_id=cluster_id, pace=pace, patience=PATIENCE)
        tasks.append(asyncio.create_task(sync.run(client), name=f"sync {cluster.name}"))
        await _equal(ours, org_id, {cluster_id: cluster}, within=60.0)
    return tasks


async def _watched(work: Awaitable[Any], upheavals: list[Upheaval], events: int) -> None:
    """Wait for the work, and say now and then how far it has come."""
    task = asyncio.ensure_future(work)
    began = time.monotonic()
    while not task.done():
        await asyncio.wait((task,), timeout=5.0)
        done, faults = sum(one.events for one in upheavals), sum(one.struck for one in upheavals)
        say(f"{time.monotonic() - began:5.0f} s  {done:,} of {events:,} events, {faults:,} strikes of faults")
    task.result()


async def _equal(db: Database, org_id: UUID, ids: Mapping[UUID, Cluster], *, within: float) -> float:
    """Seconds until the inventory equals all clusters, object by object, or `within` if it never does."""
    began = time.monotonic()
    true = {cluster_id: truth.truth(cluster) for cluster_id, cluster in ids.items()}
    open_: dict[UUID, list[str]] = {cluster_id: [] for cluster_id in ids}
    while open_ and time.monotonic() - began < within:
        for cluster_id in list(open_):
            open_[cluster_id] = truth.differences(await truth.inventory(db, org_id, cluster_id), true[cluster_id])
            if not open_[cluster_id]:
                del open_[cluster_id]
        await asyncio.sleep(LOOK_EVERY)
    for cluster_id, found in open_.items():
        say(f"{ids[cluster_id].name}: {len(found)} objects differ, such as {found[:3]}")
    return within if open_ else time.monotonic() - began


def _report(size: Size, recording: Recording, upheavals: list[Upheaval], *, seconds: float, wall: float) -> Report:
    excused = {key: spans for one in upheavals for key, spans in one.excused.items()}
    found = recording.violations(excused)
    for violation in found[:20]:
        say(f"violation: {violation}")
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = sum(map(len, recording.told.values()))
    struck: dict[Effect, int] = defaultdict(int)
    for one in upheavals:
        for effect, times in one.by_effect.items():
            struck[effect] += times
    idle = sorted(effect for effect in one_of_each() if not struck[effect])
    events = sum(one.events for one in upheavals)
    figures = [Figures("Basefly, and the clusters", events, round(used.ru_utime + used.ru_stime, 1), round(wall, 1),
                       used.ru_maxrss * 1024, 1)]  # fmt: skip
    bars = [
        Bar.of("violations of what watches promise", measured=len(found), at_most=0),
        Bar.of("seconds from the last fault until the inventory is true", measured=seconds, at_most=SECONDS),
    ]
    if size != QUICK:  # there is no time for all in a short one
        bars.append(Bar.of("effects that never struck", measured=len(idle), at_most=0))
    notes = [
        f"{size.clusters} clusters, {told:,} things told, {sum(struck.values()):,} strikes of faults, seed {SEED}",
        f"shortened: a stall after {PACE.idle:.0f} s, a refusal for {PATIENCE.refused:.0f} s; in the product 70 and 60",
        *([f"never struck: {', '.join(idle)}"] if idle else []),
    ]
    return Report.of("soak", figures, bars, notes)


def one_of_each() -> list[Effect]:
    """Every effect that lists and watches can meet."""
    return [effect for effect in Effect if effect is not Effect.CONFLICT]


def say(line: str) -> None:
    """To people, who may be watching; what programs read goes to the standard output."""
    print(line, file=sys.stderr, flush=True)
