"""What the tests of the sync share: a registered cluster, a writer that runs, and a simulated API server."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from basefly.base.db import lease as leases
from basefly.base.db.pool import Database
from basefly.base.kube import kubeconfig
from basefly.base.kube.client import Client
from basefly.base.kube.watch import Pace
from basefly.core.sync.cluster import ClusterSync
from basefly.core.sync.writing.writer import Writer
from basefly.sim import Cluster
from tests.sim.fixtures import cluster, fleet

__all__ = ["cluster", "fleet"]


class Held(msgspec.Struct, frozen=True):
    """A row as it stands in the table, with the moment in which it was last written."""

    uid: str
    namespace: str
    name: str
    resource_version: str
    status: str
    health: str
    owner_uid: str
    labels: dict[str, str]
    cells: dict[str, Any]
    changed_at: datetime


Rows = Callable[[str], Awaitable[dict[str, Held]]]
Equal = Callable[..., Awaitable[bool]]


@pytest.fixture
async def cluster_id(db: Database, org: UUID) -> UUID:
    """A registered cluster, as far as the tables of the sync need it."""
    async with db.transaction(org) as tx:
        created = await tx.one(UUID, "insert into clusters (org_id, name) values (%s, 'berlin') returning id", [org])
    assert created is not None
    return created


@pytest.fixture
async def writer(db: Database, org: UUID, cluster_id: UUID) -> AsyncIterator[Writer]:
    """A writer that runs and holds the lease of the cluster."""
    lease = await leases.acquire(db, f"sync/{cluster_id}", secrets.token_hex(4), timedelta(minutes=5))
    assert lease is not None
    writer = Writer(db, org)
    writer.admit(cluster_id, lease)
    async with running(writer.run()):
        yield writer


@pytest.fixture
def rows(db: Database, org: UUID, cluster_id: UUID) -> Rows:
    """Reads what is kept of a resource, by namespace/name."""

    async def read(resource: str) -> dict[str, Held]:
        query = f"""select {", ".join(Held.__struct_fields__)} from objects
                    where org_id = %s and cluster_id = %s and resource = %s order by created_at, uid"""
        async with db.transaction(org) as tx:
            found = await tx.all(Held, query, [org, cluster_id, resource])
        return {f"{row.namespace}/{row.name}": row for row in found}

    return read


@pytest.fixture
def equal(rows: Rows, cluster: Cluster) -> Equal:
    """Whether the rows hold exactly what the simulator does: every path, uid, label and projection."""

    async def check(*resources: str) -> bool:
        for resource in resources:
            held = await rows(resource)
            truth = {}
            for whole in cluster.api.list(resource):
                meta = whole["metadata"]
                truth[f"{meta.get('namespace', '')}/{meta['name']}"] = (meta["uid"], meta.get("labels") or {})
            if {path: (row.uid, row.labels) for path, row in held.items()} != truth:
                return False
        return True

    return check


@pytest.fixture
async def client(cluster: Cluster) -> AsyncIterator[Client]:
    """A client of the simulated API server, as its administrator."""
    (context,) = kubeconfig.read(cluster.kubeconfig())
    assert context.credentials is not None
    async with Client(context.credentials, private=True) as opened:
        yield opened


@pytest.fixture
async def synced(
    db: Database, org: UUID, cluster_id: UUID, writer: Writer, client: Client
) -> AsyncIterator[ClusterSync]:
    """The simulated cluster, followed."""
    pace = Pace(backoff=(0.05, 0.2), spread=1.0, idle=5.0)
    sync = ClusterSync(db, writer, org_id=org, cluster_id=cluster_id, pace=pace)
    async with running(sync.run(client)):
        yield sync


@asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator[None]:
    """Run in the background while the block runs."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def eventually(check: Callable[[], Awaitable[bool]], within: float = 10.0) -> None:
    """Wait until the check holds; fails when it does not in time."""
    async with asyncio.timeout(within):
        while not await check():
            await asyncio.sleep(0.05)
