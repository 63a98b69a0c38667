"""A stream of lines from an endless answer, cut by hand so that no line can fill the memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp

from basefly.base.kube.errors import ConnectError
from basefly.base.kube.faults import connect_error

SIGN = (
    64 * 2**10
)  # bytes that count as a sign of life though no line is complete: a server may be slow, but not a trickle
OVERLONG = b""  # stands for a line that was longer than the limit and is lost; empty lines are never passed on


class Lines:
    """The lines of one answer, without their line ends, in the batches in which they arrive.

    A last line without its end is dropped: whoever sent it was cut off. Iteration ends when the server ends the
    answer properly, and raises ConnectError when the connection breaks or is silent for too long.
    """

    def __init__(self, response: aiohttp.ClientResponse, *, idle: float, limit: int, server: str) -> None:
        self.idle = idle  # seconds without a line after which the stream counts as stalled; may be changed on the way
        self._response = response
        self._limit = limit
        self._server = server

    async def batches(self) -> AsyncIterator[list[bytes]]:
        """All lines that have arrived, as often as some do; an empty list says that a part of a line has."""
        cutter = Cutter(self._limit)
        content, clock = self._response.content, asyncio.get_running_loop().time
        waited, pending = 0.0, 0  # since the last sign of life; the time that our reader takes does not count
        try:
            while True:
                began = clock()
                async with asyncio.timeout(self.idle - waited):
                    chunk = await content.readany()
                if not chunk:
                    return
                lines = cutter.cut(chunk)
                waited, pending = waited + clock() - began, pending + len(chunk)
                if lines or pending >= SIGN:
                    waited, pending = 0.0, 0
                yield lines
        except TimeoutError as error:
            raise ConnectError("stalled", self._server, why=f"no sign of life for {self.idle:.0f} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise connect_error(error, self._server) from error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for batch in self.batches():
            for line in batch:
                yield line


class Cutter:
    """Cuts pieces of bytes into lines of at most `limit` bytes, holding no more than one unfinished line."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []  # of the unfinished line
        self._size = 0
        self._losing = False  # inside a line beyond the limit

    def cut(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes, OVERLONG for each that is lost."""
        head, newline, rest = chunk.partition(b"\n")
        if not newline:
            self._keep(chunk)
            return []
        self._keep(head)
        first = OVERLONG if self._losing else b"".join(self._parts)
        lost = self._losing
        self._parts, self._size, self._losing = [], 0, False
        lines = rest.split(b"\n")
        self._keep(lines.pop())
        whole = [OVERLONG if len(line) > self._limit else line for line in lines if line]
        return [first, *whole] if first or lost else whole

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > self._limit:
            self._parts, self._losing = [], True
        elif part:
            self._parts.append(part)
