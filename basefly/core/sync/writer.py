"""The one pen that writes rows: gathers what many streams report and writes it in sets, one transaction a batch."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec
import structlog

from basefly.base.db import DataError, Error
from basefly.base.db.lease import Lease, LeaseLost, fence
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Invalid
from basefly.base.resilience.waiting import happens
from basefly.core.clusters.actions import note_restored
from basefly.core.sync.kind import Row, unreadable
from basefly.core.sync.model import Place, Standing, StreamState
from basefly.core.sync.store import merge, streams
from basefly.core.sync.store.merge import Change, Gone, Sweep, copy_line

FLUSH_WITHIN = 0.1  # s: at most this long a change waits for others to be written with
FLUSH_AFTER = 0.01  # s: and at least this long, so that what happens together is written together
BATCH = 2_000  # changes: enough of them are written at once without waiting
BUDGET = 4_000  # changes of one cluster that may wait; then its streams wait, and nobody else's
REFUSED = (DataError, Invalid, ValueError)  # the database will never take it

log = structlog.get_logger()


class Batch(msgspec.Struct):
    """What waits to be written. The last word on an object wins: its stream reports in order."""

    changes: dict[tuple[Place, str], Row | None] = {}  # None: deleted
    sweeps: dict[Place, set[str]] = {}  # uids which a complete list showed
    standings: dict[Place, Standing] = {}

    def change(self, place: Place, uid: str, row: Row | None) -> None:
        self.changes[place, uid] = row
        if row is not None and place in self.sweeps:
            self.sweeps[place].add(uid)  # it came after the list, so the list could not show it

    def move(self, place: Place, resource_version: str) -> None:
        standing = self.standing(place)
        standing.resource_version, standing.state = resource_version, "live"
        standing.reason = standing.reason if standing.skipped else ""

    def listed(self, place: Place, uids: Iterable[str], resource_version: str, *, restored: bool) -> None:
        self.sweeps[place] = set(uids)
        self.move(place, resource_version)
        self.standings[place].listed = True
        self.standings[place].restored |= restored

    def standing(self, place: Place) -> Standing:
        return self.standings.setdefault(place, Standing())

    def clusters(self) -> set[UUID]:
        return {place.cluster_id for place, _ in self.changes} | {place.cluster_id for place in self.standings}

    def swept(self) -> list[Sweep]:
        return [
            Sweep(place, uids, "restored" if self.standings[place].restored else "missed")
            for place, uids in self.sweeps.items()
        ]

    def without(self, cluster_id: UUID) -> Batch:
        return Batch(
            {key: row for key, row in self.changes.items() if key[0].cluster_id != cluster_id},
            {place: uids for place, uids in self.sweeps.items() if place.cluster_id != cluster_id},
            {place: standing for place, standing in self.standings.items() if place.cluster_id != cluster_id},
        )


class Writer:
    """Writes for one organization. `run` must be running for anything to happen."""

    def __init__(self, db: Database, org_id: UUID) -> None:
        self._db = db
        self._org_id = org_id
        self._batch = Batch()
        self._waiting: dict[UUID, int] = {}
        self._leases: dict[UUID, Lease] = {}
        self._lost: dict[UUID, asyncio.Event] = {}
        self._room = asyncio.Condition()
        self._work = asyncio.Event()
        self._full = asyncio.Event()
        self._written_at = 0.0

    def admit(self, cluster_id: UUID, lease: Lease) -> asyncio.Event:
        """Write for this cluster while the lease holds; the event is set when it was found lost."""
        self._leases[cluster_id] = lease
        self._lost[cluster_id] = asyncio.Event()
        return self._lost[cluster_id]

    def dismiss(self, cluster_id: UUID) -> None:
        """Forget the cluster and whatever still waits for it."""
        self._leases.pop(cluster_id, None)
        self._lost.pop(cluster_id, None)
        self._waiting.pop(cluster_id, None)
        self._batch = self._batch.without(cluster_id)

    async def put(self, place: Place, uid: str, row: Row | None, resource_version: str) -> None:
        """Report an object as it is now (None: deleted), and the version it brought: "" within a list."""
        await self._budget(place.cluster_id)
        self._batch.change(place, uid, row)
        if resource_version:
            self._batch.move(place, resource_version)
        self._wake()

    def move(self, place: Place, resource_version: str) -> None:
        """Nothing changed up to this version."""
        self._batch.move(place, resource_version)
        self._wake()

    def listed(self, place: Place, uids: Iterable[str], resource_version: str, *, restored: bool = False) -> None:
        """A complete list has been reported; what it did not show is gone."""
        self._batch.listed(place, uids, resource_version, restored=restored)
        self._wake()

    def state(self, place: Place, state: StreamState, reason: str) -> None:
        """The stream fares otherwise from here on: behind all that it reported before, for else that would hide it."""
        standing = self._batch.standing(place)
        standing.state, standing.reason = state, reason.replace("\0", "")
        if state == "listing":
            standing.anew, standing.skipped = True, 0
        self._wake()

    def owe(self, place: Place, *, doubtful: bool, due: bool) -> None:
        """Whether a list is due at once, or when the watch ends."""
        standing = self._batch.standing(place)
        standing.doubtful, standing.due = doubtful, due
        self._wake()

    def skip(self, place: Place, reason: str) -> None:
        """An object could not be read, not even its name."""
        standing = self._batch.standing(place)
        standing.skipped, standing.reason = standing.skipped + 1, reason.replace("\0", "")
        self._wake()

    async def run(self) -> None:
        """Write batches until cancelled."""
        while True:
            await self._work.wait()
            await self._gather()
            batch, self._batch = self._batch, Batch()
            self._work.clear()
            self._full.clear()
            await self._write_until_done(batch)
            self._written_at = asyncio.get_running_loop().time()
            async with self._room:
                self._waiting.clear()
                self._room.notify_all()

    async def _budget(self, cluster_id: UUID) -> None:
        if self._waiting.get(cluster_id, 0) >= BUDGET:
            async with self._room:
                await self._room.wait_for(lambda: self._waiting.get(cluster_id, 0) < BUDGET)
        self._waiting[cluster_id] = self._waiting.get(cluster_id, 0) + 1

    def _wake(self) -> None:
        self._work.set()
        if len(self._batch.changes) >= BATCH:
            self._full.set()

    async def _gather(self) -> None:
        """Wait for company: not at all long after a quiet time, longer while changes come one after another."""
        quiet = asyncio.get_running_loop().time() - self._written_at
        await happens(self._full, within=max(FLUSH_AFTER, FLUSH_WITHIN - quiet))

    async def _write_until_done(self, batch: Batch) -> None:
        """Write under the leases that hold now: what was gathered under one is never written under a later one."""
        leases = {cluster_id: lease for cluster_id, lease in self._leases.items() if cluster_id in batch.clusters()}
        for stranger in batch.clusters() - leases.keys():
            batch = batch.without(stranger)
        delay, poisoned = 0.1, False
        while batch.standings or batch.changes:
            try:
                if poisoned:
                    batch, poisoned = await self._without_poison(batch, leases), False
                await self._write(batch, leases)
            except LeaseLost as lost:
                batch = batch.without(self._forget(leases, lost.lease))
            except REFUSED as error:
                log.warning("sync.batch_refused", changes=len(batch.changes), reason=str(error))
                poisoned = True
            except (Error, BaseflyError) as error:
                log.warning("sync.database_away", reason=str(error), retry_in=round(delay, 1))
                await asyncio.sleep(random.uniform(delay / 2, delay))  # noqa: S311  # jitter, not a secret
                delay = min(delay * 2, 5.0)
            else:
                return

    async def _write(self, batch: Batch, leases: Mapping[UUID, Lease]) -> None:
        async with self._db.transaction(self._org_id) as tx:
            await fence(tx, *(leases[cluster_id] for cluster_id in batch.clusters()))
            touched = await self._apply(tx, batch)
            await tx.notify(*(f"inventory/{place.cluster_id}/{place.resource}" for place in touched))

    async def _apply(self, tx: Tx, batch: Batch) -> set[Place]:
        touched: set[Place] = set()
        kept = [Change(place, row) for (place, _), row in batch.changes.items() if row is not None]
        gone = [
            Gone(place.cluster_id, place.resource, uid) for (place, uid), row in batch.changes.items() if row is None
        ]
        if gone:
            touched.update(await merge.delete_objects(tx, gone))
        if kept:
            touched.update(await merge.upsert_objects(tx, kept))
        if batch.sweeps:
            await merge.sweep_objects(tx, batch.swept())
        for cluster_id in {place.cluster_id for place, standing in batch.standings.items() if standing.restored}:
            await note_restored(tx, cluster_id)
        return touched.union(await streams.update_standings(tx, batch.standings))

    def _forget(self, leases: Mapping[UUID, Lease], lost: Lease) -> UUID:
        """The cluster whose lease this was; unless it was dismissed in the meantime, whoever follows it is told."""
        cluster_id = next(cluster_id for cluster_id, lease in leases.items() if lease == lost)
        if self._leases.get(cluster_id) == lost:
            self._lost[cluster_id].set()
            self.dismiss(cluster_id)
        return cluster_id

    async def _without_poison(self, batch: Batch, leases: Mapping[UUID, Lease]) -> Batch:
        """Find the objects that the database will not take, one by one; in their place it is kept that they are odd."""
        sound: dict[tuple[Place, str], Row | None] = {}
        for (place, uid), row in batch.changes.items():
            sound[place, uid] = row
            reason = None if row is None else await self._refusal(Change(place, row), leases[place.cluster_id])
            if row is not None and reason is not None:
                log.warning("sync.object_odd", cluster=str(place.cluster_id), uid=uid, reason=reason)
                sound[place, uid] = unreadable(uid, row.namespace, row.name, reason)
        return Batch(sound, batch.sweeps, batch.standings)

    async def _refusal(self, change: Change, lease: Lease) -> str | None:
        try:
            copy_line(change)
            async with self._db.transaction(self._org_id) as tx:
                await fence(tx, lease)
                await merge.upsert_objects(tx, [change])
        except REFUSED as error:
            return str(error).splitlines()[0]
        return None
