"""What the clusters' slice does by itself: asks those that we follow for a sign of life, and hears of others."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from uuid import UUID

import msgspec
import structlog

from basefly.base.db.changes import RESET
from basefly.base.db.secrets import Unreadable
from basefly.base.errors import BaseflyError
from basefly.base.kube.client import Client
from basefly.base.resilience.ending import end
from basefly.base.runtime.house import House
from basefly.core.access import store as access
from basefly.core.clusters import actions, probe, store
from basefly.core.clusters.connections import Connections, open_credentials
from basefly.core.clusters.model import Probe
from basefly.core.clusters.store import Target, Well

LOOK = 1.0  # s: how often we see whether a probe is due
EVERY = 10.0  # s between the probes of a cluster that is well
SOON = 2.0  # s after one that failed: a dead cluster is known, and a living one is back, within a few probes
REFUSED = 60.0  # s after it refused our credentials: asking more often could lock an account
VERSION_EVERY = 60.0  # s between questions for the version of a cluster that is well
PLACE_EVERY = 600.0  # s between looks at where the nodes are
FAILURES = 2  # in a row until a cluster that was well counts as unreachable: one lost packet is no outage
AT_ONCE = 50  # probes of clusters that answered last time,
AT_ONCE_SICK = 50  # and of those that did not: each of them takes its whole deadline, and none may delay the others

log = structlog.get_logger(__name__)


class Watched(msgspec.Struct):
    """What the prober remembers of a cluster: its own client, since no breaker may keep it from asking."""

    client: Client
    version: int
    due: float = 0.0
    place_due: float = 0.0
    version_due: float = 0.0
    failures: int = 0  # in a row,
    failing_since: float = 0.0  # and when the first of them began
    asking: asyncio.Task[None] | None = None


class ProbeController:
    """Probes every cluster that this process follows, and no other: from where it is followed it must be reached."""

    name = "clusters.probe"

    def __init__(self, house: House, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._house = house
        self._clock = clock
        self._watched: dict[UUID, Watched] = {}
        self._well: dict[UUID, dict[UUID, Well]] = {}
        self._gates = {well: asyncio.Semaphore(count) for well, count in ((True, AT_ONCE), (False, AT_ONCE_SICK))}

    async def run(self) -> None:
        """Probe until cancelled."""
        try:
            while True:
                try:
                    await self.look()
                except BaseflyError as error:
                    log.warning("clusters.not_probed", reason=str(error))
                await asyncio.sleep(LOOK)
        finally:
            await self._stop()

    async def look(self) -> None:
        """Keep what the last probes brought, and begin those that are due."""
        await self._keep_well()
        async with self._house.db.transaction() as tx:
            organizations = await access.get_organization_ids(tx)
        followed, seen = self._house.get(Connections).followed, set[UUID]()
        for org_id in organizations:
            async with self._house.db.transaction(org_id) as tx:
                targets = [one for one in await store.get_targets(tx) if one.id in followed]
            seen |= {target.id for target in targets}
            for target in targets:
                await self._begin(org_id, target)
        for gone in self._watched.keys() - seen:
            await self._forget(gone)

    async def _keep_well(self) -> None:
        """Keep the answers of clusters that are as well as before, which are nearly all: those of a second at once."""
        for org_id in list(self._well):
            answers = self._well.pop(org_id)
            try:
                async with self._house.db.transaction(org_id) as tx:
                    await store.update_well(tx, list(answers.values()), self._clock())
            except BaseflyError:  # the database is away or busy: the next look keeps them
                self._well[org_id] = answers | self._well.get(org_id, {})
                raise

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
        dialer = self._house.get(Connections).dialer((org_id, target.id), credentials)
        client = Client(credentials, private=private, deadlines=probe.DEADLINES, dialer=dialer)
        # Spread first probes: after a restart of the hub a thousand clusters are not asked in the same moment.
        due = self._clock() + random.uniform(0, SOON)  # noqa: S311  # jitter, not a secret
        watched = Watched(client, found.credentials_version, due=due)
        self._watched[target.id] = watched
        return watched

    async def _probe(self, org_id: UUID, target: Target, watched: Watched) -> None:
        try:
            await self._ask(org_id, target, watched)
        except BaseflyError as error:  # the database is away or busy: what was found would be known only next time
            log.warning("clusters.probe_not_kept", cluster=target.name, reason=str(error))
            watched.due = min(watched.due, self._clock() + SOON)

    async def _ask(self, org_id: UUID, target: Target, watched: Watched) -> None:
        known = target.version if self._clock() < watched.version_due else ""
        began = self._clock()
        async with self._gates[watched.failures == 0]:
            try:
                async with asyncio.timeout(probe.DEADLINES.total):
                    found = await probe.ask(watched.client, known)
            except TimeoutError:
                found = Probe(health="unreachable", reason=f"{watched.client.server} answers too slowly.")
        watched.failing_since = watched.failing_since if watched.failures else began
        watched.failures = 0 if found.answered else watched.failures + 1
        watched.due = self._clock() + self._pause(found)
        if not known or not found.answered:  # one that is back may be another version
            watched.version_due = self._clock() + VERSION_EVERY if found.answered else 0.0
        breaker = self._house.get(Connections).policy(target.id).breaker
        if found.answered:
            breaker.force("closed")
        elif found.health == "unreachable" and watched.failures >= FAILURES:
            # Whoever wants something of it is told at once, and waits for no deadline.
            breaker.suspect(self._clock() - watched.failing_since)
        if found.health == "unreachable" and target.probe_health == "healthy" and watched.failures < FAILURES:
            return  # not yet known
        if found.health == target.probe_health == "healthy" and found.version == target.version:
            answer = Well(target.id, found.version, found.latency_ms, self._clock())
            self._well.setdefault(org_id, {})[target.id] = answer
        else:
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


class Recovery:
    """Asks a cluster again as soon as whoever follows it has found it well, which may be another process."""

    name = "clusters.recovery"

    def __init__(self, house: House) -> None:
        self._house = house

    async def run(self) -> None:
        """Hear until cancelled."""
        async with self._house.changes.subscribe(None, ["*/clusters/*"]) as inbox:
            async for topics in inbox:
                told = {topic.rpartition("/")[2] for topic in topics}
                for org_id, cluster_id in self._house.get(Connections).resting():
                    if RESET in told or str(cluster_id) in told:
                        await self._ask(org_id, cluster_id)

    async def _ask(self, org_id: UUID, cluster_id: UUID) -> None:
        async with self._house.db.transaction(org_id) as tx:
            well_ago = await store.get_well_ago(tx, cluster_id)
        breaker = self._house.get(Connections).policy(cluster_id).breaker
        if well_ago is not None and well_ago < breaker.opened_for:  # not as it was before it failed
            breaker.force("closed")
