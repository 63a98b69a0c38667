"""Bytes from one task to another: a slow reader holds up the writer, so that nothing piles up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

Write = Callable[[bytes], Awaitable[None]]
CHUNK = 32 * 1024
_CHUNKS = 8


class Pipe:
    """At most eight chunks; an empty one tells the reader of an end."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(_CHUNKS)
        self._closed = False
        self._rest = b""

    async def write(self, data: bytes) -> None:
        """Hand on a chunk. An empty one is an end that may be followed by more, as Ctrl-D at a terminal."""
        if not self._closed:
            await self._queue.put(data)

    async def close(self) -> None:
        """Nothing follows: the reader finds an end now and for ever."""
        if not self._closed:
            self._closed = True
            await self._queue.put(b"")

    async def read(self) -> bytes:
        """The next chunk, or nothing at an end."""
        data, self._rest = self._rest, b""
        if data or (self._closed and self._queue.empty()):
            return data
        return await self._queue.get()

    async def take(self, most: int) -> bytes:
        """As `read`, at most so many bytes."""
        data = await self.read()
        self._rest = data[most:]
        return data[:most]

    async def line(self) -> bytes:
        """The next line with its newline, without it at the end, or nothing there."""
        held = bytearray()
        while b"\n" not in held and (data := await self.read()):
            held += data
        line, newline, rest = bytes(held).partition(b"\n")
        self._rest = rest
        return line + newline
