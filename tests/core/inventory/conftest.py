"""What the inventory's tests share: a registered cluster, a writer that runs, and a simulated API server."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import pytest

from basefly.base.db import lease as leases
from basefly.base.db.pool import Database
from basefly.base.kube import kubeconfig
from basefly.base.kube.client import Client
from basefly.base.kube.watch import Pace
from basefly.base.principal import Reach, Scope
from basefly.core.inventory.model import ObjectQuery, StoredObject
from basefly.core.inventory.store import objects
from basefly.core.inventory.sync import ClusterSync
from basefly.core.inventory.writer import Writer
from basefly.sim import Cluster
from tests.sim.fixtures import cluster, fleet

__all__ = ["cluster", "fleet"]

Rows = Callable[[str], Awaitable[dict[str, StoredObject]]]


@pytest.fixture
async def cluster_id(db: Database, org: UUID) -> UUID:
    """A registered cluster, as far as the inventory's tables need it."""
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
    """Reads what the inventory holds of a resource, by namespace/name."""

    async def read(resource: str) -> dict[str, StoredObject]:
        query = ObjectQuery(resource=resource, clusters=(cluster_id,), limit=1000)
        async with db.transaction(org) as tx:
            found, _ = await objects.page_objects(tx, Scope(org, (Reach(None, None),)), query)
        return {f"{row.namespace}/{row.name}": row for row in found}

    return read


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
    pace = Pace(backoff=(0.05, 0.2), idle=5.0)
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
