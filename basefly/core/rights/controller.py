"""What happens by itself: each cluster is asked now and then whether it decides as its roles and bindings read."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from uuid import UUID

import structlog

from basefly.base.db import lease as leases
from basefly.base.errors import BaseflyError
from basefly.base.kube.client import Client
from basefly.base.kube.errors import ApiError, ConnectError, Forbidden
from basefly.base.principal import Principal
from basefly.base.resilience.waiting import happens
from basefly.base.runtime.house import House
from basefly.base.web.language import sentence
from basefly.core.access import store as organizations
from basefly.core.access.impersonated import groups, name_of
from basefly.core.access.rights import holdings
from basefly.core.clusters.connections import Connections
from basefly.core.rights import store
from basefly.core.rights.model import Verdict
from basefly.core.rights.reviews import ask, question
from basefly.core.rights.sights import Sights
from basefly.core.rights.store import Sample

EVERY = 600.0  # s between two rounds of questions to a cluster
LOOK = 15.0  # s: how often we see whether one is due
LEASE = timedelta(seconds=60)
PEOPLE, OBJECTS = 3, 8  # that a cluster is asked about in a round
SETTLE = 3.0  # s: roles that change just now reach the hub and the cluster's authorizer within it
AT_ONCE = 8  # clusters
REFUSED = sentence("The hub's account may not create subjectaccessreviews.")

log = structlog.get_logger(__name__)


class RightsController:
    """Compares; one process does so at a time for an organization."""

    name = "rights.compare"

    def __init__(self, house: House, *, settle: float = SETTLE) -> None:
        self._house = house
        self._settle = settle
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Until cancelled: every LOOK seconds, and at once when an organization chooses."""
        listening = asyncio.create_task(self._hear(), name="rights notices")
        try:
            while True:
                await self.step()
                await happens(self._wake, within=LOOK)
                self._wake.clear()
        finally:
            listening.cancel()

    async def step(self) -> None:
        """Ask every cluster that is due."""
        async with self._house.db.transaction() as tx:
            ids = await organizations.get_organization_ids(tx)
        for org_id in ids:
            async with self._house.db.transaction(org_id) as tx:
                due = await store.get_due(tx, EVERY)
            lease = await leases.acquire(self._house.db, f"rights/{org_id}", self._house.name, LEASE) if due else None
            if lease is not None:
                await self._compare(org_id, due)
                await leases.release(self._house.db, lease)

    async def _hear(self) -> None:
        async with self._house.changes.subscribe(None, ["*/rights/choice"]) as inbox:
            async for _ in inbox:
                self._wake.set()

    async def _compare(self, org_id: UUID, due: list[UUID]) -> None:
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(cluster: UUID) -> None:
            async with gate:
                try:
                    await compare(self._house, org_id, cluster, settle=self._settle)
                except (ApiError, ConnectError, TimeoutError, BaseflyError) as error:
                    log.info("a cluster could not be asked about rights", cluster=str(cluster), reason=str(error))

        await asyncio.gather(*[one(cluster) for cluster in due])


async def compare(house: House, org_id: UUID, cluster: UUID, *, settle: float = SETTLE) -> Verdict | None:
    """Ask one cluster about some people and objects; None where there is nothing to ask about, or it is unread.

    Where they differ we wait for what changes just now and ask again: only what still differs counts.
    """
    async with house.db.transaction(org_id) as tx:
        objects = await store.get_samples(tx, cluster, OBJECTS)
        client = await house.get(Connections).client(tx, cluster)
    asked = [(by, one) for by in await _people(house, org_id) for one in objects]
    try:
        differing = await _differing(house, client, cluster, asked)
        if differing:
            await asyncio.sleep(settle)
            house.get(Sights).forget(org_id)
            differing = await _differing(house, client, cluster, differing)
    except Forbidden:
        return await _keep(house, org_id, cluster, "refused", REFUSED, 0)
    if not asked:
        return None
    told = _told(*differing[0]) if differing else ""
    return await _keep(house, org_id, cluster, "differs" if differing else "agrees", told, len(asked))


async def _differing(
    house: House, client: Client, cluster: UUID, asked: list[tuple[Principal, Sample]]
) -> list[tuple[Principal, Sample]]:
    questions = [
        question(name_of(by.user_id), groups(by, cluster, _place(one) or None), one.resource, one.namespace, one.name)
        for by, one in asked
    ]
    said = await ask(client, questions)
    differing = []
    for (by, one), allowed in zip(asked, said, strict=True):
        sight = await house.get(Sights).computed(by)
        known = cluster in sight.profiles
        if known and sight.shows(cluster, one.resource, one.namespace, one.name) is not allowed:
            differing.append((by, one))
    return differing


def _place(one: Sample) -> str:
    return one.name if one.resource == "namespaces" else one.namespace


async def _people(house: House, org_id: UUID) -> list[Principal]:
    """Some members, with what they hold at this moment."""
    async with house.db.transaction(org_id) as tx:
        members = await organizations.page_members(tx)
        chosen = random.sample(members, min(PEOPLE, len(members)))
        return [
            Principal(
                user_id=each.id,
                org_id=org_id,
                name=each.name,
                email=each.email,
                grants=await holdings.of(house, tx, each.id),
            )
            for each in chosen
        ]


async def _keep(house: House, org_id: UUID, cluster: UUID, verdict: Verdict, detail: str, asked: int) -> Verdict:
    async with house.db.transaction(org_id) as tx:
        if await store.upsert_verdict(tx, cluster, verdict, detail, asked):
            await tx.notify(f"rights/{cluster}", f"clusters/{cluster}")
    return verdict


def _told(by: Principal, one: Sample) -> str:
    path = "/".join(part for part in (one.resource, one.namespace, one.name) if part)
    return sentence(f"It decides otherwise than its roles read, for one about {path} and {by.name}.")
