"""Circles of objects in a process that simulates millions of them: they are looked for among new ones alone."""

from __future__ import annotations

import asyncio
import gc

EVERY = 1.0  # s
YOUNG = 100_000  # objects more than went, until Python looks by itself: more than a second brings


async def tidy() -> None:
    """Look through new objects for circles, and through none twice: with millions every cluster fell silent for 2 s."""
    gc.set_threshold(YOUNG)
    while True:
        gc.collect()
        gc.freeze()
        await asyncio.sleep(EVERY)
