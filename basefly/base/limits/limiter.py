"""Decides whether one more request may pass; never open because its store is gone."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from uuid import UUID

import structlog

from basefly.base.limits.model import NETWORK, ORGANIZATION, Alike, Bucket, Class, Decision, Quota, Quotas, own
from basefly.base.limits.stores import Lost, Memory, Shared, Store
from basefly.base.settings import Settings
from basefly.base.telemetry.metrics import Counter

ALONE = 0.5  # the share of each quota that a hub gives by itself while the shared store is gone
PAUSE = 5.0  # seconds until the lost store is asked again

log = structlog.get_logger(__name__)

_REFUSED = Counter("basefly_limit_refusals", "Requests refused by a quota", ["kind", "whose"])
_LOST = Counter("basefly_limit_store_lost", "Times that the shared store of limits did not answer")


class Limiter:
    """The hub's limits. `quotas` may be given anew by what knows the plans of organizations."""

    def __init__(
        self, settings: Settings, store: Store | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.quotas: Quotas = Alike()
        self._own = own(settings)
        self._clock = clock
        self._local = Memory(clock=clock)
        self._store = store or (Shared(settings.redis_url) if settings.redis_url else self._local)
        self._lost_until = 0.0

    async def network(self, class_: Class, address: str) -> Decision:
        """One more request from a network, asked before anyone is known."""
        quota = self._own[class_] if class_ == "sign-in" else self._own[class_].times(NETWORK)
        return await self._take(class_, [("network", address, quota)])

    async def principal(self, class_: Class, user_id: UUID, org_id: UUID) -> Decision:
        """One more request of a person, in their organization."""
        mine = (await self.quotas.of(org_id)).get(class_) or self._own[class_]
        whole = mine.times(ORGANIZATION)
        return await self._take(class_, [("user", f"{org_id}/{user_id}", mine), ("org", str(org_id), whole)])

    async def close(self) -> None:
        """Close the store."""
        await self._store.close()

    async def _take(self, class_: Class, wanted: list[tuple[str, str, Quota]]) -> Decision:
        decision = await self._decided([_bucket(class_, *each) for each in wanted])
        if not decision.passed:
            for level in decision.levels:
                if level.tokens < decision.cost:
                    _REFUSED.labels(class_, level.bucket.name).inc()
        return decision

    async def _decided(self, buckets: list[Bucket]) -> Decision:
        if self._store is self._local:
            return await self._local.take(buckets, 1)
        if self._clock() >= self._lost_until:
            try:
                return await self._store.take(buckets, 1)
            except Lost as error:
                _LOST.inc()
                self._lost_until = self._clock() + PAUSE
                log.warning("the shared store of limits does not answer; each hub limits by itself", error=str(error))
        fewer = [Bucket(each.name, each.key, each.quota.times(ALONE)) for each in buckets]
        return await self._local.take(fewer, 1)


def _bucket(class_: Class, whose: str, id_: str, quota: Quota) -> Bucket:
    """Keys are hashes: neither addresses nor people lie in the store."""
    digest = hashlib.sha256(f"{class_}\0{whose}\0{id_}".encode()).hexdigest()[:32]
    return Bucket(f"{whose}-{class_}", f"basefly:limit:{digest}", quota)
