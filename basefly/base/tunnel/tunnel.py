"""Streams of bytes over one WebSocket: opened, read, written and ended, each with its own window."""

from __future__ import annotations

import asyncio
import socket as sockets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from basefly.base.resilience.ending import end
from basefly.base.tunnel import frames
from basefly.base.tunnel.frames import Broken, Kind, encode
from basefly.base.tunnel.mux import Event, Mux
from basefly.base.tunnel.websocket import Socket

PING = 5.0  # s between two signs of life
DEAD = 60.0  # s without one after which the tunnel is cut
LISTING = 20.0  # s between two lists of living streams
READ = 64 * 1024

Accept = Callable[["Stream"], Awaitable[None]]
Hear = Callable[[bytes], None]
Way = Coroutine[Any, Any, None]


class StreamReset(ConnectionResetError):
    """The stream is over before its end; the text says why."""


class Stream:
    """One stream. `payload` is what it was opened with."""

    def __init__(self, tunnel: Tunnel, number: int, payload: bytes = b"") -> None:
        self._tunnel, self.number, self.payload = tunnel, number, payload
        self._arrived: deque[bytes] = deque()
        self._readable, self._writable = asyncio.Event(), asyncio.Event()
        self._ended, self._why = False, ""

    async def read(self) -> bytes:
        """The next bytes; none at the end. Raises StreamReset."""
        while not self._arrived:
            if self._why:
                raise StreamReset(self._why)
            if self._ended:
                return b""
            self._readable.clear()
            await self._readable.wait()
        data = self._arrived.popleft()
        self._tunnel.consumed(self.number, len(data))
        return data

    async def write(self, data: bytes) -> None:
        """Send bytes, as fast as the other side reads. Raises StreamReset."""
        rest = memoryview(data)
        while rest:
            while not (room := self._tunnel.room(self.number)):
                if self._why:
                    raise StreamReset(self._why)
                self._writable.clear()
                await self._writable.wait()
            piece = rest[: min(room, frames.PIECE)]
            await self._tunnel.send_data(self.number, bytes(piece))
            rest = rest[len(piece) :]

    def end(self) -> None:
        """Nothing more comes from this side."""
        self._tunnel.end(self.number)

    def reset(self, why: str) -> None:
        """It is over, both ways."""
        self._tunnel.reset(self.number, why)
        self.broke(why)

    def broke(self, why: str) -> None:
        """Wake whoever waits: nothing more comes or goes."""
        self._why = self._why or why or "it was reset"
        self._readable.set()
        self._writable.set()

    def heard(self, event: Event) -> None:
        """Something came for this stream."""
        if event.kind is Kind.DATA:
            self._arrived.append(event.payload)
            self._readable.set()
        elif event.kind is Kind.CREDIT:
            self._writable.set()
        elif event.kind is Kind.END:
            self._ended = True
            self._readable.set()
        elif event.kind is Kind.RESET:
            self.broke(event.payload.decode("utf-8", "replace"))


