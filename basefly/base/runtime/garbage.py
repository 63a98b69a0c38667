"""What becomes of memory that is free again, in a process that reads a hundred objects for each one it keeps."""

from __future__ import annotations

import asyncio
import ctypes
import gc

YOUNG = 20_000  # objects more than went, until it looks at the youngest; a page of a list alone brings some thousands

GIVEN_BACK_EVERY = 60.0  # s; it takes some hundredths of a second, in which nobody else gets memory


def settle() -> None:
    """Leave what the program itself consists of alone from now on, and look less often. Call it once all is imported.

    Reading objects makes many lists and no circles: with Python's own threshold of 700 the looking was about a tenth of
    what a first list costs the sync.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, 20, 20)


async def give_back(every: float = GIVEN_BACK_EVERY) -> None:
    """Give to the system what is free, once in a while, until cancelled; at once where the system does so itself.

    glibc keeps what is free below anything that is not: after a first sync a third of what the hub had in use
    (malloc_trim(3), which glibc alone has).
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    while trim is not None:
        await asyncio.sleep(every)
        await asyncio.to_thread(trim, 0)
