"""Tasks that are told to end, do end."""

from __future__ import annotations

import asyncio
from typing import Any

AGAIN = 10.0  # seconds that a cancelled task may take to clean up before it is cancelled again


async def end(*tasks: asyncio.Task[Any]) -> list[BaseException]:
    """Cancel tasks until each has ended; returns what those that failed failed with.

    Once is not enough: on Python 3.11, asyncio.wait_for may swallow a cancellation (gh-86296).
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        _, left = await asyncio.wait(left, timeout=AGAIN)
    return [error for task in tasks if not task.cancelled() and (error := task.exception())]
