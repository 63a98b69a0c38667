"""Fills a hub's database with a simulated fleet: the simulator's seeds, the hub's own kinds, the hub's own merge.

No API server is asked and nothing is followed: each object is projected and written as the sync would have done.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import msgspec
import psycopg

from basefly.base.db.embedded import Embedded
from basefly.base.db.pool import Database
from basefly.base.db.secrets import Vault
from basefly.base.db.transaction import Tx
from basefly.base.kube.credentials import Credentials
from basefly.base.kube.discovery import Resource
from basefly.base.secret import Secret
from basefly.base.settings import Settings
from basefly.core.clusters import store as clusters
from basefly.core.clusters.connections import seal_credentials
from basefly.core.sync import kinds
from basefly.core.sync.model import Place, Standing
from basefly.core.sync.store import merge, streams
from basefly.core.sync.store.merge import Change
from basefly.sim import Cluster
from basefly.sim.kinds.kind import Kind
from basefly.sim.seeds.names import CLOUDS
from bench.fleet.size import Size
from e2e.hub import Hub

WORKERS = 2
SEED = 20261124
STAGES = ("prod", "prod", "prod", "staging", "dev")
SICK = {7: "unreachable", 13: "degraded"}  # of each twenty
ALWAYS = "now() + interval '10 years'"  # nothing follows this fleet, and its age is not what is measured
NOWHERE = "https://127.0.0.1:1"
TELL_EVERY = 25  # clusters


class Order(msgspec.Struct, frozen=True):
    """What a worker fills: these clusters of this organization, through this database."""

    url: str
    org: UUID
    size: Size
    numbers: list[int]


@contextmanager
def folder_of(keep: Path | None) -> Iterator[Path]:
    """The folder of a hub that is kept for the next time, or one that ends with the block."""
    if keep:
        yield keep.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="basefly-bench-") as name:
        yield Path(name)


def filled(folder: Path, size: Size) -> float:
    """Bring the database of a folder's hub to the size; what is there already stays. Returns the seconds it took."""
    if not (folder / "data").exists():
        with Hub.start(folder):
            pass
    postgres = Embedded.start(Settings(data_dir=folder / "data"))
    try:
        with psycopg.connect(postgres.superuser_url()) as connection:
            found = connection.execute("select id from organizations").fetchone()
        assert found, "the hub of this folder was never set up"
        took = fill(postgres.app_url, postgres.superuser_url(), found[0], size)
        asyncio.run(reach(postgres.app_url, found[0], Vault.load(Settings(data_dir=folder / "data"))))
        return took
    finally:
        postgres.stop()


def fill(app_url: str, superuser_url: str, org: UUID, size: Size) -> float:
    """Write the fleet; returns the seconds it took."""
    begun = time.monotonic()
    missing = sorted(set(range(size.clusters)) - _filled(superuser_url))
    orders = [Order(app_url, org, size, missing[first::WORKERS]) for first in range(WORKERS)]
    with multiprocessing.get_context("spawn").Pool(WORKERS) as pool:
        pool.map(_work, orders, chunksize=1)
    with psycopg.connect(superuser_url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")
    return time.monotonic() - begun


async def reach(app_url: str, org: UUID, vault: Vault) -> None:
    """Let each cluster have credentials, for an address where nobody listens: pages show what was last known."""
    db = await Database.open(app_url)
    try:
        async with db.transaction(org) as tx:
            query = (
                "select id from clusters c where not exists (select from cluster_credentials where cluster_id = c.id)"
            )
            for cluster in await tx.all(UUID, query):
                credentials = Credentials(server=NOWHERE, token=Secret("simulated"))
                sealed = await seal_credentials(tx, vault, cluster, credentials)
                await clusters.upsert_credentials(tx, cluster, sealed, kind="token", expires_at=None)
    finally:
        await db.close()


def _filled(superuser_url: str) -> set[int]:
    """The clusters that are whole: each came with one transaction, so that an ended filling can be taken up."""
    with psycopg.connect(superuser_url) as connection:
        rows = connection.execute("select (labels ->> 'number')::integer from clusters where labels ? 'number'")
        return {int(number) for (number,) in rows}


def _work(order: Order) -> None:
    asyncio.run(_fill(order))


async def _fill(order: Order) -> None:
    db = await Database.open(order.url)
    try:
        for done, number in enumerate(order.numbers, 1):
            async with db.transaction(order.org) as tx:
                await _cluster(tx, number, order.size)
            if done % TELL_EVERY == 0:
                print(f"filled {done:,} of {len(order.numbers):,} clusters", file=sys.stderr, flush=True)
    finally:
        await db.close()


async def _cluster(tx: Tx, number: int, size: Size) -> None:
    cloud, stage = CLOUDS[number % len(CLOUDS)], STAGES[number % len(STAGES)]
    planted = Cluster(f"{stage}-{cloud.region}-{number:04}", seed=SEED)
    planted.seed(nodes=size.nodes, pods=size.pods, seed=SEED + number, cloud=cloud)
    cluster = await _register(tx, planted, number)
    await merge.upsert_objects(tx, _changes(planted, cluster))
    served = [kind for kind in planted.catalog if kind.name not in kinds.IGNORED]
    await streams.upsert_streams(tx, cluster, [(_resource(kind), ()) for kind in served])
    standing = Standing(str(planted.store.version), listed=True)
    await streams.update_standings(tx, {Place(cluster, kind.name): standing for kind in served})
    await tx.execute(f"update sync_streams set as_of = {ALWAYS} where cluster_id = %s", [cluster])  # noqa: S608  # a constant of this file


def _resource(kind: Kind) -> Resource:
    group, _, version = kind.api_version.rpartition("/")
    return Resource(group, version, kind.name.partition(".")[0], kind.kind, kind.namespaced)


async def _register(tx: Tx, planted: Cluster, number: int) -> UUID:
    stage, rest = planted.name.split("-", 1)
    region = rest.rpartition("-")[0]
    health = SICK.get(number % 20, "healthy")
    query = f"""
        insert into clusters (org_id, name, labels, region, provider, version, server, health, health_reason,
                              probe_health, probed_at, answered_at)
        values (%s, %s, jsonb_build_object('stage', %s::text, 'number', %s::text), %s, %s, %s, %s, %s, %s, %s, {ALWAYS},
                {ALWAYS})
        returning id"""  # noqa: S608  # a constant of this file
    reason = "" if health == "healthy" else "simulated"
    scheme = CLOUDS[number % len(CLOUDS)].scheme
    values = [tx.org_id, planted.name, stage, str(number), region, scheme, planted.git_version]
    cluster: UUID = await tx.value(query, [*values, f"https://{planted.name}.example", health, reason, health])
    return cluster


def _changes(planted: Cluster, cluster: UUID) -> Iterator[Change]:
    for kind in planted.catalog:
        if kind.name in kinds.IGNORED:
            continue
        place, known = Place(cluster, kind.name), kinds.by_resource(kind.name, kind.kind)
        decode = msgspec.json.Decoder(known.shape).decode
        for record in planted.store.of(kind.name).records.values():
            yield Change(place, kinds.row(known, decode(record.body)))
