"""What the sync does by itself: follows its share of the clusters, as processes come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
import structlog

from basefly.base.db import Error
from basefly.base.db import lease as leases
from basefly.base.db.lease import Lease
from basefly.base.errors import BaseflyError
from basefly.base.kube.watch import Pace, Turns
from basefly.base.resilience.ending import end
from basefly.base.resilience.relapses import Relapses
from basefly.base.resilience.waiting import happens
from basefly.base.runtime import processes
from basefly.base.runtime.house import House
from basefly.base.telemetry.metrics import Gauge
from basefly.core.access import store as access
from basefly.core.clusters import store as clusters
from basefly.core.clusters.connections import Connections
from basefly.core.clusters.model import ClusterState
from basefly.core.sync.cluster import ClusterSync
from basefly.core.sync.sharing import shares
from basefly.core.sync.sharing.shares import Sharer
from basefly.core.sync.store import merge, streams
from basefly.core.sync.witness import Witnesses
from basefly.core.sync.writing.writer import Writer

LEASE = timedelta(seconds=10)  # what a killed process holds is followed again within this
RENEW_EVERY = 3.0  # s
LISTS = 8  # lists read at the same time, over all clusters: bounds memory and the first rush
ATTEMPTS = 2  # of each stream, until those of its cluster take turns: one that is ill is not asked for each of them
LOOK_EVERY = 5.0  # s; notices make it sooner
TOGETHER = 0.2  # s in which several notices, as of clusters that fall ill together, become one look
LATE = 5.0  # s of silence, after which others follow what a process was to take and has not: it may be paused
LOOK_AGAIN = 0.5  # s, while a cluster of ours is still held by whoever had it before
FREED = "hub/leases"  # the topic: somebody has let go of clusters that may be others' now

_FOLLOWED = Gauge("basefly_sync_clusters", "Clusters that this process follows")

log = structlog.get_logger()


class Owned(msgspec.Struct):
    """A cluster this process follows: whose it is, under which lease, with which credentials, in which task."""

    org_id: UUID
    lease: Lease
    credentials_version: int
    task: asyncio.Task[None]


class SyncController:
    """Follows the clusters that rendezvous hashing gives to this process; each has one owner, by a fenced lease."""

    name = "sync.follow"

    def __init__(self, house: House, me: str = "") -> None:
        self._house = house
        self._me = Sharer(me or house.name, house.settings.region)
        self._pace = Pace(lists=Turns(LISTS), streamed=False, attempts=ATTEMPTS)
        self._writers: dict[UUID, tuple[Writer, asyncio.Task[None]]] = {}
        self._owned: dict[UUID, Owned] = {}
        self._ending: dict[UUID, asyncio.Task[None]] = {}  # what we followed, and have let go of a moment ago
        self._followed = house.get(Connections).followed
        self._relapses = Relapses()  # clusters that fail by a mistake of ours: each begins again later and later
        self._wake = asyncio.Event()  # a cluster came, left, or has new credentials; or a process did

    async def run(self) -> None:
        """Take, follow and release clusters until cancelled; then release all."""
        background = [
            asyncio.create_task(self._beat(), name="sync leases"),
            asyncio.create_task(self._hear(), name="sync notices"),
        ]
        try:
            while True:
                if await happens(self._wake, within=await self._looked()):
                    await asyncio.sleep(TOGETHER)
                self._wake.clear()
        finally:
            await end(*background)  # or we would say that we live while we leave
            left = [processes.leave(self._house.db, self._me.name, ["sync"]), self._release(*self._owned)]
            await asyncio.gather(*left, return_exceptions=True)  # what is not given back runs out by itself
            await asyncio.gather(*self._ending.values(), return_exceptions=True)
            await end(*(task for _, task in self._writers.values()))

    async def _announce(self) -> None:
        await processes.announce(self._house.life, self._me.name, ["sync"], self._me.regions)

    async def _hear(self) -> None:
        async with self._house.changes.subscribe(None, ["*/clusters/*", processes.TOPIC, FREED]) as inbox:
            async for _ in inbox:
                self._wake.set()

    async def _looked(self) -> float:
        """Look, whatever the database does: who gave up after each interruption would follow nothing for minutes."""
        try:
            await self._announce()
            return await self._look()
        except (Error, BaseflyError) as error:
            log.warning("sync.not_looked", reason=str(error))
            return LOOK_AGAIN

    async def _look(self) -> float:
        """Bring what we follow in line with what is ours; returns the seconds after which to look again."""
        async with self._house.db.transaction() as tx:
            living = await processes.living(tx, "sync")
            organizations = await access.get_organization_ids(tx)
        sharers = {one.name: Sharer(one.name, one.regions) for one in living} | {self._me.name: self._me}
        await self._release(*(c for c, owned in self._owned.items() if owned.org_id not in organizations))
        late_in = {one.name: one.ends_in - (processes.LIFE.total_seconds() - LATE) for one in living}
        late = {name for name, seconds in late_in.items() if seconds <= 0 and name != self._me.name}
        waits = [await self._share_out(org_id, list(sharers.values()), late) for org_id in organizations]
        changes = [*(one.ends_in for one in living), *(seconds for seconds in late_in.values() if seconds > 0)]
        return LOOK_AGAIN if any(waits) else min([LOOK_EVERY, *changes])

    async def _share_out(self, org_id: UUID, sharers: Sequence[Sharer], late: Collection[str] = ()) -> bool:
        """Take what is ours of an organization, let go of what is not; whether something of ours is still held."""
        await self._bury_writer(org_id)
        async with self._house.db.transaction(org_id) as tx:
            states = await clusters.get_states(tx)
            removed = await streams.get_removed(tx)
        mine = {c.id: c for c in states if shares.owner(c.id, c.region, sharers) == self._me.name}
        ours = {c: owned for c, owned in self._owned.items() if owned.org_id == org_id}
        # Of what belongs to one that is late only what it does not hold can be taken; it gets that back when it speaks.
        wanted = mine | {c.id: c for c in states if shares.stands_in(c.id, c.region, sharers, late) == self._me.name}
        await self._release(*(c for c, owned in ours.items() if c not in wanted or owned.task.done()))
        await self._take_up_credentials(org_id, wanted)
        free = wanted.keys() - self._owned.keys() - self._ending.keys()
        await self._take(org_id, {c: wanted[c] for c in free if self._relapses.may_begin(c)})
        for cluster_id in removed:
            if shares.owner(cluster_id, "", sharers) == self._me.name:
                await self._clear(org_id, cluster_id)
        return not mine.keys() <= self._owned.keys()

    async def _take_up_credentials(self, org_id: UUID, mine: Mapping[UUID, ClusterState]) -> None:
        """A cluster with new credentials is begun anew."""
        for cluster_id, state in mine.items():
            owned = self._owned.get(cluster_id)
            if owned and owned.credentials_version != state.credentials_version:
                await self._release(cluster_id)
                async with self._house.db.transaction(org_id) as tx:
                    await streams.forget_positions(tx, cluster_id, "new credentials; reading it anew")
                self._relapses.forget(cluster_id)

    async def _take(self, org_id: UUID, wanted: Mapping[UUID, ClusterState]) -> None:
        if not wanted:
            return
        named = {f"sync/{cluster_id}": state for cluster_id, state in wanted.items()}
        for lease in await leases.claim(self._house.db, list(named), self._me.name, LEASE):
            state = named[lease.name]
            writer = self._writer(org_id)
            lost = writer.admit(state.id, lease)
            task = asyncio.create_task(self._follow(org_id, state.id, writer, lost), name=f"sync {state.id}")
            self._owned[state.id] = Owned(org_id, lease, state.credentials_version, task)
            self._note(state.id)
            log.info("sync.cluster_taken", cluster=str(state.id), epoch=lease.epoch)

    def _note(self, cluster_id: UUID) -> None:
        """Whoever else in this process serves what it follows (the prober) sees it there."""
        if cluster_id in self._owned:
            self._followed.add(cluster_id)
        else:
            self._followed.discard(cluster_id)
        _FOLLOWED.set(len(self._followed))

    def _writer(self, org_id: UUID) -> Writer:
        if org_id not in self._writers:
            writer = Writer(self._house.db, org_id, self._house.get(Witnesses).chosen)
            self._writers[org_id] = (writer, asyncio.create_task(writer.run(), name=f"sync writer {org_id}"))
        return self._writers[org_id][0]

    async def _bury_writer(self, org_id: UUID) -> None:
        """A writer ends only by a mistake of ours. Its clusters start anew from what it had written."""
        if org_id not in self._writers or not self._writers[org_id][1].done():
            return
        _, task = self._writers.pop(org_id)
        log.error("sync.writer_failed", exc_info=None if task.cancelled() else task.exception())
        await self._release(*(c for c, owned in self._owned.items() if owned.org_id == org_id))

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
            writer.confess(cluster_id)
        finally:
            await end(following, losing)
            if lost.is_set():
                self._wake.set()  # whoever has it now may be no more by then, or it may be ours again

    async def _release(self, *cluster_ids: UUID) -> None:
        """Let whoever is next have these at once: what followed them may take a while to end, but writes no more."""
        released = {c: self._owned.pop(c) for c in cluster_ids if c in self._owned}
        if not released:
            return
        for org_id, (writer, _) in self._writers.items():
            writer.dismiss(*(cluster_id for cluster_id, owned in released.items() if owned.org_id == org_id))
        for cluster_id, owned in released.items():
            self._note(cluster_id)
            self._ending[cluster_id] = asyncio.create_task(self._end(cluster_id, owned.task), name="sync ending")
            log.info("sync.cluster_released", cluster=str(cluster_id), epoch=owned.lease.epoch)
        await leases.release(self._house.db, *(owned.lease for owned in released.values()))
        async with self._house.db.transaction() as tx:
            await processes.tell(tx, FREED)

    async def _end(self, cluster_id: UUID, following: asyncio.Task[None]) -> None:
        for failure in await end(following):
            ours = not isinstance(failure, Error | BaseflyError)  # the others pass, with the database
            rest = self._relapses.failed(cluster_id) if ours else 0.0
            log.warning("sync.cluster_failed", cluster=str(cluster_id), again_in=rest, exc_info=failure)
        del self._ending[cluster_id]

    async def _beat(self) -> None:
        """Say that we live, and keep the leases. One that cannot be kept is let go before anyone else may hold it.

        While the database is away nothing is lost: without it nobody can write, and nobody can take over.
        """
        while True:
            await asyncio.sleep(RENEW_EVERY)
            try:
                await self._announce()
                await self._renew([owned.lease for owned in self._owned.values()])
            except (Error, BaseflyError) as error:
                log.warning("sync.leases_not_renewed", reason=str(error))

    async def _renew(self, held: Iterable[Lease]) -> None:
        over = await leases.renew_all(self._house.life, list(held))
        for cluster_id, owned in list(self._owned.items()):
            if owned.lease in over:
                log.warning("sync.lease_lost", cluster=str(cluster_id), epoch=owned.lease.epoch)
                owned.task.cancel()
                self._wake.set()

    async def _clear(self, org_id: UUID, cluster_id: UUID) -> None:
        """The cluster was removed: its rows, which it alone could keep true, go in small pieces."""
        while True:
            async with self._house.db.transaction(org_id) as tx:
                if await merge.delete_cluster_objects(tx, cluster_id) == 0:
                    await streams.delete_cluster_streams(tx, cluster_id)
                    await tx.notify(f"inventory/{cluster_id}/*")
                    return