class Tunnel:
    """Streams over a WebSocket, for as long as `run` does.

    `accept` is given each stream that the other side opens; None where it must not. `hear` is told each message
    about the session. `first` is the side that dialed.
    """

    def __init__(
        self, socket: Socket, *, first: bool, accept: Accept | None = None, hear: Hear | None = None, dead: float = DEAD
    ) -> None:
        self._socket, self._accept, self._hear, self._dead = socket, accept, hear, dead
        self._mux = Mux(first=first, accepts=accept is not None)
        self._streams: dict[int, Stream] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._closed = ""
        self._heard_at = time.monotonic()

    async def run(self) -> None:
        """Until it ends: raises OSError when the other side left, Broken, or TimeoutError when nothing was heard."""
        beating = asyncio.create_task(self._beat(), name="tunnel beat")
        receiving = asyncio.create_task(self._receive(), name="tunnel receive")
        why = "the tunnel was closed"
        try:
            done, _ = await asyncio.wait({beating, receiving}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task
        except (OSError, TimeoutError, Broken) as error:
            why = str(error) or type(error).__name__
            raise
        finally:
            self.close(why)
            await end(beating, receiving, *self._serving)

    async def open(self, payload: bytes = b"") -> Stream:
        """A new stream. Raises OSError."""
        if self._closed:
            raise ConnectionResetError(self._closed)
        try:
            number, frame = self._mux.open(payload)
        except OverflowError as error:
            raise ConnectionRefusedError(str(error)) from error
        stream = self._streams[number] = Stream(self, number, payload)
        self._socket.write(frame)
        await self._socket.drain()
        return stream

    def tell(self, message: bytes) -> None:
        """Say something about the session."""
        self._socket.write(encode(Kind.TELL, 0, message))

    def close(self, why: str) -> None:
        """Close it with all that goes through it."""
        if self._closed:
            return
        self._closed = why or "the tunnel was closed"
        self._socket.close(self._closed)
        for stream in list(self._streams.values()):
            stream.broke(self._closed)
        self._streams.clear()

    # What streams ask of their tunnel.

    def room(self, number: int) -> int:
        """How much a stream may send."""
        return 0 if self._closed else self._mux.room(number)

    async def send_data(self, number: int, data: bytes) -> None:
        """Send a stream's bytes, for which there is room."""
        self._socket.write(self._mux.data(number, data))
        await self._socket.drain()

    def consumed(self, number: int, count: int) -> None:
        """A stream's bytes were read."""
        if frame := self._mux.consumed(number, count):
            self._socket.write(frame)

    def end(self, number: int) -> None:
        """A stream sends no more."""
        if frame := self._mux.end(number):
            self._socket.write(frame)
        self._tidy()

    def reset(self, number: int, why: str) -> None:
        """A stream is over."""
        if frame := self._mux.reset(number, why):
            self._socket.write(frame)
        self._tidy()

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            self._heard_at = time.monotonic()
            for event in self._mux.receive(message):
                self._deal(event)

    def _deal(self, event: Event) -> None:
        if event.kind is Kind.PING:
            self._socket.write(encode(Kind.PONG, 0, event.payload))
        elif event.kind is Kind.TELL:
            if self._hear:
                self._hear(event.payload)
        elif event.kind is Kind.OPEN:
            self._serve(Stream(self, event.stream, event.payload))
        elif stream := self._streams.get(event.stream):
            stream.heard(event)
            self._tidy()

    def _serve(self, stream: Stream) -> None:
        self._streams[stream.number] = stream
        assert self._accept is not None, "the mux lets nobody open a stream then"  # noqa: S101  # for the type checker
        task = asyncio.ensure_future(self._accept(stream))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    def _tidy(self) -> None:
        """Let go of the streams that are over both ways; what has come of them can still be read."""
        if len(self._streams) > len(self._mux):
            for number in [each for each in self._streams if each not in self._mux]:
                del self._streams[number]

    async def _beat(self) -> None:
        listed = time.monotonic()
        while True:
            await asyncio.sleep(PING)
            now = time.monotonic()
            if now - self._heard_at > self._dead:
                raise TimeoutError(f"nothing was heard for {self._dead:.0f} s")
            self._socket.write(encode(Kind.PING))
            if now - listed >= LISTING:
                listed = now
                self._socket.write(self._mux.living())


async def splice(stream: Stream, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on between a stream and a connection until both have said all, or either breaks. Closes both."""

    def over(why: str) -> None:
        stream.reset(why)
        writer.close()

    await _both(_outward(stream, reader), _inward(stream, writer), over)


async def join(one: Stream, other: Stream) -> None:
    """Pass bytes on between two streams until both have said all, or either breaks. Both are over then."""

    def over(why: str) -> None:
        one.reset(why)
        other.reset(why)

    await _both(_onward(one, other), _onward(other, one), over)


async def _both(there: Way, back: Way, over: Callable[[str], None]) -> None:
    """Both ways until each has said all, or either breaks; then `over` is told why."""
    ways = [asyncio.create_task(there), asyncio.create_task(back)]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        broken = [str(way.exception()) for way in ways if way.done() and not way.cancelled() and way.exception()]
        await end(*ways)
        over(broken[0] if broken else "it is over")


async def _onward(source: Stream, sink: Stream) -> None:
    while data := await source.read():
        await sink.write(data)
    sink.end()


async def _outward(stream: Stream, reader: asyncio.StreamReader) -> None:
    while data := await reader.read(READ):
        await stream.write(data)
    stream.end()


async def _inward(stream: Stream, writer: asyncio.StreamWriter) -> None:
    while data := await stream.read():
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


class Ends:
    """Sockets whose other end is a stream, for whoever wants a socket: TLS and HTTP run over them as over any."""

    def __init__(self) -> None:
        self._splicing: set[asyncio.Task[None]] = set()

    async def socket(self, stream: Stream) -> sockets.socket:
        """A socket that leads into the stream."""
        ours, theirs = sockets.socketpair()
        theirs.setblocking(False)
        ours.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=theirs)
        task = asyncio.create_task(splice(stream, reader, writer), name="stream of a tunnel")
        self._splicing.add(task)
        task.add_done_callback(self._splicing.discard)
        return ours

    async def close(self) -> None:
        """End what still runs."""
        await end(*self._splicing)
