"""What the clusters' slice does by itself: asks every cluster for a sign of life."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import msgspec
import structlog

from basefly.base.db import lease as leases
from basefly.base.db.secrets import Unreadable
from basefly.base.kube.client import Client
from basefly.base.resilience.ending import end
from basefly.base.runtime.house import House
from basefly.core.access import store as access
from basefly.core.clusters import actions, probe, store
from basefly.core.clusters.connections import Connections, open_credentials
from basefly.core.clusters.model import Probe
from basefly.core.clusters.store import Target

LEASE = timedelta(seconds=15)
LOOK = 1.0  # s: how often we see whether a probe is due
EVERY = 10.0  # s between the probes of a cluster that is well
SOON = 3.0  # s after one that failed: a dead cluster is known, and a living one is back, within a few probes
REFUSED = 60.0  # s after it refused our credentials: asking more often could lock an account
PLACE_EVERY = 600.0  # s between looks at where the nodes are
FAILURES = 2  # in a row until a cluster that was well counts as unreachable: one lost packet is no outage
AT_ONCE = 50  # probes

log = structlog.get_logger(__name__)


class Watched(msgspec.Struct):
    """What the prober remembers of a cluster: its own client, since no breaker may keep it from asking."""

    client: Client
    version: int
    due: float = 0.0
    place_due: float = 0.0
    failures: int = 0
    asking: asyncio.Task[None] | None = None


class ProbeController:
    """Probes every cluster of every organization; one process does so at a time."""

    name = "clusters.probe"

    def __init__(self, house: House, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._house = house
        self._clock = clock
        self._watched: dict[UUID, Watched] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> None:
        """Probe until cancelled, whenever the lease is ours."""
        me = f"{os.uname().nodename}/{os.getpid()}/{secrets.token_hex(4)}"
        while True:
            lease = await leases.acquire(self._house.db, self.name, me, LEASE)
            if lease is None:
                await asyncio.sleep(LEASE.total_seconds() / 3)
                continue
            try:
                await self._while_held(lease)
            finally:
                await self._stop()
                await leases.release(self._house.db, lease)

    async def _while_held(self, lease: leases.Lease) -> None:
        renewed = self._clock()
        while True:
            if self._clock() - renewed > LEASE.total_seconds() / 3:
                if not await leases.renew(self._house.db, lease):
                    log.warning("clusters.probe_lease_lost")
                    return
                renewed = self._clock()
            await self.look()
            await asyncio.sleep(LOOK)

    async def look(self) -> None:
        """Begin the probes that are due."""
        async with self._house.db.transaction() as tx:
            organizations = await access.get_organization_ids(tx)
        seen: set[UUID] = set()
        for org_id in organizations:
            async with self._house.db.transaction(org_id) as tx:
                targets = await store.get_targets(tx)
            seen |= {target.id for target in targets}
            for target in targets:
                await self._begin(org_id, target)
        for gone in self._watched.keys() - seen:
            await self._forget(gone)

    async def _begin(self, org_id: UUID, target: Target) -> None:
        watched = self._watched.get(target.id)
        if watched is None or watched.version != target.credentials_version:
            watched = await self._watch(org_id, target)
        if watched is None or self._clock() < watched.due or (watched.asking and not watched.asking.done()):
            return
        watched.asking = asyncio.create_task(self._probe(org_id, target, watched), name=f"probe {target.name}")

    async def _watch(self, org_id: UUID, target: Target) -> Watched | None:
        """Open a client of our own with the cluster's present credentials."""
        await self._forget(target.id)
        try:
            async with self._house.db.transaction(org_id) as tx:
                found = await store.get_connection(tx, target.id)
                if found is None:
                    return None
                credentials = await open_credentials(tx, self._house.vault, target.id, found.sealed)
        except Unreadable as error:
            await self._keep(org_id, target, Probe(health="degraded", reason=f"{error.detail} {error.cure}".strip()))
            return None
        private = self._house.settings.private_clusters
        client = Client(credentials, private=private, deadlines=probe.DEADLINES)
        # Spread first probes: after a restart of the hub a thousand clusters are not asked in the same moment.
        due = self._clock() + random.uniform(0, SOON)  # noqa: S311  # jitter, not a secret
        watched = Watched(client, found.credentials_version, due=due)
        self._watched[target.id] = watched
        return watched

    async def _probe(self, org_id: UUID, target: Target, watched: Watched) -> None:
        async with self._gate:
            try:
                async with asyncio.timeout(2 * probe.DEADLINES.total):
                    found = await probe.ask(watched.client)
            except TimeoutError:
                found = Probe(health="unreachable", reason=f"{watched.client.server} answers too slowly.")
        watched.failures = 0 if found.answered else watched.failures + 1
        watched.due = self._clock() + self._pause(found)
        if found.answered:
            self._house.get(Connections).policy(target.id).breaker.force("closed")
        if found.health == "unreachable" and target.probe_health == "healthy" and watched.failures < FAILURES:
            return  # not yet known
        await self._keep(org_id, target, found)
        if found.answered and self._clock() >= watched.place_due:
            watched.place_due = self._clock() + PLACE_EVERY
            place = await probe.find_place(watched.client)
            async with self._house.db.transaction(org_id) as tx:
                await actions.keep_place(tx, target.id, place)

    def _pause(self, found: Probe) -> float:
        if found.health == "healthy":
            return EVERY * random.uniform(0.8, 1.0)  # noqa: S311  # jitter, not a secret
        return REFUSED if found.refused else SOON

    async def _keep(self, org_id: UUID, target: Target, found: Probe) -> None:
        async with self._house.db.transaction(org_id) as tx:
            await actions.keep_probe(tx, target.id, found)
        if found.health != target.health:
            log.info("clusters.probed", cluster=target.name, health=found.health, reason=found.reason)

    async def _forget(self, cluster_id: UUID) -> None:
        if (watched := self._watched.pop(cluster_id, None)) is not None:
            if watched.asking is not None:
                await end(watched.asking)
            await watched.client.close()

    async def _stop(self) -> None:
        for cluster_id in list(self._watched):
            await self._forget(cluster_id)
