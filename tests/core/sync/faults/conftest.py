"""One simulated cluster that is followed by the hub's own sync, with what it takes to look at both."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import msgspec
import pytest

from basefly.base.db.pool import Database
from basefly.base.errors import Unavailable
from basefly.base.kube import kubeconfig
from basefly.base.kube.client import Client
from basefly.base.kube.watch import Pace, Turns
from basefly.base.resilience.deadlines import Deadlines
from basefly.core.sync.cluster import ClusterSync, Patience
from basefly.core.sync.model import Stream
from basefly.core.sync.store import streams
from basefly.core.sync.writing.writer import Writer
from basefly.sim import Cluster
from basefly.sim.faults import Effect, Fault
from bench.soak import truth
from bench.soak.recording import Recording, recorded
from tests.core.sync.conftest import Rows, running
from tests.core.sync.test_cluster import pod

PACE = Pace(
    backoff=(0.05, 0.3), spread=1.0, idle=1.5, listing_idle=1.0, listing=3.0, doubt=0.2, proof=1.0, healthy=5.0,
    ends_after=(5, 10), page=7, lists=Turns(4, lent=1.0), quiet=0.2,
)  # fmt: skip
PATIENCE = Patience(longest=0.5, refused=1.5, settle=0.1, each=0.05)
QUICK = Deadlines(connect=1.0, tls=1.0, first_byte=1.0, idle=1.0, total=3.0)


class World:
    """The cluster, the sync that follows it, and the inventory."""

    def __init__(self, cluster: Cluster, db: Database, org: UUID, cluster_id: UUID, rows: Rows) -> None:
        self.cluster, self.db, self.org, self.cluster_id, self.rows = cluster, db, org, cluster_id, rows
        self.recording: Recording
        cluster.bookmark_seconds = 0.5
        self._number = 0

    @asynccontextmanager
    async def followed(self, writer: Writer, *, pace: Pace = PACE, server: str = "") -> AsyncIterator[None]:
        """Follow while the block runs, at another address if one is given."""
        (context,) = kubeconfig.read(self.cluster.kubeconfig())
        assert context.credentials is not None
        credentials = msgspec.structs.replace(context.credentials, server=server or self.cluster.server)
        sync = ClusterSync(self.db, writer, org_id=self.org, cluster_id=self.cluster_id, pace=pace, patience=PATIENCE)
        with recorded([self.cluster]) as self.recording:
            async with Client(credentials, deadlines=QUICK) as client, running(sync.run(client)):
                yield

    async def differences(self) -> list[str]:
        """How the inventory differs from the cluster, object by object."""
        held = await truth.inventory(self.db, self.org, self.cluster_id)
        return truth.differences(held, truth.truth(self.cluster))

    async def settles(self, within: float = 15.0) -> None:
        """I9: the inventory equals the cluster, and stays so for a moment."""
        ends = time.monotonic() + within
        while found := await self._looked():
            assert time.monotonic() < ends, found[:5]
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)
        assert await self.differences() == []

    async def _looked(self) -> Sequence[str]:
        with contextlib.suppress(Unavailable):  # who only looks waits as long as what it looks at keeps it busy
            return await self.differences()
        return ["the database was busy"]

    async def until(self, check: Callable[[], Awaitable[bool] | bool], within: float = 15.0) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(within):
            while not await _holds(check):
                await asyncio.sleep(0.02)

    async def stream(self, resource: str) -> Stream:
        """How the hub says that following a resource fares."""
        async with self.db.transaction(self.org) as tx:
            (found,) = await streams.get_streams(tx, clusters=[self.cluster_id], resource=resource)
        return found

    async def says(self, resource: str, state: str, reason: str = "", within: float = 15.0) -> Stream:
        """I3: wait until the hub says so of a resource."""

        async def said() -> bool:
            async with self.db.transaction(self.org) as tx:
                found.extend(await streams.get_streams(tx, clusters=[self.cluster_id], resource=resource))
            return bool(found) and found[-1].state == state and reason in found[-1].reason

        found: list[Stream] = []
        await self.until(said, within)
        return found[-1]

    def change(self, count: int = 12) -> None:
        """Creations, changes, deletions and names born again, a minimum of load for every fault."""
        api = self.cluster.api
        for _ in range(count):
            self._number += 1
            name = f"load-{self._number}"
            api.create(pod(name, "Pending", round=str(self._number)))
            api.change("pods", name, by=lambda whole: whole["status"].update(phase="Running"))
            if self._number % 3 == 0:
                api.delete("pods", name)
            if self._number % 6 == 0:
                api.create(pod(name, "Failed"))

    def beat(self, meta: Mapping[str, Any]) -> None:
        """Change nothing of a pod that is shown, so that it is told once more."""
        told = {"beat": str(self.cluster.store.version)}
        self.cluster.api.change(
            "pods", meta["name"], meta["namespace"], by=lambda w: w["metadata"].update(annotations=told)
        )

    async def struck(self, effect: Effect, **narrowed: Any) -> None:
        """Bring a fault over the watches of pods while much changes, until it has struck, and take it back."""
        fault: Fault = self.cluster.faults.add(effect, **narrowed)
        self.cluster.faults.drop_watches()
        ends = time.monotonic() + 15.0
        while fault.struck < narrowed.get("times", 1):
            assert time.monotonic() < ends, f"{effect} struck {fault.struck} times only"
            self.change(3)
            await asyncio.sleep(0.05)
        self.change()
        await asyncio.sleep(0.3)
        self.cluster.faults.remove(fault)


async def _holds(check: Callable[[], Awaitable[bool] | bool]) -> bool:
    with contextlib.suppress(Unavailable):  # as above
        return await held if isinstance(held := check(), Awaitable) else held
    return False


@pytest.fixture
async def world(
    cluster: Cluster, db: Database, org: UUID, cluster_id: UUID, writer: Writer, rows: Rows
) -> AsyncIterator[World]:
    """A cluster with something of every kind, followed until the inventory equals it."""
    cluster.seed(nodes=2, pods=12, seed=7)
    world = World(cluster, db, org, cluster_id, rows)
    async with world.followed(writer):
        await world.settles()
        yield world
