"""How many may begin at once after an outage."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from basefly.base.resilience.breaker import CircuitOpen
from basefly.base.resilience.slow_start import Admission, Growth, Window
from tests.base.resilience.clock import Clock

FOR_EVER = Growth(first=1, most=8, slow=2.0, lent=60.0, doubted=60.0)


class Crowd:
    """Many who begin at once, and how many of them were let in at a time; each waits until it is let go."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self.inside = 0
        self._go = asyncio.Event()

    async def one(self, *, doubted: bool = False) -> None:
        async with self._window.place(doubted=doubted):
            self.inside += 1
            await self._go.wait()

    async def comes(self, count: int, *, doubted: bool = False) -> list[asyncio.Task[None]]:
        tasks = [asyncio.create_task(self.one(doubted=doubted)) for _ in range(count)]
        await asyncio.sleep(0.01)
        return tasks

    async def goes(self, tasks: list[asyncio.Task[None]]) -> None:
        self._go.set()
        await asyncio.gather(*tasks)


async def test_one_begins_and_each_that_goes_well_lets_in_more() -> None:
    window = Window(FOR_EVER)
    crowd = Crowd(window)
    tasks = await crowd.comes(20)
    assert crowd.inside == 1
    window.went_well(0.1)
    await asyncio.sleep(0.01)
    assert crowd.inside == 2
    for _ in range(20):
        window.went_well(0.1)
    await asyncio.sleep(0.01)
    assert crowd.inside == FOR_EVER.most
    await crowd.goes(tasks)


def test_slow_ones_halve_it_once_for_those_that_began_together() -> None:
    clock = Clock()
    window = Window(Growth(first=1, most=64), clock=clock)
    for _ in range(63):
        window.went_well(0.1)
    for _ in range(10):
        window.went_well(5.0)
    assert window.limit == 32
    clock.go(3.0)
    window.went_well(5.0)
    assert window.limit == 16


def test_above_the_size_of_the_last_trouble_it_grows_by_one_a_window() -> None:
    window = Window(Growth(first=1, most=64), clock=Clock())
    for _ in range(63):
        window.went_well(0.1)
    window.went_well(5.0)
    for _ in range(33):
        window.went_well(0.1)
    assert window.limit == 33


def test_single_failures_mean_nothing_and_a_whole_window_of_them_begins_anew() -> None:
    window = Window(Growth(first=1, most=64))
    for _ in range(7):
        window.went_well(0.1)
    assert window.limit == 8
    for _ in range(7):
        window.failed()
    window.went_well(0.1)
    assert window.limit == 9
    for _ in range(9):
        window.failed()
    assert (window.limit, window.proved) == (1, False)


async def test_what_hangs_keeps_its_place_for_a_moment_only() -> None:
    window = Window(Growth(first=1, most=8, lent=60.0, doubted=0.01))
    crowd = Crowd(window)
    tasks = await crowd.comes(3, doubted=True)
    async with asyncio.timeout(5):
        while crowd.inside < 3:
            await asyncio.sleep(0.01)
    await crowd.goes(tasks)
    assert window.limit == 1


async def test_whoever_gives_up_leaves_no_place_taken() -> None:
    window = Window(FOR_EVER)
    crowd = Crowd(window)
    tasks = await crowd.comes(3)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    late = await crowd.comes(1)
    assert crowd.inside == 2
    await crowd.goes(late)


class TestAdmission:
    def admission(self) -> Admission:
        return Admission(Window(Growth(first=1, most=8)), Window(Growth(first=4, most=8)))

    async def test_each_window_learns_of_a_beginning(self) -> None:
        admission = self.admission()
        async with admission.place():
            pass
        assert (admission.own.limit, admission.shared.limit) == (2, 5)

    async def test_a_neighbour_that_fails_does_not_make_the_others_wait(self) -> None:
        admission = self.admission()
        for _ in range(3):
            with suppress(OSError):
                async with admission.place():
                    raise OSError
        assert (admission.own.limit, admission.shared.limit) == (1, 4)

    async def test_what_was_not_even_tried_says_nothing(self) -> None:
        admission = self.admission()
        admission.shared.went_well(0.1)
        for _ in range(10):
            with pytest.raises(CircuitOpen):
                async with admission.place():
                    raise CircuitOpen("it", 1.0)
        assert admission.shared.limit == 5


async def test_after_what_stood_has_ended_one_begins_and_then_as_many_as_before() -> None:
    window = Window(FOR_EVER)
    for _ in range(20):
        window.went_well(0.1)
    window.begin_anew()
    window.begin_anew()  # another that ended with it
    crowd = Crowd(window)
    tasks = await crowd.comes(20)
    assert crowd.inside == 1
    for _ in range(FOR_EVER.most - 1):
        window.went_well(0.1)  # it doubles, as nothing has failed
    await asyncio.sleep(0.01)
    assert crowd.inside == FOR_EVER.most
    await crowd.goes(tasks)
