"""Waiting for something that happens, and for something that does not."""

from __future__ import annotations

import asyncio

from basefly.base.resilience.waiting import happens


async def test_what_happens_ends_the_wait() -> None:
    event = asyncio.Event()
    waiting = asyncio.create_task(happens(event, within=30.0))
    await asyncio.sleep(0)
    event.set()
    event.clear()  # a moment is enough
    async with asyncio.timeout(5):
        assert await waiting


async def test_what_does_not_happen_is_waited_for_no_longer_than_told() -> None:
    assert not await happens(asyncio.Event(), within=0.01)
