"""What streams for ever ends when the end begins; what is under way gets its time, and then is cut off."""

from __future__ import annotations

import asyncio

import pytest

from basefly.base.runtime.shutdown import Shutdown, drain


async def test_a_stream_ends_quietly_when_the_end_begins() -> None:
    shutdown, seen = Shutdown(), []

    async def stream() -> str:
        async with shutdown.cutting():
            while True:
                seen.append(shutdown.begun)
                await asyncio.sleep(0.01)
        return "said goodbye"  # type: ignore[unreachable]  # it is reached, when the body is cut

    streaming = asyncio.create_task(stream())
    await asyncio.sleep(0.05)
    shutdown.begin()
    shutdown.begin()
    assert await asyncio.wait_for(streaming, 5) == "said goodbye"
    assert seen
    assert not any(seen[:-1])


async def test_somebody_elses_cancellation_is_not_swallowed() -> None:
    shutdown = Shutdown()

    async def stream() -> None:
        async with shutdown.cutting():
            await asyncio.sleep(60)

    streaming = asyncio.create_task(stream())
    await asyncio.sleep(0.01)
    streaming.cancel()
    with pytest.raises(asyncio.CancelledError):
        await streaming
    both = asyncio.create_task(stream())
    await asyncio.sleep(0.01)
    shutdown.begin()
    both.cancel()
    with pytest.raises(asyncio.CancelledError):
        await both


async def test_a_body_that_ends_by_itself_is_left_alone() -> None:
    shutdown = Shutdown()
    async with shutdown.cutting():
        await asyncio.sleep(0)
    shutdown.begin()
    await asyncio.wait_for(shutdown.wait(), 1)
    await asyncio.sleep(0.01)


async def test_drain_waits_then_cuts_off() -> None:
    ended: list[str] = []

    async def work(name: str, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
            ended.append(f"{name} done")
        except asyncio.CancelledError:
            ended.append(f"{name} cut off")
            raise

    tasks = [asyncio.create_task(work("quick", 0.02)), asyncio.create_task(work("slow", 60))]
    await drain(tasks, grace=0.2)
    assert ended == ["quick done", "slow cut off"]
    await drain([])
