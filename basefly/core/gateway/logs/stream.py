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

Still = Callable[[], Awaitable[bool]]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which lines: the last `tail` of each container, those after `since` (RFC 3339), of the container before."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail: int = 500
    since: str = ""


async def lines(house: House, by: Principal, sources: Sources, wanted: Wanted, still: Still) -> AsyncIterator[bytes]:
    """Each line with its end, before it the pod and container where there are several.

    `still` says whether whoever reads still may. A container whose log cannot be read says why, in a line.
    """
    queue: asyncio.Queue[bytes | None] = asyncio.Queue(WAITING)
    several = len(sources.found) > 1
    reading = [
        asyncio.create_task(_read(house, by, sources, source, wanted, queue, several=several), name="log")
        for source in sources.found
    ]
    left, looked = len(reading), time.monotonic()
    try:
        while left and not house.shutdown.begun:
            line: bytes | None = b""
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.05, looked + LOOK - time.monotonic())):
                    line = await queue.get()
            if line:
                yield line
            left -= line is None
            if time.monotonic() - looked >= LOOK:
                looked = time.monotonic()
                if not await still():
                    return
    finally:
        await end(*reading)


async def _read(
    house: House,
    by: Principal,
    sources: Sources,
    source: Source,
    wanted: Wanted,
    queue: asyncio.Queue[bytes | None],
    *,
    several: bool,
) -> None:
    name = f"[{source.pod}/{source.container}] ".encode() if several else b""
    try:
        async with asking.streamed(house, by, sources.cluster, _path(sources, source, wanted)) as pieces:
            async for line in _split(pieces):
                if _after(line, wanted.since):
                    await queue.put(_told(line, name, wanted))
    except BaseflyError as error:
        await queue.put(name + f"-- {error.detail or error.title}\n".encode())
    except OSError:
        await queue.put(name + b"-- the cluster broke the stream off\n")
    finally:
        with suppress(asyncio.CancelledError):
            await queue.put(None)


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
