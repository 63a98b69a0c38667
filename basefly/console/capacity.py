"""How much of the fleet is requested. Summing up pods reads them all, so the sums of a cluster are kept for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.core.inventory.answers import READ
from basefly.core.inventory.store import fleet
from basefly.core.inventory.store.fleet import Capacity

KEPT = 30.0  # s


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Requested of offered: cores, bytes and pods, summed over `clusters` of them. `as_of` is when it was summed up."""

    cpu: float
    cpu_requested: float
    memory: float
    memory_requested: float
    pods: int
    pods_running: int
    clusters: int
    as_of: datetime


class Capacities:
    """The sums of this process, by cluster."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[UUID, tuple[float, datetime, Capacity]] = {}
        self._summing = asyncio.Lock()  # one reader of all pods at a time; the others find what it found

    async def of(self, tx: Tx, by: Principal, clusters: Iterable[UUID]) -> Usage | None:
        """The sum over those of the clusters that `by` sees whole; None if there is none with a node."""
        whole = [c for c in clusters if by.may(READ, c)]
        async with self._summing:
            await self._sum_up(tx, whole)
        held = [self._held[c] for c in whole if c in self._held]
        found = [capacity for _, _, capacity in held if capacity.cpu]
        if not found:
            return None
        return Usage(
            cpu=sum(c.cpu for c in found),
            cpu_requested=sum(c.cpu_requested for c in found),
            memory=sum(c.memory for c in found),
            memory_requested=sum(c.memory_requested for c in found),
            pods=sum(c.pods for c in found),
            pods_running=sum(c.pods_running for c in found),
            clusters=len(found),
            as_of=min(at for _, at, _ in held),
        )

    async def _sum_up(self, tx: Tx, clusters: Sequence[UUID]) -> None:
        now = self._clock()
        stale = [c for c in clusters if c not in self._held or now - self._held[c][0] > KEPT]
        if not stale:
            return
        at = datetime.now(UTC)
        found = {capacity.cluster_id: capacity for capacity in await fleet.get_capacity(tx, stale)}
        for cluster in stale:
            self._held[cluster] = (now, at, found.get(cluster, Capacity(cluster_id=cluster)))
