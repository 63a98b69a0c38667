"""Waiting for something to happen, but not for ever."""

from __future__ import annotations

import asyncio


async def happens(event: asyncio.Event, *, within: float) -> bool:
    """Wait until the event is set, at most so many seconds; whether it was."""
    try:
        async with asyncio.timeout(within):
            return await event.wait()
    except TimeoutError:
        return False
