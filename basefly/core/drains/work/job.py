"""One attempt at a drain: what it holds, and its hand on the cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import Denied, Unauthenticated
from basefly.base.runtime.house import House
from basefly.base.runtime.operations import Running
from basefly.core.access.actions import standing
from basefly.core.drains.model import Drain, drainable
from basefly.core.drains.reasons import of_place
from basefly.core.drains.requests import Reach


class Job:
    """The drain that an attempt works on."""

    def __init__(self, house: House, running: Running) -> None:
        self.house = house
        self.running = running
        self.drain_id = UUID(running.operation.input["drain"])
        self.org_id = running.operation.org_id

    async def reach(self, drain: Drain) -> Reach:
        """A hand on the cluster, as the person stands now. Raises Denied when they may no longer drain."""
        try:
            by = await standing(self.house, self.org_id, drain.acting_for, drain.held, [drain.cluster_id])
        except Unauthenticated as error:
            raise Denied(error.detail) from error
        if not drainable(by, drain.cluster_id):
            raise Denied(of_place("withdrawn").why)
        return Reach(self.house, by, drain.cluster_id)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """A transaction that only looks."""
        async with self.house.db.transaction(self.org_id) as tx:
            yield tx
