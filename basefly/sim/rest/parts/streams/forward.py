"""pods/portforward: connections to a pod's ports, in SPDY frames within a WebSocket, or in its older channels."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import WSMsgType, web

from basefly.sim.rest import writes
from basefly.sim.rest.parts import containers
from basefly.sim.rest.parts.inside.pipe import CHUNK, Pipe
from basefly.sim.rest.parts.inside.ports import serve
from basefly.sim.rest.parts.streams import spdy
from basefly.sim.rest.parts.streams.channels import opened, require_websocket, together
from basefly.sim.rest.parts.streams.spdy import Frame, Framer
from basefly.sim.status import bad_request
from basefly.sim.wire.call import Call

Object = dict[str, Any]
_TUNNEL, _CHANNELS = "SPDY/3.1+portforward.k8s.io", "v4.channel.k8s.io"


async def answer_forward(call: Call) -> web.StreamResponse:
    pod = writes.held(call).load()
    containers.require_host(pod)
    protocols = (_TUNNEL, _CHANNELS)
    require_websocket(call, protocols)
    ports = _ports(call)
    socket = await opened(call, protocols)
    if socket.ws_protocol == _TUNNEL:
        await _Tunnel(socket, pod).work()
    elif ports:
        await _Channels(socket, pod, ports).work()
    await socket.close()
    return socket


def _ports(call: Call) -> list[int]:
    """The ports of the query, which the older form must name."""
    words = [word for value in call.request.query.getall("ports", []) for word in value.split(",")]
    if not all(word.isdigit() for word in words):
        raise bad_request(f"invalid ports: {','.join(words)}")
    return [int(word) for word in words]


class _Stream:
    """One direction there, one back, within a tunnel."""

    def __init__(self, socket: web.WebSocketResponse, frame: Frame) -> None:
        self._socket, self.id, self.headers = socket, frame.stream, frame.headers
        self.input = Pipe()

    async def write(self, data: bytes) -> None:
        for start in range(0, len(data), CHUNK):
            await self._socket.send_bytes(spdy.data(self.id, data[start : start + CHUNK]))

    async def finish(self) -> None:
        await self._socket.send_bytes(spdy.data(self.id, b"", ends=True))


class _Tunnel:
    """A SPDY connection: each forwarded connection is a pair of streams with one request id, for data and errors."""

    def __init__(self, socket: web.WebSocketResponse, pod: Object) -> None:
        self._socket, self._pod = socket, pod
        self._framer = Framer()
        self._streams: dict[int, _Stream] = {}
        self._pairs: dict[str, dict[str, _Stream]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}

    async def work(self) -> None:
        """Until the other side leaves."""
        try:
            async for frame in self._frames():
                await self._take(frame)
        finally:
            tasks = list(self._tasks.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _frames(self) -> AsyncIterator[Frame]:
        """What comes in, up to a GOAWAY."""
        async for message in self._socket:
            for frame in self._framer.feed(message.data) if message.type is WSMsgType.BINARY else ():
                if frame.kind == spdy.GOAWAY:
                    return
                yield frame

    async def _take(self, frame: Frame) -> None:
        stream = self._streams.get(frame.stream)
        if frame.kind == spdy.SYN_STREAM:
            await self._open(frame)
        elif frame.kind == spdy.PING:
            await self._socket.send_bytes(spdy.control(spdy.PING, frame.payload))
        elif frame.kind == spdy.RST_STREAM:
            self._streams.pop(frame.stream, None)
            if task := self._tasks.pop(frame.stream, None):
                task.cancel()
        elif frame.kind == spdy.DATA and stream:
            if frame.payload:
                await stream.input.write(frame.payload)
            if frame.ends:
                await stream.input.close()

    async def _open(self, frame: Frame) -> None:
        stream = self._streams[frame.stream] = _Stream(self._socket, frame)
        await self._socket.send_bytes(self._framer.reply(frame.stream))
        if frame.ends:
            await stream.input.close()
        name = frame.headers.get("requestid", "")
        pair = self._pairs.setdefault(name, {})
        pair[frame.headers.get("streamtype", "")] = stream
        if {"data", "error"} <= set(pair):
            del self._pairs[name]
            self._tasks[pair["data"].id] = asyncio.ensure_future(self._serve(pair["data"], pair["error"]))

    async def _serve(self, data: _Stream, error: _Stream) -> None:
        wrong = await serve(self._pod, int(data.headers.get("port", 0)), data.input, data.write)
        if wrong:
            await error.write(wrong.encode())
        await data.finish()
        await error.finish()
        for stream in (data, error):
            self._streams.pop(stream.id, None)
        self._tasks.pop(data.id, None)


class _Channels:
    """Two channels for each port, data and errors; each begins with the number of its port."""

    def __init__(self, socket: web.WebSocketResponse, pod: Object, ports: list[int]) -> None:
        self._socket, self._pod, self._ports = socket, pod, ports
        self._inputs = [Pipe() for _ in ports]

    async def work(self) -> None:
        """Until every port is done, or the other side leaves."""
        for index, port in enumerate(self._ports):
            for channel in (2 * index, 2 * index + 1):
                await self._send(channel, struct.pack("<H", port))
        await together(self._listen(), self._serve_all())

    async def _listen(self) -> None:
        async for message in self._socket:
            data = message.data if message.type is WSMsgType.BINARY else str(message.data).encode()
            if len(data) > 1 and data[0] % 2 == 0 and data[0] // 2 < len(self._inputs):
                await self._inputs[data[0] // 2].write(data[1:])

    async def _serve_all(self) -> None:
        await asyncio.gather(*(self._serve(index, port) for index, port in enumerate(self._ports)))

    async def _serve(self, index: int, port: int) -> None:
        async def write(data: bytes) -> None:
            await self._send(2 * index, data)

        if wrong := await serve(self._pod, port, self._inputs[index], write):
            await self._send(2 * index + 1, wrong.encode())

    async def _send(self, channel: int, data: bytes) -> None:
        await self._socket.send_bytes(bytes((channel,)) + data)
