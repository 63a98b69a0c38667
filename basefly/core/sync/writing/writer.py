"""The one pen that writes rows: gathers what many streams report and writes it in sets, one transaction a batch."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import structlog

from basefly.base.db import Error
from basefly.base.db.lease import Lease, LeaseLost, fence
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Conflict
from basefly.base.resilience.waiting import happens
from basefly.base.telemetry.metrics import Counter
from basefly.core.clusters.actions import note_restored
from basefly.core.sync.kind import Row
from basefly.core.sync.model import Place, StreamState
from basefly.core.sync.store import merge, streams
from basefly.core.sync.store.merge import Change, Gone, copy_line
from basefly.core.sync.witness import Eye, Glimpse, Nobody, Seen, Witness
from basefly.core.sync.writing.batch import Batch
from basefly.core.sync.writing.poison import REFUSED, Poison

FLUSH_WITHIN = 0.1  # s: at most this long a change waits for others to be written with
FLUSH_AFTER = 0.01  # s: and at least this long, so that what happens together is written together
BATCH = 3_000  # changes: enough of them are written at once without waiting
PARTS = 3  # of a batch of lists, written side by side: more would take every connection that the hub has for itself
SHARED = 4_000  # changes that are written at once; of more, each cluster's fair share
BUDGET = 4_000  # changes of one cluster that may wait; then its streams wait, and nobody else's
BUDGET_OF_ALL = 16_000  # changes of all clusters that may wait; then those wait of which there are more than their
SHARE = 200  # changes, so that a flood of many delays no cluster at peace
HEFT = 4_096  # bytes of a row, or of a glimpse, that count as one change more: no change brings more than that

_REFUSED = Counter("basefly_sync_refused_writes", "Batches of a cluster that somebody else followed by then")

log = structlog.get_logger()


class Writer:
    """Writes for one organization. `run` must be running for anything to happen.

    What watches tell is written before what lists show, so that a change of a live cluster never waits for another's
    first list, and lists a batch at a time. What comes of a place after its list waits behind it.
    """

    def __init__(self, db: Database, org_id: UUID, witness: Witness | None = None) -> None:
        self._db = db
        self._org_id = org_id
        self.witness = witness or Nobody()
        self.eye: Eye | None = None
        self._fresh = Batch()
        self._backlog = Batch()  # of lists
        self._poison = Poison()
        self._waiting: dict[UUID, int] = {}  # what waits, or is being written, in hefts
        self._held = 0  # of all clusters
        self._leases: dict[UUID, Lease] = {}
        self._lost: dict[UUID, asyncio.Event] = {}
        self._failures: dict[UUID, Exception] = {}  # why clusters were lost, if by a mistake of ours
        self._room = asyncio.Condition()
        self._work = asyncio.Event()
        self._full = asyncio.Event()
        self._written_at = 0.0

    async def open_eye(self, tx: Tx) -> None:
        """Have the witness look at what comes, unless it does."""
        self.eye = self.eye or await self.witness.open(tx)

    def admit(self, cluster_id: UUID, lease: Lease) -> asyncio.Event:
        """Write for this cluster while the lease holds; the event is set when it was found lost."""
        self._leases[cluster_id] = lease
        self._lost[cluster_id] = asyncio.Event()
        return self._lost[cluster_id]

    def confess(self, cluster_id: UUID) -> None:
        """Raise what the cluster could not be written for, if that is why it was lost."""
        if (failure := self._failures.pop(cluster_id, None)) is not None:
            raise failure

    async def guard(self, tx: Tx, cluster_id: UUID) -> None:
        """For whoever writes about the cluster beside us: raises (LeaseLost, Conflict) unless we may."""
        lease = self._leases.get(cluster_id)
        if lease is None:
            raise Conflict("This process follows the cluster no more.")
        await fence(tx, lease)

    def dismiss(self, *clusters: UUID) -> None:
        """Forget these clusters and whatever still waits for them: all at once: each time everything is looked at."""
        gone = {*clusters}
        for cluster_id in gone:
            self._leases.pop(cluster_id, None)
            self._lost.pop(cluster_id, None)
        for batch in (self._fresh, self._backlog):
            self._settle({place: heft for place, heft in batch.hefts.items() if place.cluster_id in gone})
        self._fresh, self._backlog = self._fresh.without(*gone), self._backlog.without(*gone)

    @property
    def waits(self) -> int:
        """How much waits to be written or is being written: changes, large ones counted as several."""
        return self._held

    async def put(
        self, place: Place, uid: str, row: Row | None, resource_version: str, glimpse: Glimpse | None = None
    ) -> None:
        """Report an object as it is now (None: deleted), and the version it brought: "" within a list.

        Waits while too much of its cluster waits to be written, or of all clusters and not little of its own.
        """
        heft = _heft(row, glimpse)
        cluster_id = place.cluster_id
        waiting = self._waiting.get(cluster_id, 0)
        if waiting >= BUDGET or (self._held >= BUDGET_OF_ALL and waiting >= SHARE):
            waiting = await self._wait_for_room(cluster_id)
        self._waiting[cluster_id] = waiting + heft
        self._held += heft
        known = self._poison.instead(place, row) if row else None
        batch = self._batch(place) if resource_version else self._behind(place)
        batch.change(place, uid, known, glimpse if known is row else None, heft)
        if resource_version:
            batch.move(place, resource_version)
        self._wake()

    def move(self, place: Place, resource_version: str) -> None:
        """Nothing changed up to this version."""
        self._batch(place).move(place, resource_version)
        self._wake()

    def listed(self, place: Place, uids: Iterable[str], resource_version: str, *, restored: bool = False) -> None:
        """A complete list has been reported; what it did not show is gone."""
        self._batch(place).listed(place, uids, resource_version, restored=restored)
        self._wake()

    def state(self, place: Place, state: StreamState, reason: str) -> None:
        """The stream fares otherwise from here on: behind all that it reported before, for else that would hide it."""
        standing = self._batch(place).standing(place)
        standing.state, standing.reason = state, reason.replace("\0", "")
        if state == "listing":
            standing.anew, standing.skipped = True, 0
        self._wake()

    def owe(self, place: Place, *, doubtful: bool, due: bool) -> None:
        """Whether a list is due at once, or when the watch ends."""
        standing = self._batch(place).standing(place)
        standing.doubtful, standing.due = doubtful, due
        self._wake()

    def skip(self, place: Place, reason: str) -> None:
        """An object could not be read, not even its name."""
        standing = self._batch(place).standing(place)
        standing.skipped, standing.reason = standing.skipped + 1, reason.replace("\0", "")
        self._wake()

    async def run(self) -> None:
        """Write batches until cancelled."""
        while True:
            await self._work.wait()
            await self._gather()
            self._work.clear()
            self._full.clear()
            fresh, self._fresh = self._fresh.shared(SHARED)
            left = bool(self._fresh)
            await self._write_and_settle(fresh)
            backlog, self._backlog = self._backlog.split(BATCH)
            async with asyncio.TaskGroup() as group:  # while PostgreSQL merges the one, we make the others ready
                for part in backlog.parts(PARTS):
                    group.create_task(self._write_and_settle(part))
            self._written_at = asyncio.get_running_loop().time()
            if left or self._backlog:  # what only came meanwhile waits for company, or each batch would be of a few
                self._work.set()
                self._full.set()

    async def _write_and_settle(self, batch: Batch) -> None:
        if not batch:
            return
        await self._write_or_salvage(batch)
        self._settle(batch.hefts)
        async with self._room:
            self._room.notify_all()

    def _settle(self, hefts: Mapping[Place, int]) -> None:
        """These no longer wait."""
        for place, heft in hefts.items():
            left = self._waiting.pop(place.cluster_id, 0) - heft
            self._held -= heft
            if left > 0:
                self._waiting[place.cluster_id] = left

    def _batch(self, place: Place) -> Batch:
        """Where what is told of a place now belongs: behind its list, while that waits."""
        return self._backlog if self._backlog.knows(place) else self._fresh

    def _behind(self, place: Place) -> Batch:
        """Where what a list shows belongs: behind what was told of its place before, which now waits with it."""
        if not self._backlog.knows(place) and self._fresh.knows(place):
            self._backlog.take(self._fresh, place)
        return self._backlog

    async def _wait_for_room(self, cluster_id: UUID) -> int:
        def room() -> bool:
            waiting = self._waiting.get(cluster_id, 0)
            return waiting < SHARE or (waiting < BUDGET and self._held < BUDGET_OF_ALL)

        async with self._room:
            await self._room.wait_for(room)
        return self._waiting.get(cluster_id, 0)

    def _wake(self) -> None:
        self._work.set()
        if self._held >= BATCH:
            self._full.set()

    async def _gather(self) -> None:
        """Wait for company: not at all long after a quiet time, longer while changes come one after another."""
        quiet = asyncio.get_running_loop().time() - self._written_at
        await happens(self._full, within=max(FLUSH_AFTER, FLUSH_WITHIN - quiet))

    async def _write_or_salvage(self, batch: Batch) -> None:
        """Write; what fails by a mistake of ours is written cluster by cluster: it costs only the one it is in."""
        try:
            await self._write_until_done(batch)
        except Exception:
            log.exception("sync.batch_failed", changes=len(batch.changes), clusters=len(batch.clusters()))
            for cluster_id in batch.clusters():
                try:
                    await self._write_until_done(batch.only(cluster_id), poisoned=True)
                except Exception as error:
                    log.exception("sync.cluster_not_written", cluster=str(cluster_id))
                    self._failures[cluster_id] = error
                    self._lose(cluster_id)

    async def _write_until_done(self, batch: Batch, *, poisoned: bool = False) -> None:
        """Write under the leases that hold now: what was gathered under one is never written under a later one."""
        wanted = batch.clusters()
        leases = {cluster_id: lease for cluster_id, lease in self._leases.items() if cluster_id in wanted}
        if strangers := wanted - leases.keys():
            batch = batch.without(*strangers)
        delay = 0.1
        while batch:
            try:
                if poisoned:
                    batch, poisoned = await self._without_poison(batch, leases), False
                await self._write(batch, leases)
            except LeaseLost as lost:
                _REFUSED.inc()
                log.warning("sync.write_refused", reason=str(lost))
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
        kept = [Change(place, row) for place, rows in batch.changes.items() for row in rows.values() if row is not None]
        gone = [
            Gone(place.cluster_id, place.resource, uid)
            for place, rows in batch.changes.items()
            for uid, row in rows.items()
            if row is None
        ]
        if gone:
            touched.update(await merge.delete_objects(tx, gone))
        if kept:
            touched.update(await merge.upsert_objects(tx, kept))
        if batch.sweeps:
            gone += await merge.sweep_objects(tx, batch.swept())
        await self._bear_witness(tx, batch, gone)
        for cluster_id in {place.cluster_id for place, standing in batch.standings.items() if standing.restored}:
            await note_restored(tx, cluster_id)
        return touched.union(await streams.update_standings(tx, batch.standings))

    async def _bear_witness(self, tx: Tx, batch: Batch, gone: Sequence[Gone]) -> None:
        """What is kept of it for later. A history that cannot be kept keeps no row from being true."""
        seen = [
            Seen(place, row, glimpse)
            for place, glimpses in batch.glimpses.items()
            for uid, glimpse in glimpses.items()
            if (row := batch.changes.get(place, {}).get(uid)) is not None
        ]
        gone = [one for one in gone if self.witness.wants(one.resource)]
        if not seen and not gone:
            return
        try:
            async with tx.attempt():
                touched = await self.witness.keep(tx, seen, gone)
        except REFUSED as error:
            log.warning("sync.history_refused", objects=len(seen), reason=str(error))
        else:
            await tx.notify(*(f"inventory/{cluster_id}/changes" for cluster_id in touched))

    def _forget(self, leases: Mapping[UUID, Lease], lost: Lease) -> UUID:
        """The cluster whose lease this was; unless it was dismissed in the meantime, whoever follows it is told."""
        cluster_id = next(cluster_id for cluster_id, lease in leases.items() if lease == lost)
        if self._leases.get(cluster_id) == lost:
            self._lose(cluster_id)
        return cluster_id

    def _lose(self, cluster_id: UUID) -> None:
        """Write no more for this cluster, and tell whoever follows it: it begins anew from what was written."""
        if (lost := self._lost.get(cluster_id)) is not None:
            lost.set()
        self.dismiss(cluster_id)

    async def _without_poison(self, batch: Batch, leases: Mapping[UUID, Lease]) -> Batch:
        """The batch with the objects that the database will not take set aside: kept is that they are odd, and why."""
        rows = [Change(place, row) for place, row in batch.rows()]
        odd = await self._poison.find(rows, lambda changes: self._refusal(changes, leases))
        for place, uid in odd:
            log.warning("sync.object_odd", cluster=str(place.cluster_id), resource=place.resource, uid=uid)
        batch.instead(odd)
        return batch

    async def _refusal(self, changes: Sequence[Change], leases: Mapping[UUID, Lease]) -> str | None:
        try:
            for change in changes:
                copy_line(change)
            async with self._db.transaction(self._org_id) as tx:
                await fence(tx, *(leases[cluster_id] for cluster_id in {one.place.cluster_id for one in changes}))
                await merge.upsert_objects(tx, changes)
        except REFUSED as error:
            return str(error).splitlines()[0]
        except (Error, BaseflyError):
            raise
        except Exception as error:  # a mistake of ours about one object hides no other
            log.exception("sync.object_failed", objects=len(changes))
            return f"{type(error).__name__}: {error}"
        return None


def _heft(row: Row | None, glimpse: Glimpse | None) -> int:
    heft = 1 if row is None else 1 + (len(row.cells) + len(row.labels)) // HEFT
    return heft + len(glimpse.text) // HEFT if glimpse else heft
