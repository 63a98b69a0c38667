"""What the sync does by itself: takes clusters under its wing, follows them, and lets go of those that left."""

from __future__ import annotations

import asyncio
import os
import secrets
from datetime import timedelta
from uuid import UUID

import msgspec
import structlog

from basefly.base.db import lease as leases
from basefly.base.db.lease import Lease
from basefly.base.errors import BaseflyError
from basefly.base.kube.watch import Pace, Turns
from basefly.base.resilience.ending import end
from basefly.base.resilience.waiting import happens
from basefly.base.runtime.house import House
from basefly.core.access import store as access
from basefly.core.clusters import store as clusters
from basefly.core.clusters.connections import Connections
from basefly.core.sync.cluster import ClusterSync
from basefly.core.sync.store import merge, streams
from basefly.core.sync.writer import Writer

LEASE = timedelta(seconds=10)  # what a killed process holds is followed again within this
RENEW_EVERY = 3.0  # s
LISTS = 8  # lists read at the same time, over all clusters: bounds memory and the first rush
LOOK_EVERY = 5.0  # s; notices make it sooner

log = structlog.get_logger()


class Owned(msgspec.Struct):
    """A cluster this process follows: whose it is, under which lease, with which credentials, in which task."""

    org_id: UUID
    lease: Lease
    credentials_version: int
    task: asyncio.Task[None]


class SyncController:
    """Follows every cluster that no living process follows. A cluster has one owner, by a fenced lease."""

    name = "sync.follow"

    def __init__(self, house: House) -> None:
        self._house = house
        self._me = f"{os.uname().nodename}/{os.getpid()}/{secrets.token_hex(4)}"
        self._pace = Pace(lists=Turns(LISTS))
        self._writers: dict[UUID, tuple[Writer, asyncio.Task[None]]] = {}
        self._owned: dict[UUID, Owned] = {}
        self._wake = asyncio.Event()  # a cluster came, left, or has new credentials

    async def run(self) -> None:
        """Take, follow and release clusters until cancelled; then release all."""
        background = [
            asyncio.create_task(self._renew(), name="sync leases"),
            asyncio.create_task(self._hear(), name="sync notices"),
        ]
        try:
            while True:
                for org_id in await self._organizations():
                    await self._share_out(org_id)
                await happens(self._wake, within=LOOK_EVERY)
                self._wake.clear()
        finally:
            releasing = [self._release(cluster_id) for cluster_id in list(self._owned)]
            await asyncio.gather(*releasing, return_exceptions=True)  # what is not given back runs out by itself
            background.extend(task for _, task in self._writers.values())
            await end(*background)

    async def _hear(self) -> None:
        async with self._house.changes.subscribe(None, ["*/clusters/*"]) as inbox:
            async for _ in inbox:
                self._wake.set()

    async def _organizations(self) -> list[UUID]:
        async with self._house.db.transaction() as tx:
            return await access.get_organization_ids(tx)

    async def _share_out(self, org_id: UUID) -> None:
        await self._bury_writer(org_id)
        async with self._house.db.transaction(org_id) as tx:
            wanted = {c.id: c.credentials_version for c in await clusters.get_states(tx)}
            followed = {s.cluster_id for s in await streams.get_streams(tx)}
        ours = [c for c, owned in self._owned.items() if owned.org_id == org_id]
        for cluster_id in [c for c in ours if self._owned[c].task.done() or wanted.get(c) is None]:
            await self._release(cluster_id)
        for cluster_id, version in wanted.items():
            if cluster_id in self._owned and self._owned[cluster_id].credentials_version != version:
                await self._release(cluster_id)
                async with self._house.db.transaction(org_id) as tx:
                    await streams.forget_positions(tx, cluster_id, "new credentials; reading it anew")
            if cluster_id not in self._owned:
                await self._take(org_id, cluster_id, version)
        for cluster_id in followed - wanted.keys():
            await self._clear(org_id, cluster_id)

    async def _take(self, org_id: UUID, cluster_id: UUID, version: int) -> None:
        lease = await leases.acquire(self._house.db, f"sync/{cluster_id}", self._me, LEASE)
        if lease is None:
            return
        writer = self._writer(org_id)
        lost = writer.admit(cluster_id, lease)
        task = asyncio.create_task(self._follow(org_id, cluster_id, writer, lost), name=f"sync {cluster_id}")
        self._owned[cluster_id] = Owned(org_id, lease, version, task)
        log.info("sync.cluster_taken", cluster=str(cluster_id))

    def _writer(self, org_id: UUID) -> Writer:
        if org_id not in self._writers:
            writer = Writer(self._house.db, org_id)
            self._writers[org_id] = (writer, asyncio.create_task(writer.run(), name=f"sync writer {org_id}"))
        return self._writers[org_id][0]

    async def _bury_writer(self, org_id: UUID) -> None:
        """A writer ends only by a mistake of ours. Its clusters start anew from what it had written."""
        if org_id not in self._writers or not self._writers[org_id][1].done():
            return
        _, task = self._writers.pop(org_id)
        log.error("sync.writer_failed", exc_info=None if task.cancelled() else task.exception())
        for cluster_id in [c for c, owned in self._owned.items() if owned.org_id == org_id]:
            await self._release(cluster_id)

    async def _follow(self, org_id: UUID, cluster_id: UUID, writer: Writer, lost: asyncio.Event) -> None:
        """Follow one cluster until the lease is lost."""
        async with self._house.db.transaction(org_id) as tx:
            client = await self._house.get(Connections).client(tx, cluster_id)
        sync = ClusterSync(self._house.db, writer, org_id=org_id, cluster_id=cluster_id, pace=self._pace)
        following = asyncio.create_task(sync.run(client))
        losing = asyncio.create_task(lost.wait())
        try:
            await asyncio.wait((following, losing), return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                following.result()
        finally:
            await end(following, losing)

    async def _release(self, cluster_id: UUID) -> None:
        owned = self._owned.pop(cluster_id, None)
        if owned is None:
            return
        for failure in await end(owned.task):
            log.warning("sync.cluster_failed", cluster=str(cluster_id), exc_info=failure)
        for writer, _ in self._writers.values():
            writer.dismiss(cluster_id)
        await leases.release(self._house.db, owned.lease)
        log.info("sync.cluster_released", cluster=str(cluster_id))

    async def _renew(self) -> None:
        """Keep the leases. One that cannot be kept is let go at once, before anyone else may hold it.

        While the database is away nothing is lost: without it nobody can write, and nobody can take over.
        """
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                await self._renew_all()
            except BaseflyError as error:
                log.warning("sync.leases_not_renewed", reason=str(error))

    async def _renew_all(self) -> None:
        for cluster_id, owned in list(self._owned.items()):
            if not await leases.renew(self._house.db, owned.lease):
                log.warning("sync.lease_lost", cluster=str(cluster_id))
                owned.task.cancel()

    async def _clear(self, org_id: UUID, cluster_id: UUID) -> None:
        """The cluster was removed: its rows, which it alone could keep true, go in small pieces."""
        while True:
            async with self._house.db.transaction(org_id) as tx:
                if await merge.delete_cluster_objects(tx, cluster_id) == 0:
                    await streams.delete_cluster_streams(tx, cluster_id)
                    await tx.notify(f"inventory/{cluster_id}/*")
                    return
