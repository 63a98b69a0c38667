"""A stream of lines from an endless answer, cut by hand so that no line can fill the memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp

from basefly.base.kube.errors import ConnectError
from basefly.base.kube.faults import connect_error

SIGN = 64 * 2**10  # bytes that are a sign of life though no line is complete: a server may be slow, but not a trickle
OVERLONG = b""  # stands for a line that was longer than the limit and is lost; empty lines are never passed on


class Lines:
    """The lines of one answer, without their line ends, in the batches in which they arrive.

    A last line without its end is dropped: whoever sent it was cut off. Iteration ends when the server ends the
    answer properly, and raises ConnectError when the connection breaks or is silent for too long.
    """

    def __init__(self, read: Callable[[], Awaitable[bytes]], *, idle: float, limit: int, server: str) -> None:
        self.idle = idle  # seconds without a line after which the stream counts as stalled; may be changed on the way
        self._read = read  # what has arrived, as soon as something has; nothing at the end
        self._limit = limit
        self._server = server

    async def blocks(self) -> AsyncIterator[list[bytes]]:
        """All lines that have arrived, as often as some do, as Cutter.cut has them.

        An empty list says that a part of a line has.
        """
        cutter = Cutter(self._limit)
        clock = asyncio.get_running_loop().time
        waited, pending = 0.0, 0  # since the last sign of life; the time that our reader takes does not count
        try:
            while True:
                began = clock()
                async with asyncio.timeout(self.idle - waited):
                    chunk = await self._read()
                if not chunk:
                    return
                blocks = cutter.cut(chunk)
                waited, pending = waited + clock() - began, pending + len(chunk)
                if blocks or pending >= SIGN:
                    waited, pending = 0.0, 0
                del chunk  # what was read is not held until more comes: of thousands of quiet streams that is a lot
                yield blocks
                del blocks
        except TimeoutError as error:
            raise ConnectError("stalled", self._server, why=f"no sign of life for {self.idle:.0f} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise connect_error(error, self._server) from error

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for blocks in self.blocks():
            for block in blocks:
                for line in split(block):
                    yield line


def split(block: bytes) -> list[bytes]:
    """The lines of a block, without their ends; OVERLONG stands for itself."""
    return [line for line in block.split(b"\n") if line] if block else [OVERLONG]


class Cutter:
    """Cuts pieces of bytes into blocks of whole lines of at most `limit` bytes, holding one unfinished line at most."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: list[bytes] = []  # of the unfinished line
        self._size = 0
        self._losing = False  # inside a line beyond the limit

    def cut(self, chunk: bytes) -> list[bytes]:
        """The lines that `chunk` completes: in one block, in which nobody has looked for their ends, if all are short.

        Otherwise in as many as there are lines, with OVERLONG for each that is lost.
        """
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._keep(chunk)
            return []
        if self._losing or self._size + end > self._limit:
            return self._line_by_line(chunk)
        block = b"".join([*self._parts, memoryview(chunk)[:end]])
        self._parts, self._size = [], 0
        self._keep(chunk[end:])
        return [block] if block.strip(b"\n") else []

    def _line_by_line(self, chunk: bytes) -> list[bytes]:
        head, _, rest = chunk.partition(b"\n")
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
