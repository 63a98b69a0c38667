"""Whatever is told to end has ended, and says what it failed with."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from basefly.base.resilience.ending import end


async def test_a_task_that_swallows_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("basefly.base.resilience.ending.AGAIN", 0.05)

    async def stubborn() -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        await end(task)
    assert task.cancelled()


async def test_failures_are_returned_and_cancellations_are_not() -> None:
    async def fails() -> None:
        raise ValueError("broken")

    tasks = asyncio.create_task(fails()), asyncio.create_task(asyncio.sleep(60))
    await asyncio.sleep(0)
    assert [str(failure) for failure in await end(*tasks)] == ["broken"]
    assert await end() == []
