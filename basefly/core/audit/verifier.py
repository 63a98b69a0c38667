"""Verifies every chain now and then, and when someone asks; a chain that is broken raises the alarm."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from basefly.base.db import lease as leases
from basefly.base.errors import BaseflyError
from basefly.base.resilience.ending import end
from basefly.base.resilience.waiting import happens
from basefly.base.runtime.house import House
from basefly.base.telemetry.metrics import Gauge
from basefly.core.audit.chain import store
from basefly.core.audit.chain.verifying import verdict

EVERY = timedelta(hours=1)
LEASE = timedelta(minutes=10)
LOOK = 60.0  # s
ASKED, TOLD = "audit/verify", "audit/verdict"

_BROKEN = Gauge("basefly_audit_broken_chains", "Organizations whose audit is not as it was written")

log = structlog.get_logger(__name__)


class Verifier:
    """Looks at each chain once an hour; each time by one process."""

    name = "audit.verify"

    def __init__(self, house: House) -> None:
        self._house = house
        self._asked: set[UUID] = set()
        self._wake = asyncio.Event()
        self._broken: set[UUID] = set()

    async def run(self) -> None:
        """Verify until cancelled."""
        hearing = asyncio.create_task(self._hear(), name="audit verify notices")
        try:
            while True:
                asked, self._asked = self._asked, set()
                async with self._house.db.transaction() as tx:
                    every = await store.get_organizations(tx)
                for org_id in every:
                    await self._look(org_id, asked=org_id in asked)
                await happens(self._wake, within=LOOK)
                self._wake.clear()
        finally:
            await end(hearing)

    async def _hear(self) -> None:
        async with self._house.changes.subscribe(None, [f"*/{ASKED}"]) as inbox:
            async for topics in inbox:
                self._asked |= {UUID(topic.partition("/")[0]) for topic in topics if "/" in topic}
                self._wake.set()

    async def _look(self, org_id: UUID, *, asked: bool) -> None:
        async with self._house.db.transaction(org_id) as tx:
            found, last = await store.get_verdict(tx), await store.get_last(tx)
        fresh = found is not None and datetime.now(UTC) - found.at < EVERY
        if last is None or (fresh and not asked):
            return
        lease = await leases.acquire(self._house.db, f"audit-verify/{org_id}", self._house.name, LEASE)
        if lease is None:
            return
        try:
            await self._verify(org_id)
        except BaseflyError as error:
            log.warning("the audit could not be verified", org_id=str(org_id), error=str(error))
        finally:
            await leases.release(self._house.db, lease)

    async def _verify(self, org_id: UUID) -> None:
        found = await verdict(self._house.db, self._house.settings, org_id)
        async with self._house.db.transaction(org_id) as tx:
            await store.upsert_verdict(tx, found)
            await tx.notify(TOLD)
        if found.ok:
            self._broken.discard(org_id)
        else:
            self._broken.add(org_id)
            first = found.findings[0]
            log.error("the audit is not as it was written", org_id=str(org_id), fault=first.fault, seq=first.seq)
        _BROKEN.set(len(self._broken))
