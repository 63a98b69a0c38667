"""A stream of lines from an endless answer, cut by hand so that no line can fill the memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from math import inf
from typing import NamedTuple, Self

import aiohttp

from basefly.base.kube.errors import ConnectError
from basefly.base.kube.faults import connect_error
from basefly.base.kube.http2.stream import Stream

SIGN = 64 * 2**10  # bytes that are a sign of life though no line is complete: a server may be slow, but not a trickle
OVERLONG = b""  # stands for a line that was longer than the limit and is lost; empty lines are never passed on


class Answer(NamedTuple):
    """An answer whose head is here, by whichever protocol: each watch holds one for minutes, so it is small."""

    status: int
    headers: Mapping[str, str]  # to be asked for in lower case, which aiohttp's answer to as well
    read: Callable[[], Awaitable[bytes]]  # what has arrived, as soon as something has; nothing at the end
    close: Callable[[], None]
    shared: Stream | None = None  # what carries it where others share its connection


class Lines:
    """The lines of one answer, without their line ends, in the batches in which they arrive.

    A context manager: opened where its block begins, and closed where it ends unless it was parked. A last line
    without its end is dropped: whoever sent it was cut off. Iteration ends when the server ends the answer properly,
    and raises ConnectError when the connection breaks or is silent for too long.
    """

    def __init__(self, begin: Callable[[], Awaitable[Answer]], *, idle: float, limit: int, server: str) -> None:
        self.idle = idle  # seconds without a line after which the stream counts as stalled; may be changed on the way
        self.quiet = inf  # seconds after which `blocks` yields though nothing has come
        self.waited = 0.0  # seconds since the last sign of life; the time that our reader takes does not count
        self.ready: list[bytes] = []  # blocks that have come and were not passed on
        self._begin: Callable[[], Awaitable[Answer]] | None = begin
        self._answer: Answer
        self._cutter = Cutter(limit)
        self._pending = 0  # bytes since the last sign of life
        self._parked: float | None = None  # since when (loop's time)
        self._server = server

    async def __aenter__(self) -> Self:
        if self._begin is not None:
            self._answer = await self._begin()
            self._begin = None
        elif self._parked is not None:
            self._shared.listen(None)
            self.waited += self._clock() - self._parked
            self._parked = None
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._parked is None:
            self._answer.close()

    async def blocks(self) -> AsyncIterator[list[bytes]]:
        """All lines that have arrived, as often as some do, as Cutter.cut has them.

        An empty list says that a part of a line has, or that all was quiet.
        """
        try:
            while self.ready or await self._more():
                blocks, self.ready = self.ready, []
                yield blocks
                del blocks  # what was read is not held until more comes: of thousands of quiet streams that is a lot
        except TimeoutError as error:
            raise ConnectError("stalled", self._server, why=f"no sign of life for {self.idle:.0f} s") from error
        except (aiohttp.ClientError, OSError) as error:
            raise connect_error(error, self._server) from error

    @property
    def can_park(self) -> bool:
        """Whether what comes can be heard without reading: an answer on a connection of its own cannot."""
        return self._answer.shared is not None

    def park(self, heard: Callable[[], None]) -> None:
        """Stay open when the block ends, and have `heard` called once there is something to `gather`.

        Enter it again to read on, or `close` it.
        """
        if self._parked is None:
            self._parked = self._clock()
        self._shared.listen(heard)

    def close(self) -> None:
        """End what is parked."""
        self._answer.close()

    def overdue(self, now: float) -> bool:
        """Whether what is parked has been silent for too long (loop's time)."""
        return self._parked is not None and self.waited + now - self._parked >= self.idle

    def gather(self) -> bool:
        """Whether what came meanwhile is `ready`; False where it has ended or broken off, as `blocks` will tell."""
        try:
            chunk = self._shared.take()
        except OSError:
            return False
        if chunk:
            now = self._clock()
            self._took(chunk, now - (self._parked or now))
            self._parked = now
        return chunk != b""

    @property
    def _shared(self) -> Stream:
        if self._answer.shared is None:
            raise ValueError("an answer on a connection of its own cannot be parked")
        return self._answer.shared

    async def _more(self) -> bool:
        """Wait until something has come, or all was quiet; False at the end."""
        began, patience = self._clock(), asyncio.timeout(min(self.idle - self.waited, self.quiet))
        try:
            async with patience:
                chunk = await self._answer.read()
        except TimeoutError:
            self.waited += self._clock() - began
            if self.waited >= self.idle or not patience.expired():
                raise
            return True
        if chunk:
            self._took(chunk, self._clock() - began)
        return chunk != b""

    def _took(self, chunk: bytes, after: float) -> None:
        blocks = self._cutter.cut(chunk)
        self.ready += blocks
        self.waited, self._pending = self.waited + after, self._pending + len(chunk)
        if blocks or self._pending >= SIGN:
            self.waited, self._pending = 0.0, 0

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()

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
