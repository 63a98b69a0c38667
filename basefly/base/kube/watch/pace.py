"""How fast, how much at once, and how patiently a kind is followed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import msgspec

from basefly.base.kube.watch.turns import Turns


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How to follow. Times are seconds; the defaults suit real API servers, tests shorten them."""

    page: int = 500  # objects a list page
    page_bytes: int = 8 * 2**20  # a page above this is asked for again with fewer objects
    line_bytes: int = 8 * 2**20  # an object above this is skipped
    idle: float = 70.0  # API servers send a bookmark about every 60 to 62 s; a silence beyond that is a stall
    quiet: float = 5.0  # a watch that says nothing for so long may be parked; what it says next costs a little more
    listing_idle: float = 10.0  # the same while a streamed list runs: some servers never end one
    listing: float = 60.0  # nor does one that changes all the time ever fall silent: then pages serve better
    deaf: int = 2  # watches in a row that say nothing, not even a bookmark, until a list has to tell
    doubt: float = 3.0  # after something told wrongly a watch goes on for so long; then a list has to tell what is true
    proof: float = 30.0  # a cluster that stands behind what was seen for so long was restored; before, a server may lag
    relist: tuple[float, float] = (6 * 3600.0, 12 * 3600.0)  # a list after a time in this range, whatever watches say
    ends_after: tuple[int, int] = (1200, 2400)  # we ask the server to end a watch after a time in this range
    odd: float = 450.0  # one that told what could not be read ends at this age: a list has to tell what it is by now
    attempts: int = 3  # failures in a row, without any progress, after which the error is the caller's
    backoff: tuple[float, float] = (0.8, 10.0)  # first and longest wait; factor 2, full jitter
    healthy: float = 120.0  # a stream that lived this long starts the backoff anew
    spread: float = 2.0  # one that ended, or was cut, after a while begins again within this: all may have at once
    short: float = 1.0  # a watch that ends sooner than this, without an event, is a failure
    streamed: bool = True  # ask for streamed lists first
    lists: Turns | None = None  # what a list waits for, so that the caller limits how many run
    rank: int = 0  # among the lists that wait for a turn: the lower goes first
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[float, float], float] = random.uniform
