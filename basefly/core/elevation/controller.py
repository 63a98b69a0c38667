"""What happens by itself: elevations whose time is up are put on record, and grants long ended are forgotten."""

from __future__ import annotations

import asyncio

import structlog

from basefly.base.runtime.house import House
from basefly.core.access import store as organizations
from basefly.core.access.store import grants
from basefly.core.elevation import actions

PERIOD = 20.0  # seconds
KEPT = 30  # days that a grant is kept after its end, so that a refusal can say that there was one

log = structlog.get_logger(__name__)


class ElevationController:
    """Several processes may run it at once: each elevation ends in one transaction."""

    name = "elevation"

    def __init__(self, house: House) -> None:
        self._house = house

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self.step()
            await asyncio.sleep(PERIOD)

    async def step(self) -> None:
        """Once through every organization."""
        async with self._house.db.transaction() as tx:
            ids = await organizations.get_organization_ids(tx)
        for org_id in ids:
            async with self._house.db.transaction(org_id) as tx:
                ended = await actions.end(tx)
                forgotten = await grants.delete_ended(tx, KEPT)
            if ended or forgotten:
                log.info("elevations ended", org_id=str(org_id), ended=ended, forgotten=forgotten)
