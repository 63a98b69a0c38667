"""What is done for each organization once in a while, by one process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import structlog

from basefly.base.db import lease as leases
from basefly.base.errors import BaseflyError
from basefly.base.runtime.house import House

LEASE = timedelta(minutes=30)  # how long one organization may take

log = structlog.get_logger(__name__)


class Rounds:
    """A controller that goes from organization to organization, and rests.

    `do` says how much it did. One that fails for an organization keeps no other from its turn.
    """

    def __init__(
        self, house: House, name: str, do: Callable[[House, UUID], Awaitable[int]], *, every: float = 3600.0
    ) -> None:
        self.name = name
        self._house, self._do, self._every = house, do, every

    async def run(self) -> None:
        """Go round until cancelled."""
        while True:
            async with self._house.db.transaction() as tx:
                every = await tx.all(UUID, "select id from organizations where deleted_at is null")
            for org_id in every:
                await self._visit(org_id)
            await asyncio.sleep(self._every)

    async def _visit(self, org_id: UUID) -> None:
        lease = await leases.acquire(self._house.db, f"{self.name}/{org_id}", self._house.name, LEASE)
        if lease is None:
            return
        try:
            if count := await self._do(self._house, org_id):
                log.info("a round was made", round=self.name, org_id=str(org_id), count=count)
        except BaseflyError as error:
            log.warning("a round failed", round=self.name, org_id=str(org_id), error=str(error))
        finally:
            await leases.release(self._house.db, lease)
