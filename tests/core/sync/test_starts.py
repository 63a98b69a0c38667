"""Turns at beginning: few at once, the important first, and none that hangs keeps the others."""

from __future__ import annotations

import asyncio

from basefly.core.sync.starts import Starts


async def test_so_many_at_once_and_the_lowest_rank_next() -> None:
    starts, order = Starts(2), list[str]()

    async def begin(name: str, rank: int) -> None:
        begun = await starts.turn(rank)
        order.append(name)
        await asyncio.sleep(0.01)
        begun()
        begun()  # a second time gives nothing back

    async with asyncio.TaskGroup() as group:
        for name, rank in (("a", 0), ("b", 0), ("pods", 2), ("c", 0), ("events", 3), ("d", 0)):
            group.create_task(begin(name, rank))
    assert order == ["a", "b", "c", "d", "pods", "events"]


async def test_one_that_hangs_has_its_turn_for_a_while_only() -> None:
    starts = Starts(1, lent=0.05)
    hangs = await starts.turn(0)
    async with asyncio.timeout(5):
        begun = await starts.turn(0)
    hangs()  # late: its turn was over, and is not given back twice
    waiting = asyncio.create_task(starts.turn(0))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    begun()
    await waiting


async def test_whoever_gives_up_waiting_has_taken_none() -> None:
    starts = Starts(1)
    begun = await starts.turn(0)
    waiting = asyncio.create_task(starts.turn(0))
    await asyncio.sleep(0)
    waiting.cancel()
    begun()
    async with asyncio.timeout(5):
        await starts.turn(0)
