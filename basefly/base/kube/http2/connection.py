"""One connection by HTTP/2, the client's side: it carries many streams, and none can hold up another."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import H2Error
from h2.settings import SettingCodes, Settings
from hpack import Encoder
from hyperframe.frame import Frame, GoAwayFrame

from basefly.base.kube.http2.stream import WINDOW, Head, Malformed, Stream, Unprocessed

MOST_STREAMS = 250  # on one connection, whatever the server allows: what Go's servers allow
FRAME = 128 * 1024  # bytes: a list that comes in few large frames costs less than in many small ones
_AHEAD = 16 * 2**20  # bytes that may be on their way on the whole connection; what a stream may hold bounds it further
_HEADERS = 64 * 1024  # bytes of a head, as HTTP/2 counts them
_PING = b"basefly?"
HEEDED = ("location", "retry-after")  # of an answer's headers: all of them would be a fifth of what a quiet watch takes

Headers = Sequence[tuple[str, str]]


class _Machine(H2Connection):
    """The state of a connection. After a GOAWAY those streams go on that the server has accepted (RFC 9113, 6.8).

    The library ends the connection there (python-hyper/h2#1181), though graceful restarts begin with a GOAWAY.
    """

    def _receive_frame(self, frame: Frame) -> list[events.Event]:
        frame._body_repr = _unsaid  # type: ignore[method-assign]  # or each body is written out for a log nobody keeps
        return super()._receive_frame(frame)

    def _receive_goaway_frame(self, frame: GoAwayFrame) -> tuple[list[Frame], list[events.Event]]:
        told = events.ConnectionTerminated()
        told.error_code, told.last_stream_id = frame.error_code, frame.last_stream_id
        told.additional_data = frame.additional_data or None
        return [], [told]


class _Plain(Encoder):
    """Sends heads as they are: to pack the letters of one by Huffman's code takes longer than all else about it."""

    def encode(self, headers: Any, huffman: bool = False) -> bytes:
        return super().encode(headers, huffman)


class Connection(asyncio.Protocol):
    """Begins streams as long as it has `room`, and tells each of them what comes.

    A server that is silent for `patience` seconds is asked for a sign of life, and given up after as many more. A
    connection without streams is closed at the same beat. Used within one event loop.
    """

    def __init__(self, patience: float) -> None:
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()  # the server has said what it allows
        self.spoken = False  # whether the server knows HTTP/2 at all; where it does not, the connection is closed
        self._patience = patience
        self._machine: _Machine  # from when the server speaks HTTP/2: many never get so far
        self._transport: asyncio.Transport | None = None
        self._streams: dict[int, Stream] = {}
        self._owed = 0  # bytes that came since the server last heard that it may send more on the connection
        self._flushing = False  # soon
        self._leaving = False  # no new streams: the server wants to end, or we do
        self._beat: asyncio.TimerHandle | None = None
        self._heard = True  # anything at all since the last beat
        self._asked = False  # for a sign of life

    @property
    def room(self) -> bool:
        """Whether one more stream may begin here."""
        if self._leaving or self._transport is None:
            return False
        most = min(self._machine.remote_settings.max_concurrent_streams, MOST_STREAMS)
        return len(self._streams) < most and self._machine.open_outbound_streams < most

    @property
    def over(self) -> bool:
        """Whether it can be forgotten: no stream is left, and none can begin."""
        return self._transport is None or (self._leaving and not self._streams)

    def begin(self, headers: Headers) -> Stream:
        """Ask. Only while there is `room`."""
        number = self._machine.get_next_available_stream_id()
        self._machine.send_headers(number, headers, end_stream=True)
        stream = self._streams[number] = Stream(self, number)
        if not self._flushing:  # what begins in the same moment goes out together
            self._flushing = True
            asyncio.get_running_loop().call_soon(self._flush)
        return stream

    def consumed(self, number: int, size: int) -> None:
        """A reader has kept up: the server may send so many more bytes on its stream."""
        if number in self._streams and self._transport is not None:
            self._machine.increment_flow_control_window(size, number)
            self._flush()

    def abandon(self, number: int) -> None:
        """Have the server end a stream."""
        if self._streams.pop(number, None) is not None and self._transport is not None:
            self._machine.reset_stream(number, ErrorCodes.CANCEL)
            self._flush()
            self._leave_if_empty()

    def close(self, failure: Exception) -> None:
        """End everything at once; each stream fails with `failure`."""
        self._leaving = True
        self._fail(failure)
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        agreed = transport.get_extra_info("ssl_object").selected_alpn_protocol()
        if agreed != "h2":
            transport.close()
            return
        self.spoken = True
        self._transport = cast(asyncio.Transport, transport)
        self._machine = _machine()
        self._machine.initiate_connection()
        self._machine.increment_flow_control_window(_AHEAD)
        self._flush()
        self._beat = asyncio.get_running_loop().call_later(self._patience, self._look)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport, self._leaving = None, True
        if self.spoken:
            vars(self._machine).clear()  # its methods are among its members: such a circle waits long to be found
        if self._beat is not None:
            self._beat.cancel()
        self._fail(error if isinstance(error, OSError) else ConnectionResetError("the server has closed it"))

    def pause_writing(self) -> None:
        if self._transport is not None:  # whoever does not take our answers is not listened to
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        if self._transport is not None:
            self._transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._heard = True
        try:
            for event in self._machine.receive_data(data):
                self._hear(event)
        except (H2Error, ValueError) as error:  # ValueError: a status, or letters, that are none
            self._flush()  # says to the server what was wrong
            self.close(Malformed(str(error) or type(error).__name__))
            return
        if self._owed >= _AHEAD // 2:
            self._machine.increment_flow_control_window(self._owed)
            self._owed = 0
        self._flush()
        self._leave_if_empty()

    def _hear(self, event: events.Event) -> None:
        match event:
            case events.DataReceived():
                self._came(event)
            case events.ResponseReceived():
                if stream := self._streams.get(event.stream_id):
                    stream.begin(_head(event.headers))
            case events.StreamEnded():
                if stream := self._streams.pop(event.stream_id, None):
                    stream.end()
            case events.StreamReset():
                if stream := self._streams.pop(event.stream_id, None):
                    stream.fail(_reset(event.error_code))
            case events.RemoteSettingsChanged():
                if not self.ready.done():
                    self.ready.set_result(None)
            case events.PingAckReceived():
                self._asked = False
            case events.ConnectionTerminated():
                self._dismissed(event.last_stream_id or 0)

    def _came(self, event: events.DataReceived) -> None:
        # What a stream may hold is bounded by its own window. The connection's is opened as bytes arrive, not as they
        # are read: otherwise one slow reader would stop all others.
        size = event.flow_controlled_length or 0
        self._owed += size
        if stream := self._streams.get(event.stream_id):
            stream.feed(event.data or b"", size)

    def _dismissed(self, last: int) -> None:
        """The server begins no new streams, and has not looked at those after the `last`."""
        self._leaving = True
        for number in [number for number in self._streams if number > last]:
            self._streams.pop(number).fail(Unprocessed("the server takes no more requests on this connection"))

    def _look(self) -> None:
        """The beat: is anybody still there, on either side?"""
        if self._transport is None:
            return
        if not self._streams:
            self.close(ConnectionAbortedError("nobody has used it"))
            return
        if not self._heard and self._asked:
            self.close(ConnectionAbortedError(f"no sign of life for {2 * self._patience:.0f} s"))
            self._transport.abort()
            return
        if not self._heard:
            self._asked = True
            self._machine.ping(_PING)
            self._flush()
        self._heard = False
        self._beat = asyncio.get_running_loop().call_later(self._patience, self._look)

    def _leave_if_empty(self) -> None:
        if self._leaving and not self._streams and self._transport is not None:
            self._transport.close()

    def _fail(self, failure: Exception) -> None:
        if not self.ready.done():
            self.ready.set_exception(failure)
            self.ready.exception()  # whoever waited may be gone
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.fail(failure)

    def _flush(self) -> None:
        self._flushing = False
        if self._transport is not None and (data := self._machine.data_to_send()):
            self._transport.write(data)


def _unsaid() -> str:
    return ""


def _machine() -> _Machine:
    # What we ask is lower case and in order as we write it: to have it checked takes four times as long as to send it.
    configuration = H2Configuration(
        client_side=True,
        header_encoding="utf-8",
        validate_outbound_headers=False,
        normalize_outbound_headers=False,
    )
    machine = _Machine(configuration)
    machine.encoder = _Plain()
    machine.local_settings = Settings(
        client=True,
        initial_values={
            SettingCodes.ENABLE_PUSH: 0,
            SettingCodes.INITIAL_WINDOW_SIZE: WINDOW,
            SettingCodes.MAX_FRAME_SIZE: FRAME,
            SettingCodes.MAX_HEADER_LIST_SIZE: _HEADERS,
        },
    )
    machine.max_inbound_frame_size = FRAME
    return machine


def _head(headers: Any) -> Head:
    named = dict(headers)
    return Head(int(named[":status"]), {name: named[name] for name in HEEDED if name in named})


def _reset(code: int | None) -> OSError:
    if code == ErrorCodes.REFUSED_STREAM:
        return Unprocessed("the server refuses to take one more request on this connection")
    name = ErrorCodes(code).name.lower().replace("_", " ") if code in list(ErrorCodes) else str(code)
    return ConnectionResetError(f"the server has broken it off: {name}")
