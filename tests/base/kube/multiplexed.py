"""The scripted API server by HTTP/2: the same answers, and what only a connection for many streams can do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings


class Wire:
    """One connection. `handle` is given each request: its headers, and the stream to answer on."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handle: Callable[[dict[str, str], OnStream], Awaitable[None]],
        *,
        streams: int = 100,
    ) -> None:
        self.machine = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.streams = streams
        self.heard: list[events.Event] = []
        self.deaf = False  # answers nothing more, not even a ping
        self._reader, self._writer, self._handle = reader, writer, handle
        self._moved = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Until the other side is gone."""
        allowed = {SettingCodes.MAX_CONCURRENT_STREAMS: self.streams}
        self.machine.local_settings = Settings(client=False, initial_values=allowed)
        self.machine.initiate_connection()
        self.flush()
        try:
            while data := await self._reader.read(2**16):
                for event in self.machine.receive_data(data):
                    self._hear(event)
                if not self.deaf:
                    self.flush()
        except ProtocolError:
            pass
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _hear(self, event: events.Event) -> None:
        self.heard.append(event)
        if isinstance(event, events.RequestReceived):
            headers: Any = dict(event.headers)
            self._tasks.add(asyncio.ensure_future(self._handle(headers, OnStream(self, event.stream_id))))
        self._moved.set()

    def flush(self) -> None:
        """Send what there is to send."""
        self._writer.write(self.machine.data_to_send())

    def raw(self, text: bytes) -> None:
        """Bytes that the machine knows nothing of."""
        self._writer.write(text)

    def go_away(self, last: int) -> None:
        """Take no streams after the `last`. Those before it go on, which the machine would not do."""
        payload = last.to_bytes(4, "big") + (0).to_bytes(4, "big")
        self.raw(len(payload).to_bytes(3, "big") + b"\x07\x00" + (0).to_bytes(4, "big") + payload)

    def cut(self) -> None:
        """Break the connection off."""
        self._writer.transport.abort()

    async def moved(self) -> None:
        """Until the other side has said something more."""
        self._moved.clear()
        await self._moved.wait()


class OnStream:
    """Writes an answer to one stream."""

    def __init__(self, wire: Wire, number: int) -> None:
        self.wire, self.number = wire, number

    async def head(self, status: int, headers: dict[str, str]) -> None:
        self.wire.machine.send_headers(self.number, [(":status", str(status)), *headers.items()])
        self.wire.flush()

    async def data(self, text: bytes) -> None:
        """All of it, as the windows allow."""
        while text:
            room = self.wire.machine.local_flow_control_window(self.number)
            if room == 0:
                await self.wire.moved()
                continue
            size = min(room, self.wire.machine.max_outbound_frame_size)
            self.wire.machine.send_data(self.number, text[:size])
            self.wire.flush()
            text = text[size:]

    async def end(self) -> None:
        self.wire.machine.end_stream(self.number)
        self.wire.flush()

    async def trailers(self, headers: dict[str, str]) -> None:
        """The proper end of an answer, with something to add."""
        self.wire.machine.send_headers(self.number, list(headers.items()), end_stream=True)
        self.wire.flush()

    async def reset(self, code: ErrorCodes = ErrorCodes.INTERNAL_ERROR) -> None:
        self.wire.machine.reset_stream(self.number, code)
        self.wire.flush()
