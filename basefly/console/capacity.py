"""How much of the fleet is requested. Summing up pods reads them all, so the sums of a cluster are kept for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import structlog

from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.resilience.ending import end
from basefly.core.inventory.answers import READ
from basefly.core.inventory.store import fleet
from basefly.core.inventory.store.fleet import Capacity

KEPT = 30.0  # s, and longer where there are more clusters than could be summed up in a tenth of it
EACH = 0.1  # s more for each cluster
AT_ONCE = 20  # clusters that are summed up while one waits; more than these behind one's back

log = structlog.get_logger(__name__)


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

    def __init__(self, db: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._clock = clock
        self._held: dict[UUID, tuple[float, datetime, Capacity]] = {}
        self._summing = asyncio.Lock()  # one reader of all pods at a time
        self._renewing: asyncio.Task[None] | None = None

    async def of(self, tx: Tx, by: Principal, clusters: Iterable[UUID]) -> Usage | None:
        """The sum over those of the clusters that `by` sees whole; None if there is none with a node.

        Of many clusters, and while others are summed up, it is the sum over those that were summed up so far: whoever
        waited would hold a connection that whoever sums up may need.
        """
        scope = by.scope(READ)
        whole = [c for c in clusters if scope.whole(c, ("nodes", "pods"))]
        stale = self._stale(whole)
        if len(stale) <= 1:
            await self._sum_up(tx, stale)
        elif len(stale) <= AT_ONCE:
            if not self._summing.locked():
                async with self._summing:
                    await self._sum_up(tx, stale)
        elif self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew(by.org_id, whole), name="sum up pods")
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

    async def close(self) -> None:
        """Sum up nothing any more."""
        if self._renewing:
            await end(self._renewing)

    def _stale(self, clusters: Sequence[UUID]) -> list[UUID]:
        kept = max(KEPT, EACH * len(clusters))
        now = self._clock()
        return [c for c in clusters if c not in self._held or now - self._held[c][0] > kept]

    async def _renew(self, org_id: UUID, clusters: Sequence[UUID]) -> None:
        try:
            for part in batched(self._stale(clusters), AT_ONCE):
                async with self._db.transaction(org_id) as tx, self._summing:
                    await self._sum_up(tx, part)
        except Exception:
            log.exception("the pods could not be summed up")

    async def _sum_up(self, tx: Tx, clusters: Sequence[UUID]) -> None:
        if not clusters:
            return
        now, at = self._clock(), datetime.now(UTC)
        found = {capacity.cluster_id: capacity for capacity in await fleet.get_capacity(tx, clusters)}
        for cluster in clusters:
            self._held[cluster] = (now, at, found.get(cluster, Capacity(cluster_id=cluster)))


def batched(clusters: Sequence[UUID], size: int) -> Iterator[Sequence[UUID]]:
    """The clusters in parts of at most `size`."""
    for start in range(0, len(clusters), size):
        yield clusters[start : start + size]
