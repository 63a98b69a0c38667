"""A WebSocket (RFC 6455) over a connection that stands, either side: binary messages, and nothing else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidHandshake
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import Protocol, State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol
from websockets.uri import parse_uri

from basefly.base.tunnel.frames import HEAD, MOST, Broken

READ: Final = 256 * 1024  # bytes read at once
logging.getLogger("websockets").setLevel(logging.WARNING)  # that somebody came is told by whoever let them in
_LARGEST: Final = HEAD.size + MOST


class Refused(Exception):
    """The other side did not agree to a WebSocket: `status`, how long to wait if it said so, and its words."""

    def __init__(self, status: int, retry_after: float, text: str) -> None:
        super().__init__(f"{status}: {text}" if text else str(status))
        self.status, self.retry_after, self.text = status, retry_after, text


class Socket:
    """Messages both ways. Written without waiting; `drain` waits until the other side keeps up."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: Protocol) -> None:
        self._reader, self._writer, self._protocol = reader, writer, protocol
        self._waiting: list[Frame] = []
        self.subprotocol: str = protocol.subprotocol or ""

    @property
    def closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._writer.is_closing()

    def write(self, message: bytes) -> None:
        """Send a message, some time soon."""
        if not self._writer.is_closing() and self._protocol.state is State.OPEN:
            self._protocol.send_binary(message)
            self._flush()

    async def drain(self) -> None:
        """Wait while too much is under way."""
        await self._writer.drain()

    async def receive(self) -> bytes:
        """The next message. Raises ConnectionError at the end, Broken for what is none."""
        while not self._waiting:
            data = await self._reader.read(READ)
            self._protocol.receive_data(data) if data else self._protocol.receive_eof()
            self._flush()
            self._waiting.extend(event for event in self._protocol.events_received() if isinstance(event, Frame))
            if not data and not self._waiting:
                raise ConnectionResetError(self._why())
        return self._message(self._waiting.pop(0))

    def close(self, why: str = "") -> None:
        """Say goodbye, and close without waiting for theirs."""
        with suppress(Exception):  # it may be broken already
            self._protocol.send_close(1000, why[:100])
            self._flush()
        self._writer.close()

    def _message(self, frame: Frame) -> bytes:
        if frame.opcode is Opcode.BINARY and frame.fin:
            return bytes(frame.data)
        if frame.opcode is Opcode.CLOSE:
            raise ConnectionResetError(self._why())
        raise Broken(f"a message that is not one binary frame ({frame.opcode.name})")

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)

    def _why(self) -> str:
        said = self._protocol.close_rcvd
        return (said.reason or f"closed with code {said.code}") if said else "the connection was cut"


async def call(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    url: str,
    *,
    subprotocols: Sequence[str],
    headers: Mapping[str, str] | None = None,
) -> Socket:
    """Ask for a WebSocket on a connection that stands. Raises Refused, OSError."""
    protocol = ClientProtocol(
        parse_uri(url), subprotocols=[Subprotocol(each) for each in subprotocols], max_size=_LARGEST
    )
    request = protocol.connect()
    request.headers.update(headers or {})
    protocol.send_request(request)
    for data in protocol.data_to_send():
        writer.write(data)
    response: Response | None = None
    while response is None:
        data = await reader.read(READ)
        protocol.receive_data(data) if data else protocol.receive_eof()
        response = next((each for each in protocol.events_received() if isinstance(each, Response)), None)
        if response is None and (not data or protocol.handshake_exc):
            raise ConnectionResetError(str(protocol.handshake_exc or "the connection was cut"))
    if protocol.handshake_exc is not None:
        raise _refused(response, protocol.handshake_exc)
    return Socket(reader, writer, protocol)


class Asked:
    """Somebody asks for a WebSocket: their request, to be agreed to or refused."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: ServerProtocol, request: Request
    ) -> None:
        self._reader, self._writer, self._protocol, self.request = reader, writer, protocol, request
        self.path = request.path.partition("?")[0]
        peer = writer.get_extra_info("peername")
        self.address = str(peer[0]) if peer else ""

    @classmethod
    async def read(cls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Asked:
        """Read the request. Raises ConnectionError when it is none."""
        protocol = ServerProtocol(max_size=_LARGEST)
        while True:
            data = await reader.read(READ)
            protocol.receive_data(data) if data else protocol.receive_eof()
            for event in protocol.events_received():
                if isinstance(event, Request):
                    return cls(reader, writer, protocol, event)
            if not data or protocol.handshake_exc:
                raise ConnectionResetError("no request for a WebSocket")

    def agree(self, subprotocols: Sequence[str] = ()) -> Socket | None:
        """Agree; None, and an answer that says why, when the request is not proper."""
        protocol = self._protocol
        protocol.available_subprotocols = [Subprotocol(each) for each in subprotocols] or None
        response = protocol.accept(self.request)
        self._send(response)
        if response.status_code != 101:
            self._writer.close()
            return None
        return Socket(self._reader, self._writer, protocol)

    def refuse(self, status: int, text: str, *, retry_after: float = 0) -> None:
        """Answer with a status and a sentence, and close."""
        response = self._protocol.reject(status, f"{text}\n")
        response.headers["Cache-Control"] = "no-store"
        if retry_after:
            response.headers["Retry-After"] = str(max(1, round(retry_after)))
        self._send(response)
        self._writer.close()

    def _send(self, response: Response) -> None:
        self._protocol.send_response(response)
        for data in self._protocol.data_to_send():
            if data:
                self._writer.write(data)


def _refused(response: Response, error: Exception) -> Refused:
    text = (response.body or b"").decode("utf-8", "replace").strip()[:500]
    try:
        wait = float(response.headers.get("Retry-After", "0"))
    except ValueError:
        wait = 0.0
    if response.status_code == 101 and isinstance(error, InvalidHandshake):
        text = str(error)
    return Refused(response.status_code, wait, text)
