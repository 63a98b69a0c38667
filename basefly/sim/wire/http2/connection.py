"""One connection by HTTP/2, the server's side: it carries many exchanges at once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from aiohttp import web
from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes, Settings

from basefly.sim.wire.http2.exchange import Exchange

Headers = Sequence[tuple[str, str]]
Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

STREAMS = 250
"""At once on one connection, as Go's servers have it."""
_log = logging.getLogger(__name__)


class Connection(asyncio.Protocol):
    """Hands each request to `handler`, in a task of its own that is cancelled when the asker is gone."""

    def __init__(self, handler: Handler, standing: set[Connection]) -> None:
        self.handler = handler
        self.transport: asyncio.Transport | None = None
        self._standing = standing
        # What we answer is lower case and in order as it is written: to have it checked takes longer than to send it.
        configuration = H2Configuration(
            client_side=False,
            header_encoding="utf-8",
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self._machine = H2Connection(configuration)
        self._exchanges: dict[int, Exchange] = {}
        self._writable = asyncio.Event()
        self._writable.set()
        self._moved: list[asyncio.Future[None]] = []  # who waits for a window to open

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self._standing.add(self)
        allowed = {SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS}
        self._machine.local_settings = Settings(client=False, initial_values=allowed)
        self._machine.initiate_connection()
        self._flush()

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None
        self._standing.discard(self)
        self._writable.set()
        for exchange in list(self._exchanges.values()):
            self._hang_up(exchange)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        try:
            told = self._machine.receive_data(data)
        except ProtocolError as error:
            _log.info("a client speaks no proper HTTP/2: %s", error)
            self._flush()
            if self.transport is not None:
                self.transport.close()
            return
        for event in told:
            self._hear(event)
        self._flush()

    def _hear(self, event: events.Event) -> None:
        match event:
            case events.RequestReceived():
                self._exchanges[event.stream_id] = Exchange(self, event.stream_id, cast(Headers, event.headers))
            case events.DataReceived():
                if exchange := self._exchanges.get(event.stream_id):
                    exchange.payload.feed_data(event.data)
                self._machine.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            case events.StreamEnded():
                if exchange := self._exchanges.get(event.stream_id):
                    exchange.payload.feed_eof()
            case events.StreamReset():
                if exchange := self._exchanges.get(event.stream_id):
                    self._hang_up(exchange)
            case events.WindowUpdated() | events.RemoteSettingsChanged():
                self._wake()

    async def room(self, exchange: Exchange) -> int:
        """How many bytes may be sent now; waits until some may. Raises ConnectionResetError when it is over."""
        while True:
            await self._writable.wait()
            if exchange.ended:
                raise ConnectionResetError("the asker is gone")
            window = self._machine.local_flow_control_window(exchange.number)
            if window > 0:
                return min(window, self._machine.max_outbound_frame_size)
            moved = asyncio.get_running_loop().create_future()
            self._moved.append(moved)
            await moved

    def send_headers(self, exchange: Exchange, headers: Headers) -> None:
        """The head of an answer."""
        if exchange.ended:
            raise ConnectionResetError("the asker is gone")
        self._machine.send_headers(exchange.number, headers)
        self._flush()

    def send_data(self, exchange: Exchange, data: bytes) -> None:
        """A piece that fits into the `room`."""
        self._machine.send_data(exchange.number, data)
        self._flush()

    def end(self, exchange: Exchange) -> None:
        """The proper end of an answer."""
        exchange.ended = True
        self._machine.end_stream(exchange.number)
        self._flush()

    def reset(self, exchange: Exchange) -> None:
        """Break an answer off."""
        if not exchange.ended:
            self._machine.reset_stream(exchange.number, ErrorCodes.INTERNAL_ERROR)
            self._flush()
        self._hang_up(exchange)

    def done(self, exchange: Exchange) -> None:
        """Its handler has ended; an answer that has none was broken off."""
        self._exchanges.pop(exchange.number, None)
        if not exchange.ended:
            self.reset(exchange)

    def get_extra_info(self, name: str, default: Any) -> Any:
        return self.transport.get_extra_info(name, default) if self.transport else default

    def refuse(self) -> None:
        """Tell the other side that it is over: GOAWAY."""
        if self.transport is not None:
            self._machine.close_connection()
            self._flush()

    async def shutdown(self, within: float) -> None:
        """Wait for what runs for so many seconds, cancel the rest, and close."""
        tasks = [exchange.task for exchange in self._exchanges.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=within)
        for exchange in list(self._exchanges.values()):
            self._hang_up(exchange)
        if self.transport is not None:
            self.transport.close()

    def _hang_up(self, exchange: Exchange) -> None:
        exchange.ended = True
        self._exchanges.pop(exchange.number, None)
        if exchange.task is not asyncio.current_task():
            exchange.task.cancel()
        self._wake()

    def _wake(self) -> None:
        moved, self._moved = self._moved, []
        for waiting in moved:
            if not waiting.done():
                waiting.set_result(None)

    def _flush(self) -> None:
        if self.transport is not None and (data := self._machine.data_to_send()):
            self.transport.write(data)
