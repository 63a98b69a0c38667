"""The lines of many containers as one stream, as they come; it ends when all of them have, or a right has."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from urllib.parse import quote, urlencode

import msgspec

from basefly.base.errors import BaseflyError
from basefly.base.principal import Principal
from basefly.base.resilience.ending import end
from basefly.base.runtime.house import House
from basefly.core.gateway.logs.sources import Source, Sources
from basefly.core.gateway.proxy import asking

WAITING = 200  # lines that wait for a slow reader before nothing more is read
LOOK = 5.0  # s between two looks at whether the reader still may
LONGEST = 256 * 1024  # bytes of a line; a longer one is told in parts

Gone = Callable[[], Awaitable[bool]]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines: the last `tail` of each container, those after `since` (RFC 3339), of the container before."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail: int = 500
    since: str = ""


async def lines(house: House, by: Principal, sources: Sources, wanted: Wanted, gone: Gone) -> AsyncIterator[bytes]:
    """Each line with its end, before it the pod and container where there are several.

    `gone` says whether whoever reads may no longer. A container whose log cannot be read says why, in a line.
    """
    merging = _Merging(house, by, sources, wanted)
    tasks = [asyncio.create_task(merging.read(source), name="log") for source in sources.found]
    left, looked = len(tasks), time.monotonic()
    try:
        while left and not house.shutdown.begun:
            line = await merging.next(max(0.05, looked + LOOK - time.monotonic()))
            left -= line is None
            if line:
                yield line
            due = time.monotonic() - looked >= LOOK
            if due and await gone():
                return
            looked = time.monotonic() if due else looked
    finally:
        await end(*tasks)


class _Merging:
    """Many logs on their way into one."""

    def __init__(self, house: House, by: Principal, sources: Sources, wanted: Wanted) -> None:
        self._house = house
        self._by = by
        self._sources = sources
        self._wanted = wanted
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING)

    async def next(self, patience: float) -> bytes | None:
        """A line; None when a source has ended, nothing when patience has."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                return await self._queue.get()
        return b""

    async def read(self, source: Source) -> None:
        """Put the lines of one container into the queue, and None at their end."""
        name = f"[{source.pod}/{source.container}] ".encode() if len(self._sources.found) > 1 else b""
        target = _path(self._sources, source, self._wanted)
        try:
            async with asking.streamed(self._house, self._by, self._sources.cluster, target) as pieces:
                async for line in _split(pieces):
                    if _after(line, self._wanted.since):
                        await self._queue.put(_told(line, name, self._wanted))
        except BaseflyError as error:
            await self._queue.put(name + f"-- {error.detail or error.title}\n".encode())
        except OSError:
            await self._queue.put(name + b"-- the cluster broke the stream off\n")
        finally:
            with suppress(asyncio.CancelledError):
                await self._queue.put(None)


def _path(sources: Sources, source: Source, wanted: Wanted) -> str:
    query = {"container": source.container, "timestamps": "true", "tailLines": wanted.tail}
    query |= {"follow": "true"} if wanted.follow else {}
    query |= {"previous": "true"} if wanted.previous else {}
    if wanted.since:
        del query["tailLines"]
        query["sinceTime"] = wanted.since
    path = f"/api/v1/namespaces/{quote(sources.namespace)}/pods/{quote(source.pod)}/log"
    return f"{path}?{urlencode(query)}"


async def _split(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line
        while len(rest) > LONGEST:
            yield rest[:LONGEST]
            rest = rest[LONGEST:]
    if rest:
        yield rest


def _after(line: bytes, since: str) -> bool:
    """The cluster counts in seconds: lines of the same second that were shown already are left out."""
    return not since or line.split(b" ", 1)[0].decode("ascii", "replace") > since


def _told(line: bytes, name: bytes, wanted: Wanted) -> bytes:
    stamp, _, text = line.partition(b" ")
    return (stamp + b" " if wanted.timestamps else b"") + name + text + b"\n"
