"""Clusters that nobody follows: found by whoever serves the pages, and shown with the reason instead of growing old."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import msgspec
import structlog

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError
from basefly.base.runtime import processes
from basefly.base.runtime.house import House
from basefly.base.runtime.processes import Process
from basefly.base.web.language import sentence
from basefly.core.access import store as access
from basefly.core.clusters.actions import report_unfollowed
from basefly.core.sync.sharing.shares import Sharer, candidates
from basefly.core.sync.store import followers
from basefly.core.sync.store.followers import Cluster

LOOK_EVERY = 5.0  # s
GRACE = timedelta(seconds=20)  # a cluster changes hands within this

log = structlog.get_logger(__name__)


class Unfollowed(msgspec.Struct, frozen=True, kw_only=True):
    """A cluster that no process follows, and why."""

    id: UUID
    name: str
    region: str
    reason: str


class UnfollowedController:
    """Says of each cluster that nobody has followed for a while that this is so, and why."""

    name = "sync.unfollowed"

    def __init__(self, house: House, *, grace: timedelta = GRACE) -> None:
        self._house = house
        self._grace = grace

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except BaseflyError as error:
                log.warning("sync.unfollowed_not_looked_for", reason=str(error))
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> None:
        """Find and say it once, for every organization."""
        async with self._house.db.transaction() as tx:
            living = await processes.living(tx, "sync")
            organizations = await access.get_organization_ids(tx)
        for org_id in organizations:
            async with self._house.db.transaction(org_id) as tx:
                for one in await find(tx, living, self._grace):
                    await report_unfollowed(tx, one.id, one.reason)


async def find(tx: Tx, living: Sequence[Process], grace: timedelta = timedelta()) -> list[Unfollowed]:
    """The clusters of an organization that have had no follower for so long, with what keeps the `living` from it."""
    sharers = [Sharer(one.name, one.regions) for one in living if one.role == "sync"]
    return [
        Unfollowed(id=one.id, name=one.name, region=one.region, reason=_reason(one, sharers))
        for one in await followers.get_unfollowed(tx, grace)
    ]


def _reason(cluster: Cluster, sharers: Sequence[Sharer]) -> str:
    if not sharers:
        return sentence("no process of the hub follows clusters: none with the role sync is running")
    if not candidates(cluster.region, sharers):
        region = cluster.region
        return sentence(f"no process of the hub follows clusters of the region {region}: those that run have others")
    return sentence("the process of the hub that is to follow it has not begun")
