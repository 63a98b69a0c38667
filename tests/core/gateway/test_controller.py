"""The gateway listens as long as the hub runs, and its end is the hub's, not a mistake of its own."""

from __future__ import annotations

import asyncio
import contextlib

from structlog.testing import capture_logs

from basefly.base.resilience.ending import end
from basefly.base.runtime.controllers import supervise
from basefly.base.runtime.house import House
from basefly.core.gateway.controller import GatewayController


async def test_an_ordinary_shutdown_is_no_end_by_itself(house: House) -> None:
    with capture_logs() as told:
        running = asyncio.create_task(supervise([GatewayController(house)]))
        while not await _listens(house.settings.gateway):
            await asyncio.sleep(0.01)
        house.shutdown.begin()
        while await _listens(house.settings.gateway):
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        await end(running)
    assert [one for one in told if one["log_level"] == "warning"] == []


async def _listens(address: tuple[str, int]) -> bool:
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection(*address)
        writer.close()
        return True
    return False
