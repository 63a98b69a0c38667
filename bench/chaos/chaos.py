"""`chaos`: processes that follow clusters are killed (-9), paused (SIGSTOP) and ended, while the clusters change.

The database notes by itself who wrote which rows, and whose the cluster was in that moment. In the end the inventory
must equal the clusters, object by object, no row twice, and no write of an old owner may have been accepted.
"""

from __future__ import annotations

import asyncio
import random
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import uvloop

from basefly.base.db import migrate
from basefly.base.db.embedded import Embedded
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.kube import kubeconfig
from basefly.base.resilience.ending import end
from basefly.base.settings import Settings
from basefly.core.clusters.actions import keep_credentials
from bench.chaos import followers, witness
from bench.chaos.followers import Follower, Strain, following
from bench.chaos.witness import Gaps, Seen
from bench.report import Bar, Figures, Report, Run
from bench.soak import truth
from bench.soak.fleet import Ending, Load, Member, Upset, prepare
from bench.soak.soak import say

SEED = 20261129
LONGEST = 120.0  # s until it is given up that the inventory becomes true
PROCESSES = 3
LOOK_EVERY = 0.5  # s

SIZES: Mapping[str, Load] = {
    "S": Load(50, 60_000, least=1_200.0, faults=False),
    "M": Load(200, 240_000, least=1_200.0, faults=False),
    "L": Load(500, 600_000, least=1_200.0, faults=False),
}
QUICK = Load(4, 400, least=18.0, faults=False)
STRAIN, QUICK_STRAIN = Strain((4.0, 25.0), (0.5, 25.0)), Strain((1.0, 3.0), (10.5, 12.0))


class Outcome(NamedTuple):
    """How many objects differed in the end, the seconds until none did, and what was seen on the way."""

    differing: int
    seconds: float
    gaps: Gaps
    seen: Seen


def run(options: Run) -> Report:
    """Start everything, kill and pause, wait for peace, compare."""
    prepare()
    load = QUICK if options.quick else SIZES[options.size]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="basefly-chaos-")))
        upset = stack.enter_context(Upset.start(load))
        settings = Settings(data_dir=folder)
        postgres = Embedded.start(settings)
        stack.callback(postgres.stop)
        asyncio.run(migrate.up(postgres.owner_url))
        witness.install(postgres.superuser_url())
        return uvloop.run(_chaos(settings, postgres, upset, load))


async def _chaos(settings: Settings, postgres: Embedded, upset: Upset, load: Load) -> Report:
    db = await Database.open(postgres.app_url, max_size=2)
    try:
        vault = Vault.load(settings)
        await vault.check(db)
        org_id, ids = await _registered(db, vault, await upset.members())
        with following(settings.data_dir, postgres.app_url, PROCESSES) as processes:
            gaps = Gaps()
            looking = asyncio.create_task(gaps.watch(db, list(ids)), name="gaps")
            endings = await _upset(upset, processes, QUICK_STRAIN if load is QUICK else STRAIN)
            began = time.monotonic()
            differing = await _equal(db, org_id, {key: endings[member.name] for key, member in ids.items()})
            outcome = Outcome(differing, time.monotonic() - began, gaps, witness.seen(postgres.superuser_url()))
            await end(looking)
            return _report(load, processes, outcome, endings)
    finally:
        await db.close()


async def _registered(db: Database, vault: Vault, members: Sequence[Member]) -> tuple[UUID, dict[UUID, Member]]:
    async with db.transaction() as tx:
        org_id = UUID(str(await tx.value("insert into organizations (name) values ('chaos') returning id")))
    ids: dict[UUID, Member] = {}
    async with db.transaction(org_id) as tx:
        for member in members:
            (context,) = kubeconfig.read(member.kubeconfig)
            assert context.credentials, context.why
            query = "insert into clusters (org_id, name, server) values (%s, %s, %s) returning id"
            cluster_id = UUID(str(await tx.value(query, [org_id, member.name, context.credentials.server])))
            await keep_credentials(tx, vault, cluster_id, context.credentials)
            ids[cluster_id] = member
    return org_id, ids


async def _upset(upset: Upset, processes: Sequence[Follower], strain: Strain) -> Mapping[str, Ending]:
    """Let the clusters change and the processes suffer; returns how the clusters ended."""
    suffering = [
        asyncio.create_task(each.suffer(random.Random(f"{SEED}/{number}"), strain))  # misfortune, no secret
        for number, each in enumerate(processes)
    ]
    began = time.monotonic()
    async for progress in upset.run():
        deeds = sum((each.deeds for each in processes), Counter[str]())
        say(f"{time.monotonic() - began:5.0f} s  {progress.events:,} events, {dict(deeds)}")
    await end(*suffering)
    return await upset.endings()


async def _equal(db: Database, org_id: UUID, endings: Mapping[UUID, Ending]) -> int:
    """Wait until the inventory equals all clusters, object by object; returns how many objects never did."""
    left, until = dict(endings), time.monotonic() + LONGEST
    while True:
        differing = 0
        for cluster_id, ending in list(left.items()):
            found = truth.differences(await truth.inventory(db, org_id, cluster_id), ending.true)
            differing += len(found)
            if not found:
                del left[cluster_id]
        if not left or time.monotonic() > until:
            return differing
        await asyncio.sleep(LOOK_EVERY)


def _report(load: Load, processes: Sequence[Follower], outcome: Outcome, endings: Mapping[str, Ending]) -> Report:
    gaps, seen = outcome.gaps, outcome.seen
    deeds = sum((each.deeds for each in processes), Counter[str]())
    fleet, used = next(iter(endings.values())).used, resource.getrusage(resource.RUSAGE_CHILDREN)
    figures = [
        Figures("processes that have died", load.events, round(used.ru_utime + used.ru_stime, 1), load.least,
                used.ru_maxrss * 1024, deeds["kill"] + deeds["leave"]),
        Figures("the clusters (simulated)", load.events, fleet.cpu, load.least, fleet.peak, 1),
    ]  # fmt: skip
    bars = [
        Bar.of("objects that differ in the end", measured=outcome.differing, at_most=0),
        Bar.of("rows that are there twice", measured=seen.twice, at_most=0),
        Bar.of("rows written by who did not hold the lease", measured=seen.strangers, at_most=0),
        Bar.of(
            "kills, pauses beyond the lease and orderly ends that lacked", measured=_lacking(deeds, load), at_most=0
        ),
    ]
    notes = [
        f"{load.clusters} clusters, {load.events:,} events, {PROCESSES} processes: {dict(deeds)}",
        f"{seen.owners:,} rows written by owners; {followers.refused(processes)} batches of old owners refused",
        f"the inventory was true {outcome.seconds:.1f} s after the last misfortune",
        f"a lease was free {gaps.share:.2%} of the time, at the longest {gaps.longest:.1f} s",
    ]
    return Report.of("chaos", figures, bars, notes, rivals=False)


def _lacking(deeds: Counter[str], load: Load) -> int:
    """A run in which too little went wrong says nothing: each misfortune must have happened about once a minute."""
    least = 0 if load is QUICK else int(load.least / 60)
    return sum(max(least - deeds[deed], 0) for deed in ("kill", "overlong pauses", "leave"))
