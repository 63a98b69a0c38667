"""A gate lets in by rank, and its places may grow and shrink."""

from __future__ import annotations

import asyncio

from basefly.base.resilience.gate import Gate


class Queue:
    """Who waits at a gate, and who was let in, in order."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.inside: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def comes(self, name: str, rank: int = 0) -> None:
        async def enter() -> None:
            await self.gate.acquire(rank)
            self.inside.append(name)

        self.tasks[name] = asyncio.create_task(enter())
        await asyncio.sleep(0)

    async def leaves(self) -> None:
        self.gate.release()
        await asyncio.sleep(0)


async def test_the_lowest_rank_goes_first_and_among_equals_who_came_first() -> None:
    queue = Queue(Gate(1))
    for name, rank in (("first", 9), ("pods", 2), ("nodes", 0), ("roles", 0)):
        await queue.comes(name, rank)
    for _ in range(3):
        await queue.leaves()
    assert queue.inside == ["first", "nodes", "roles", "pods"]


async def test_more_places_let_in_who_waits_and_fewer_throw_nobody_out() -> None:
    queue = Queue(Gate(1))
    for name in "abcd":
        await queue.comes(name)
    queue.gate.places = 3
    await asyncio.sleep(0)
    assert queue.inside == ["a", "b", "c"]
    queue.gate.places = 1
    await queue.leaves()
    await queue.leaves()
    assert queue.inside == ["a", "b", "c"], "one is still inside, for whom there is a place"
    await queue.leaves()
    assert queue.inside == ["a", "b", "c", "d"]


async def test_whoever_gives_up_has_taken_no_place_even_if_it_was_just_given() -> None:
    queue = Queue(Gate(1))
    for name in "abc":
        await queue.comes(name)
    queue.tasks["b"].cancel()
    queue.gate.release()
    queue.tasks["c"].cancel()  # it has been given its place, and does not know yet
    await asyncio.sleep(0)
    await queue.comes("d")
    assert queue.inside == ["a", "d"]


async def test_so_many_at_once_and_the_lowest_rank_next() -> None:
    gate, order = Gate(2), list[str]()

    async def enter(name: str, rank: int) -> None:
        give_back = await gate.lend(60.0, rank)
        order.append(name)
        await asyncio.sleep(0.01)
        give_back()
        give_back()  # a second time gives nothing back

    async with asyncio.TaskGroup() as group:
        for name, rank in (("a", 0), ("b", 0), ("pods", 2), ("c", 0), ("events", 3), ("d", 0)):
            group.create_task(enter(name, rank))
    assert order == ["a", "b", "c", "d", "pods", "events"]


async def test_one_that_hangs_has_its_place_for_a_while_only() -> None:
    gate = Gate(1)
    hangs = await gate.lend(0.05)
    async with asyncio.timeout(5):
        give_back = await gate.lend(60.0)
    hangs()  # late: its time was over, and is not given back twice
    waiting = asyncio.create_task(gate.lend(60.0))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    give_back()
    await waiting


async def test_whoever_gives_up_waiting_has_taken_none() -> None:
    gate = Gate(1)
    give_back = await gate.lend(60.0)
    waiting = asyncio.create_task(gate.lend(60.0))
    await asyncio.sleep(0)
    waiting.cancel()
    give_back()
    async with asyncio.timeout(5):
        await gate.lend(60.0)
