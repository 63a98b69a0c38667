"""What becomes of memory that is free again, in a process that reads a hundred objects for each one it keeps."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import time
from collections.abc import Callable

YOUNG = 20_000  # objects more than went, until it looks at the youngest; a page of a list alone brings some thousands

OLD = 20  # times that it has looked at the youngest, or at those before them, until it looks at the next older
TIDY_EVERY = 60.0  # s; it takes some hundredths of a second, in which nobody is answered
MANY = 50_000  # objects more than at the last time are looked through at once: each takes 2 µs on a full machine
LOOK_EVERY = 0.1  # s: a hundred clusters that are cut off at once bring as many within half a second
WHOLE_EVERY = 24 * 3600.0  # s; then Python looks through everything once, some seconds at 1,000 clusters
LARGE = 256 * 1024  # bytes: what is larger, pages of lists above all, lies by itself and is given back once it is free
_M_MMAP_THRESHOLD = -3  # of mallopt(3)


def settle() -> None:
    """Leave what the program itself consists of alone from now on, and look less often. Call it once all is imported.

    Reading objects makes many lists and no circles: with Python's own threshold of 700 the looking was about a tenth of
    what a first list costs the sync. Left to itself, glibc takes even a page of a list from where all else lies, once a
    larger one has been free, and what stays settles in the room that it leaves.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, OLD, OLD)
    if (mallopt := _of_glibc("mallopt")) is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE)


async def tidy(every: float = TIDY_EVERY) -> None:
    """Keep what lives long out of Python's way, and give to the system what is free; once in a while, until cancelled.

    Of what is followed a million objects live as long as the process, and looking through them for circles takes
    seconds: whatever has lived until now is looked at no more. glibc keeps what is free below anything that is not:
    after a first sync a third of what the hub had in use (malloc_trim(3)).
    """
    trim = _of_glibc("malloc_trim")
    tidied = looked = time.monotonic()
    while True:
        await asyncio.sleep(min(every, LOOK_EVERY))
        now = time.monotonic()
        due = now >= tidied + every
        if not due and _more() < MANY:
            continue
        if now >= looked + WHOLE_EVERY:
            looked = now
            gc.unfreeze()
        gc.collect()
        gc.freeze()
        if due:
            tidied = now
            if trim is not None:
                await asyncio.to_thread(trim, 0)


def _of_glibc(name: str) -> Callable[..., int] | None:
    """A function that glibc alone has."""
    return getattr(ctypes.CDLL(None), name, None)


def _more() -> int:
    """About how many objects more there are than when everything was last looked through."""
    youngest, young, middle = gc.get_count()
    return youngest + YOUNG * (young + OLD * middle)
