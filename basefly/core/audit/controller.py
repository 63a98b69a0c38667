"""What the audit does by itself: it chains, signs, and makes room for the months to come."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from uuid import UUID

import structlog

from basefly.base.db import lease as leases
from basefly.base.db.lease import Lease, LeaseLost
from basefly.base.errors import BaseflyError, Unavailable
from basefly.base.resilience.ending import end
from basefly.base.runtime.house import House
from basefly.base.telemetry.metrics import Counter, Gauge
from basefly.core.audit.chain import checkpoints, sequencing, store, waiting

LEASE = timedelta(seconds=15)
RENEW = 5.0  # s
TICK = 0.3  # s between two looks at who has written
SWEEP = 15.0  # s between two looks at everybody: for what another process wrote and could not tell
CHECKPOINT = 300.0  # s
ALARM = 60.0  # s that a record may wait for its link
ROOM = 6 * 3600.0  # s between two looks at the months ahead
PENDING = "audit/pending"

_LAG = Gauge("basefly_audit_lag_seconds", "The age of the oldest audit record that is not chained yet")
_CHAINED = Counter("basefly_audit_chained_total", "Audit records that got their place in a chain")
_SIGNED = Counter("basefly_audit_checkpoints_total", "Checkpoints signed")

log = structlog.get_logger(__name__)


class Sequencer:
    """Chains every organization's records that no living process chains. Each has one sequencer, by a fenced lease."""

    name = "audit.sequence"

    def __init__(self, house: House) -> None:
        self._house = house
        self._held: dict[UUID, tuple[Lease, float]] = {}
        self._told: set[UUID] = set()
        self._unsigned: set[UUID] = set()
        self._swept = self._roomy = 0.0
        self._signed = time.monotonic()
        self._lags: dict[UUID, float] = {}

    async def run(self) -> None:
        """Chain until cancelled; then sign what there is, and give every chain back."""
        hearing = asyncio.create_task(self._hear(), name="audit notices")
        try:
            while True:
                await self._turn()
                await asyncio.sleep(TICK)
        finally:
            await end(hearing)
            await self._close()

    async def _hear(self) -> None:
        async with self._house.changes.subscribe(None, [f"*/{PENDING}"]) as inbox:
            async for topics in inbox:
                self._told |= {UUID(topic.partition("/")[0]) for topic in topics if "/" in topic}

    async def _turn(self) -> None:
        now = time.monotonic()
        ours, told = waiting.fresh(), self._told
        self._told = set()
        wanted = ours | told
        if now - self._swept > SWEEP:
            self._swept = now
            wanted |= await self._behind(wanted)
        for org_id in wanted:
            try:
                if not await self._chain(org_id) and org_id in ours:
                    async with self._house.db.transaction(org_id) as tx:  # who holds it may not know that we wrote
                        await tx.notify(PENDING)
            except Unavailable:
                raise
            except Exception:  # one chain that is broken stops no other
                log.exception("a chain could not go on", org_id=str(org_id))
        if now - self._signed > CHECKPOINT:
            self._signed = now
            await self._sign()
        if now - self._roomy > ROOM or not self._roomy:
            self._roomy = now
            await self._make_room()
        _LAG.set(max(self._lags.values(), default=0.0))

    async def _behind(self, but: set[UUID]) -> set[UUID]:
        """The other organizations whose records wait; those with an unsigned end are noted. One question to each."""
        async with self._house.db.transaction() as tx:
            every = await store.get_organizations(tx)
        behind: set[UUID] = set()
        for org_id in every:
            if org_id not in but:
                async with self._house.db.transaction(org_id) as tx:
                    head = await store.get_head(tx)
                if head.pending:
                    behind.add(org_id)
                elif head.seq > head.checkpoint_seq:
                    self._unsigned.add(org_id)
        return behind

    async def _chain(self, org_id: UUID) -> bool:
        """Link what waits; False when another process does that for this organization."""
        lease = await self._lease(org_id)
        if lease is None:
            self._lags.pop(org_id, None)
            return False
        try:
            while done := await sequencing.advance(self._house.db, org_id, lease):
                _CHAINED.inc(done)
                if done < sequencing.BATCH:
                    break
            await self._note_lag(org_id)
        except LeaseLost:
            self._held.pop(org_id, None)
            return False
        return True

    async def _note_lag(self, org_id: UUID) -> None:
        async with self._house.db.transaction(org_id) as tx:
            lag = (await store.get_head(tx)).lag
        self._lags[org_id] = lag
        if lag > ALARM:
            log.error("audit records wait for their place in the chain", org_id=str(org_id), seconds=round(lag, 1))

    async def _lease(self, org_id: UUID) -> Lease | None:
        now = time.monotonic()
        lease, renewed = self._held.get(org_id, (None, 0.0))
        if lease is not None and now - renewed < RENEW:
            return lease
        if lease is not None and await leases.renew(self._house.db, lease):
            self._held[org_id] = (lease, now)
            return lease
        self._held.pop(org_id, None)
        lease = await leases.acquire(self._house.db, f"audit/{org_id}", self._house.name, LEASE)
        if lease is not None:
            self._held[org_id] = (lease, now)
        return lease

    async def _sign(self) -> None:
        wanted, self._unsigned = self._unsigned | set(self._held), set()
        for org_id in wanted:
            try:
                if await self._lease(org_id) and await checkpoints.make(self._house.db, self._house.settings, org_id):
                    _SIGNED.inc()
            except (BaseflyError, OSError) as error:
                log.exception("a checkpoint could not be signed", org_id=str(org_id), error=str(error))

    async def _make_room(self) -> None:
        async with self._house.db.transaction() as tx:
            if made := await store.make_room(tx):
                log.info("audit months made", months=made)

    async def _close(self) -> None:
        """At the end: nothing unchained, nothing unsigned, and nobody has to wait for our leases."""
        try:
            async with asyncio.timeout(5):
                for org_id in list(self._held):
                    await self._chain(org_id)
                await self._sign()
                for lease, _ in self._held.values():
                    await leases.release(self._house.db, lease)
        except (BaseflyError, TimeoutError) as error:
            log.warning("the audit could not be closed in order", error=str(error))
        self._held.clear()
