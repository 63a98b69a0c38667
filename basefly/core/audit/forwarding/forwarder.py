"""What sends records on by itself: each stream by one process at a time, from where it stands, with growing pauses."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import timedelta
from uuid import UUID

import structlog

from basefly.base.db import lease as leases
from basefly.base.db.lease import Lease, LeaseLost, fence
from basefly.base.errors import BaseflyError
from basefly.base.resilience.ending import end
from basefly.base.resilience.waiting import happens
from basefly.base.runtime.house import House
from basefly.base.telemetry.metrics import Counter
from basefly.core.audit import personal
from basefly.core.audit import store as records
from basefly.core.audit.actions import record
from basefly.core.audit.chain import checkpoints
from basefly.core.audit.chain import store as chain
from basefly.core.audit.forwarding import sending, store
from basefly.core.audit.forwarding.actions import purpose
from basefly.core.audit.forwarding.model import Stream
from basefly.core.audit.forwarding.sending import Batch, Refused

LEASE = timedelta(seconds=90)
BATCH = 200  # records to a delivery
SWEEP = 15.0  # s; notices make it sooner
FIRST, LAST = 2.0, 3600.0  # s: the pause after the first failure, and the longest
TOPIC = "audit/streams"

_SENT = Counter("basefly_audit_forwarded_total", "Audit records that arrived at a stream's receiver", ["kind"])
_FAILED = Counter("basefly_audit_forward_failures_total", "Deliveries of audit records that did not arrive", ["kind"])

log = structlog.get_logger(__name__)


class Forwarder:
    """Sends what streams lack."""

    name = "audit.forward"

    def __init__(self, house: House) -> None:
        self._house = house
        self._told: set[UUID] = set()
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Send until cancelled."""
        hearing = asyncio.create_task(self._hear(), name="audit stream notices")
        swept = 0.0
        try:
            while True:
                wanted, self._told = self._told, set()
                if time.monotonic() - swept > SWEEP or not swept:
                    swept = time.monotonic()
                    async with self._house.db.transaction() as tx:
                        wanted |= set(await chain.get_organizations(tx))
                for org_id in wanted:
                    await self.serve(org_id)
                await happens(self._wake, within=1.0)
                self._wake.clear()
        finally:
            await end(hearing)

    async def _hear(self) -> None:
        async with self._house.changes.subscribe(None, ["*/audit/records", f"*/{TOPIC}"]) as inbox:
            async for topics in inbox:
                self._told |= {UUID(topic.partition("/")[0]) for topic in topics if "/" in topic}
                self._wake.set()

    async def serve(self, org_id: UUID) -> None:
        """Send what is due to the streams of an organization; they do not wait for each other."""
        async with self._house.db.transaction(org_id) as tx:
            due = await store.get_due(tx)
        await asyncio.gather(*(self._serve(org_id, stream) for stream in due))

    async def _serve(self, org_id: UUID, stream: Stream) -> None:
        lease = await leases.acquire(self._house.db, f"audit-stream/{stream.id}", self._house.name, LEASE)
        if lease is None:
            return
        try:
            async with self._house.db.transaction(org_id) as tx:
                fresh = await store.get(tx, stream.id)
            if fresh is not None and fresh.behind:
                await self._deliver(org_id, fresh, lease)
        except LeaseLost:
            log.warning("a stream was overtaken", stream=str(stream.id))
        except BaseflyError as error:
            log.warning("a stream could not be served", stream=str(stream.id), error=str(error))
        finally:
            await leases.release(self._house.db, lease)

    async def _deliver(self, org_id: UUID, stream: Stream, lease: Lease) -> None:
        """One batch; the next comes with the next turn, so that no stream keeps the others waiting."""
        async with self._house.db.transaction(org_id) as tx:
            found = await personal.opened(tx, await records.get_range(tx, stream.cursor, BATCH))
            signed = await chain.get_last_checkpoint(tx)
            sealed = await store.get_secret(tx, stream.id)
            secret = await self._house.vault.open(tx, sealed, purpose=purpose(stream.id)) if sealed else b""
        last = min(stream.cursor + BATCH, stream.cursor + stream.behind)
        if found:
            batch = Batch(org_id, found[0].seq or 0, last, found, checkpoints.line(org_id, signed) if signed else None)
            private = self._house.settings.private_clusters
            try:
                await sending.send(stream, batch, secret=secret.decode(), private=private)
            except (Refused, OSError, TimeoutError) as error:
                await self._fail(org_id, stream, lease, error)
                return
            _SENT.labels(stream.kind).inc(len(found))
        async with self._house.db.transaction(org_id) as tx:
            await fence(tx, lease)
            await store.note_arrival(tx, stream.id, last)
            await tx.notify(TOPIC)

    async def _fail(self, org_id: UUID, stream: Stream, lease: Lease, error: Exception) -> None:
        _FAILED.labels(stream.kind).inc()
        told = str(error)[:300] or ("It did not answer in time." if isinstance(error, TimeoutError) else "It failed.")
        ceiling = min(LAST, FIRST * 2 ** min(stream.failures, 16))
        pause = timedelta(seconds=random.uniform(ceiling / 2, ceiling))  # noqa: S311  # jitter is no secret
        async with self._house.db.transaction(org_id) as tx:
            await fence(tx, lease)
            dead = await store.note_failure(tx, stream.id, told, pause)
            if dead:
                detail = {"name": stream.name, "error": told, "cursor": stream.cursor}
                await record(tx, None, "audit.stream_stopped", f"audit/streams/{stream.id}", detail, outcome="failed")
        log.warning("a stream did not take its records", stream=str(stream.id), error=told, dead=dead)
