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
