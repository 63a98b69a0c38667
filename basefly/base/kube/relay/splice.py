"""After an upgrade HTTP is over: bytes go both ways as they come, until either side has nothing more to say."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from basefly.base.kube.relay.wire import PIECE, Wire
from basefly.base.resilience.ending import end

LAST_WORDS = 5.0  # s that one side gets to finish once the other has closed

Heard = Callable[[bytes], Awaitable[None]]


async def _unheard(_: bytes) -> None:
    """Nobody listens."""


async def splice(one: Wire, other: Wire, *, up: Heard = _unheard, down: Heard = _unheard) -> None:
    """Pass bytes on until both sides have closed, or one has and the other's time is over. Both are closed then.

    Nothing piles up: who does not read is not read for. `up` hears what goes from `one` to `other`, and `down` what
    comes back, before it is passed on; what they raise ends it.
    """
    ways = [
        asyncio.create_task(_pass_on(one, other, up), name="spliced up"),
        asyncio.create_task(_pass_on(other, one, down), name="spliced down"),
    ]
    try:
        done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in done:
            way.result()
        await asyncio.wait(ways, timeout=LAST_WORDS)
    finally:
        await end(*ways)
        one.close()
        other.close()


async def _pass_on(source: Wire, sink: Wire, heard: Heard) -> None:
    try:
        data = source.trailing
        while data or (data := await source.reader.read(PIECE)):
            await heard(data)
            sink.writer.write(data)
            await sink.writer.drain()
            data = b""
        if sink.writer.can_write_eof():
            sink.writer.write_eof()
    except OSError:  # either side broke: the other is closed with it
        return
