"""Kubernetes' streams over a WebSocket: messages whose first byte is the channel that they belong to.

`v5.channel.k8s.io` and its forerunners (k8s.io/apimachinery/pkg/util/remotecommand): what is typed, what is shown, how
it ended, and the size of the terminal.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence

import msgspec
from websockets.frames import Frame, Opcode
from websockets.protocol import CLIENT, OPEN, SERVER, Protocol, Side

from basefly.base.kube.relay.wire import Wire

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
PROTOCOLS = (b"v5.channel.k8s.io", b"v4.channel.k8s.io")
MOST = 4 * 2**20  # bytes of a message; an API server sends 32 KiB at most

_MATTER = (Opcode.BINARY, Opcode.TEXT, Opcode.CONT)


class Status(msgspec.Struct):
    """How a command ended, as the last message on ERROR says it."""

    status: str = "Success"
    message: str = ""
    reason: str = ""
    details: dict[str, object] = {}

    @property
    def code(self) -> int | None:
        """The exit code of a command that ran; None where it was not started, or the way to it broke."""
        if self.status == "Success":
            return 0
        causes = self.details.get("causes")
        for cause in causes if isinstance(causes, list) else []:
            if cause.get("reason") == "ExitCode" and str(cause.get("message", "")).isdecimal():
                return int(cause["message"])
        return None


class Messages:
    """The bytes of one direction as whole messages, for whoever only listens. Raises ValueError for what is none."""

    def __init__(self, said_by: Side) -> None:
        self._reading = Protocol(SERVER if said_by is CLIENT else CLIENT, state=OPEN, max_size=MOST)
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """What these bytes complete."""
        self._reading.receive_data(data)
        self._reading.data_to_send()  # answers to pings, which others give
        if self._reading.parser_exc:
            raise ValueError(str(self._reading.parser_exc))
        return joined(self._parts, self._reading.events_received())


class Socket:
    """A WebSocket to an API server over a wire that has become one."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._protocol = Protocol(CLIENT, state=OPEN, max_size=MOST)
        self._parts: list[bytes] = []
        self._ready: list[bytes] = []
        self._take(wire.trailing)

    async def next(self) -> bytes | None:
        """The next message; None at the end. Raises OSError when the connection breaks."""
        while not self._ready:
            data = await self._wire.reader.read(64 * 1024)
            if not data:
                return None
            self._take(data)
            await self._flush()
            if self._protocol.close_rcvd and not self._ready:
                return None
        return self._ready.pop(0)

    async def send(self, channel: int, data: bytes) -> None:
        """Send, and wait until the cluster keeps up."""
        self._protocol.send_binary(bytes((channel,)) + data)
        await self._flush()

    async def ping(self) -> None:
        """Show that somebody is there."""
        self._protocol.send_ping(b"basefly")
        await self._flush()

    def close(self) -> None:
        """Say goodbye without waiting for an answer."""
        if self._protocol.state is OPEN:
            self._protocol.send_close()
            self._wire.write(b"".join(self._protocol.data_to_send()))
        self._wire.close()

    def _take(self, data: bytes) -> None:
        if data:
            self._protocol.receive_data(data)
            self._ready += joined(self._parts, self._protocol.events_received())

    async def _flush(self) -> None:
        self._wire.write(b"".join(self._protocol.data_to_send()))
        await self._wire.writer.drain()


def joined(parts: list[bytes], frames: Sequence[object]) -> list[bytes]:
    """Whole messages; `parts` keeps what has come of one that is not whole yet."""
    whole = []
    for frame in frames:
        if isinstance(frame, Frame) and frame.opcode in _MATTER:
            parts.append(bytes(frame.data))
            if frame.fin:
                whole.append(b"".join(parts))
                parts.clear()
    return whole


def opening() -> list[tuple[bytes, bytes]]:
    """The headers that ask for a WebSocket (RFC 6455, 4.1)."""
    return [
        (b"Connection", b"Upgrade"),
        (b"Upgrade", b"websocket"),
        (b"Sec-WebSocket-Version", b"13"),
        (b"Sec-WebSocket-Key", base64.b64encode(os.urandom(16))),
        (b"Sec-WebSocket-Protocol", b", ".join(PROTOCOLS)),
        (b"User-Agent", b"basefly"),
    ]


def size(columns: int, rows: int) -> bytes:
    """A terminal's size, as RESIZE carries it."""
    return msgspec.json.encode({"Width": columns, "Height": rows})


def size_of(message: bytes) -> tuple[int, int] | None:
    """Columns and rows, as RESIZE carries them; None for what is no size."""
    try:
        told = msgspec.json.decode(message, type=dict[str, int])
    except msgspec.DecodeError:
        return None
    return (told["Width"], told["Height"]) if {"Width", "Height"} <= set(told) else None


def status(message: bytes) -> Status:
    """How a command ended; what cannot be read is an end that nobody can tell of."""
    try:
        return msgspec.json.decode(message, type=Status)
    except msgspec.DecodeError:
        return Status(status="Failure", message=message.decode("utf-8", "replace")[:500])
