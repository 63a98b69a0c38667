"""One exchange on a shared connection: a request without a body, and its answer as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from copy import copy
from typing import NamedTuple, Protocol

WINDOW = 256 * 1024
"""Bytes that a server may send ahead of our reader, on one stream."""


class Malformed(OSError):
    """What the server sends is no proper HTTP/2; the text says how."""


class Unprocessed(OSError):
    """The server has not looked at the request and will not, so that it may be sent again elsewhere."""


class Head(NamedTuple):
    """The status of an answer, and those of its headers that anybody heeds, by their names in lower case."""

    status: int
    headers: Mapping[str, str]


class Carrier(Protocol):
    """The connection of a stream."""

    def consumed(self, number: int, size: int) -> None:
        """So many more bytes may be sent on the stream."""
        ...

    def abandon(self, number: int) -> None:
        """Nobody wants the rest of the answer."""
        ...


class Stream:
    """Holds what has come and was not read, which is at most the WINDOW. One reader, who may leave and listen."""

    __slots__ = (
        "_carrier",
        "_ended",
        "_failure",
        "_held",
        "_listener",
        "_owed",
        "_pieces",
        "_waiting",
        "head",
        "number",
    )

    def __init__(self, carrier: Carrier, number: int) -> None:
        self.number = number
        self.head: Head | None = None
        self._carrier = carrier
        self._pieces: list[bytes] = []
        self._held = 0  # bytes of the window that the pieces take, padding included
        self._owed = 0  # bytes that were read since the server last heard that it may send more
        self._waiting: asyncio.Future[None] | None = None
        self._listener: Callable[[], None] | None = None
        self._failure: Exception | None = None  # copies are raised: one that was holds whoever read us, who holds us
        self._ended = False

    async def answered(self) -> Head:
        """The head, once it is here. Raises OSError."""
        while self.head is None:
            if self._failure is not None:
                raise copy(self._failure)
            await self._news()
        return self.head

    async def readany(self) -> bytes:
        """What has come, as soon as something has; nothing at the proper end. Raises OSError after the last byte."""
        while (data := self.take()) is None:
            await self._news()
        return data

    def take(self) -> bytes | None:
        """As `readany`, but None where it would wait."""
        if not self._pieces:
            if self._failure is not None:
                raise copy(self._failure)
            return b"" if self._ended else None
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._owed, self._held = self._owed + self._held, 0
        if self._owed >= WINDOW // 2 and not self.over:
            owed, self._owed = self._owed, 0
            self._carrier.consumed(self.number, owed)
        return data

    def listen(self, listener: Callable[[], None] | None) -> None:
        """Have it called, once and soon, when there is something to take, an end or a failure included."""
        self._listener = listener
        if self._pieces or self.over:
            self._wake()

    @property
    def over(self) -> bool:
        """Whether nothing more can come."""
        return self._ended or self._failure is not None

    def close(self) -> None:
        """Want no more of it."""
        self._listener = None
        if not self.over:
            self.fail(ConnectionAbortedError("the answer was not wanted any longer"))
            self._carrier.abandon(self.number)
        self._pieces.clear()

    def begin(self, head: Head) -> None:
        """The head has come."""
        self.head = head
        self._wake()

    def feed(self, data: bytes, size: int) -> None:
        """A piece of the body has come, which takes `size` bytes of the window."""
        self._held += size
        if data and not self.over:
            self._pieces.append(data)
            self._wake()

    def end(self) -> None:
        """The answer has ended properly."""
        self._ended = True
        if self.head is None:
            self._failure = Malformed("an answer without a head")
        self._wake()

    def fail(self, failure: Exception) -> None:
        """The answer has broken off. An end that was reached before stays one."""
        if not self.over:
            self._failure = failure
            self._wake()

    async def _news(self) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        try:
            await self._waiting
        finally:
            self._waiting = None

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)
        if self._listener is not None:
            listener, self._listener = self._listener, None
            asyncio.get_running_loop().call_soon(listener)
