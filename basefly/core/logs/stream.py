"""The lines of many containers as one stream; it ends when all of them have, or a right has."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple
from urllib.parse import quote, urlencode

import msgspec

from basefly.base.errors import BaseflyError
from basefly.base.principal import Principal
from basefly.base.resilience.ending import end
from basefly.base.runtime.house import House
from basefly.core.gateway.proxy import asking
from basefly.core.logs.merging import Merge, Tap, written
from basefly.core.logs.sources import Source, Sources

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
    """Each line with its end, in the order of time, before it the pod and container where there are several.

    `gone` says whether whoever reads may no longer. A container whose log cannot be read says why, in a line. Nothing
    is read faster than it is taken.
    """
    merge = Merge(len(sources.found), follow=wanted.follow)
    reading = _Reading(house, by, sources, wanted)
    pairs = zip(sources.found, merge.taps, strict=True)
    tasks = [asyncio.create_task(reading.fill(source, tap), name="log") for source, tap in pairs]
    for why in sources.untold:
        yield f"-- {why}\n".encode()
    looked = time.monotonic()
    try:
        while not (merge.over or house.shutdown.begun):
            if line := await merge.next(max(0.05, looked + LOOK - time.monotonic())):
                yield line
            due = time.monotonic() - looked >= LOOK
            if due and await gone():
                return
            looked = time.monotonic() if due else looked
    finally:
        await end(*tasks)


class _Reading(NamedTuple):
    """What is read, by whom."""

    house: House
    by: Principal
    sources: Sources
    wanted: Wanted

    async def fill(self, source: Source, tap: Tap) -> None:
        """Put the lines of one container into its tap."""
        name = self.sources.name(source)
        before = f"[{name}] ".encode() if name else b""
        try:
            async with asking.streamed(self.house, self.by, source.cluster, _path(source, self.wanted)) as pieces:
                async for line in _split(pieces):
                    stamp, key = written(line)
                    if not key or not self.wanted.since or key > self.wanted.since.rstrip("Z"):
                        await tap.put(_told(line, stamp, before, self.wanted), key)
        except BaseflyError as error:
            await tap.put(before + f"-- {error.detail or error.title}\n".encode(), "")
        except OSError:
            await tap.put(before + b"-- the cluster broke the stream off\n", "")
        finally:
            tap.end()


def _path(source: Source, wanted: Wanted) -> str:
    query = {"container": source.container, "timestamps": "true", "tailLines": wanted.tail}
    query |= {"follow": "true"} if wanted.follow else {}
    query |= {"previous": "true"} if wanted.previous else {}
    if wanted.since:
        del query["tailLines"]
        query["sinceTime"] = wanted.since
    path = f"/api/v1/namespaces/{quote(source.namespace)}/pods/{quote(source.pod)}/log"
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


def _told(line: bytes, stamp: bytes, name: bytes, wanted: Wanted) -> bytes:
    text = line[len(stamp) + 1 :] if stamp else line
    return (stamp + b" " if stamp and wanted.timestamps else b"") + name + text + b"\n"
