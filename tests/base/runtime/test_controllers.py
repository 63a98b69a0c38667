"""A controller that breaks starts again, after a pause that grows, and never takes the others with it."""

from __future__ import annotations

import asyncio

import pytest

from basefly.base.runtime import controllers
from basefly.base.runtime.controllers import supervise


class Sound:
    """Runs until cancelled, and says that it was."""

    name = "sound"

    def __init__(self) -> None:
        self.started, self.ended = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        self.started.set()
        try:
            await asyncio.sleep(60)
        finally:
            self.ended.set()


class Broken:
    """Fails, or ends, a few times; then runs."""

    name = "broken"

    def __init__(self, failures: int, *, quietly: bool = False) -> None:
        self.left, self.quietly, self.runs = failures, quietly, 0
        self.sound = asyncio.Event()

    async def run(self) -> None:
        self.runs += 1
        if self.runs <= self.left:
            if self.quietly:
                return
            raise RuntimeError(f"failure {self.runs}")
        self.sound.set()
        await asyncio.sleep(60)


@pytest.fixture
def ceilings(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The longest that each pause could have been; none is waited for."""
    ceilings: list[float] = []

    def uniform(low: float, high: float) -> float:
        ceilings.append(high)
        return low

    monkeypatch.setattr("basefly.base.runtime.controllers.random.uniform", uniform)
    return ceilings


@pytest.mark.parametrize("quietly", [False, True])
async def test_one_that_breaks_starts_again_and_the_others_go_on(quietly: bool) -> None:
    broken, sound = Broken(5, quietly=quietly), Sound()
    running = asyncio.create_task(supervise([broken, sound], first=0.001, last=0.01))
    await asyncio.wait_for(broken.sound.wait(), 5)
    assert broken.runs == 6
    assert sound.started.is_set()
    assert not sound.ended.is_set()
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert sound.ended.is_set()


async def test_one_that_ends_at_once_does_not_cut_the_others_cleaning_up_short() -> None:
    class Careful(Sound):
        gave_back = False

        async def run(self) -> None:
            try:
                await super().run()
            finally:
                await asyncio.sleep(0.1)
                self.gave_back = True

    quick, careful = Sound(), Careful()
    running = asyncio.create_task(supervise([quick, careful]))
    await careful.started.wait()
    running.cancel()
    await asyncio.wait([running])
    assert careful.gave_back


async def test_pauses_double_up_to_the_last(ceilings: list[float]) -> None:
    broken = Broken(7)
    running = asyncio.create_task(supervise([broken], first=0.5, last=8))
    await asyncio.wait_for(broken.sound.wait(), 5)
    running.cancel()
    await asyncio.wait([running])
    assert ceilings == [0.5, 1, 2, 4, 8, 8, 8]


async def test_after_a_healthy_time_the_pauses_begin_anew(
    ceilings: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(controllers, "HEALTHY", -1.0)
    broken = Broken(3)
    running = asyncio.create_task(supervise([broken], first=0.5, last=8))
    await asyncio.wait_for(broken.sound.wait(), 5)
    running.cancel()
    await asyncio.wait([running])
    assert ceilings == [0.5, 0.5, 0.5]
