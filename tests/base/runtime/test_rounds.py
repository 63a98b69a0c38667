"""Rounds: every organization has its turn, whatever befalls another, and two processes never share one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from uuid import UUID

from basefly.base.errors import Conflict
from basefly.base.resilience.ending import end
from basefly.base.runtime.house import House
from basefly.base.runtime.rounds import Rounds


async def test_one_that_fails_keeps_no_other_from_its_turn(house: House, org: UUID, other_org: UUID) -> None:
    seen: list[UUID] = []

    async def do(_: House, org_id: UUID) -> int:
        seen.append(org_id)
        raise Conflict("Not today.")

    await _run_until(Rounds(house, "things", do, every=0.01), lambda: len(seen) >= 4)
    assert set(seen[:2]) == {org, other_org}


async def test_two_processes_take_turns(house: House, org: UUID) -> None:
    inside, most = 0, 0
    done = [0, 0]

    def counting(which: int) -> Rounds:
        async def do(_: House, __: UUID) -> int:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.02)
            inside -= 1
            done[which] += 1
            return 1

        return Rounds(house, "things", do, every=0.001)

    both = [counting(0), counting(1)]
    running = [asyncio.create_task(each.run()) for each in both]
    async with asyncio.timeout(20):
        while sum(done) < 6:
            await asyncio.sleep(0.01)
    await end(*running)
    assert most == 1


async def _run_until(rounds: Rounds, reached: Callable[[], bool]) -> None:
    running = asyncio.create_task(rounds.run())
    async with asyncio.timeout(20):
        while not reached():
            await asyncio.sleep(0.01)
    await end(running)
