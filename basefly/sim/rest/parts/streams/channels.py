"""A WebSocket of many channels, as kubectl exec speaks it: v5.channel.k8s.io and its forerunner v4."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

from basefly.sim.rest.parts.inside.pipe import CHUNK, Pipe
from basefly.sim.rest.paths import truthy
from basefly.sim.status import bad_request, not_simulated
from basefly.sim.wire.call import Call

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
_PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_PULSE = 1.5
_PATIENCE = 3.0
"""Seconds that a closing WebSocket waits for the other side."""


class Channels:
    """The streams that a command was asked to have; writing waits for a slow reader."""

    def __init__(self, call: Call, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._asked = {name: truthy(call.query.get(name)) for name in ("stdin", "stdout", "stderr", "tty")}
        self.stdin = Pipe()
        self.size = (80, 24)
        """Columns and rows of the terminal."""

    @property
    def tty(self) -> bool:
        return self._asked["tty"]

    async def out(self, data: bytes) -> None:
        if self._asked["stdout"] and data:
            await self._send(STDOUT, data)

    async def err(self, data: bytes) -> None:
        """To stderr; a terminal has only one output."""
        if self._asked["stderr"] and not self.tty:
            await self._send(STDERR, data)
        elif self.tty:
            await self.out(data)

    async def end(self, status: dict[str, Any]) -> None:
        """Say how the command ended."""
        await self._send(ERROR, msgspec.json.encode({"metadata": {}} | status))

    async def _send(self, channel: int, data: bytes) -> None:
        for start in range(0, len(data) or 1, CHUNK):
            await self._socket.send_bytes(bytes((channel,)) + data[start : start + CHUNK])

    async def greet(self) -> None:
        """Show that the connection stands: an empty message, as the real server sends it."""
        await self._send(STDOUT if self._asked["stdout"] else STDERR if self._asked["stderr"] else ERROR, b"")

    async def listen(self) -> None:
        """Take in what the other side says, until it leaves."""
        if not self._asked["stdin"]:
            await self.stdin.close()
        async for message in self._socket:
            if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT) or not message.data:
                continue
            data = message.data.encode() if message.type is WSMsgType.TEXT else message.data
            await self._take(data[0], data[1:])

    async def pulse(self) -> None:
        """Ping now and then: who has gone while its input was held back is noticed by writing alone."""
        while True:
            await asyncio.sleep(_PULSE)
            await self._socket.ping()

    async def _take(self, channel: int, data: bytes) -> None:
        if channel == STDIN and data:
            await self.stdin.write(data)
        elif channel == CLOSE and data == bytes((STDIN,)) and self._socket.ws_protocol == _PROTOCOLS[0]:
            await self.stdin.close()
        elif channel == RESIZE:
            asked = msgspec.json.decode(data)
            self.size = asked.get("Width", 80), asked.get("Height", 24)


def require_websocket(call: Call, protocols: tuple[str, ...] = _PROTOCOLS) -> None:
    """Refuse what is no upgrade to a WebSocket of a known protocol, and who may not create what is opened by a GET."""
    upgrade = call.request.headers.get("Upgrade", "").lower()
    what = f"{call.kind.plural}/{call.target.subresource}"
    if not upgrade:
        raise bad_request("Upgrade request required")
    if upgrade != "websocket":
        raise not_simulated(f"{what} over {upgrade.upper()} without WebSocket")
    offered = [name.strip() for name in call.request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
    if not set(offered) & set(protocols):
        raise not_simulated(f"{what} by any protocol but {' and '.join(protocols)}")
    call.cluster.access.require(call.user, msgspec.structs.replace(call.target, verb="create"))


async def opened(call: Call, protocols: tuple[str, ...] = _PROTOCOLS) -> web.WebSocketResponse:
    """The WebSocket of a request, by the protocol that the other side likes best."""
    require_websocket(call, protocols)
    socket = web.WebSocketResponse(protocols=protocols, timeout=_PATIENCE, compress=False)
    await socket.prepare(call.request)
    return socket


async def converse(call: Call, work: Callable[[Channels], Awaitable[dict[str, Any]]]) -> web.WebSocketResponse:
    """Let a command work at its channels and tell its end, or stop it when the other side leaves."""
    if not any(truthy(call.query.get(name)) for name in ("stdin", "stdout", "stderr")):
        raise bad_request("you must specify at least 1 of stdin, stdout, stderr")
    socket = await opened(call)
    channels = Channels(call, socket)
    await channels.greet()
    await together(channels.listen(), channels.pulse(), _worked(channels, work))
    await socket.close()
    return socket


async def _worked(channels: Channels, work: Callable[[Channels], Awaitable[dict[str, Any]]]) -> None:
    await channels.end(await work(channels))


async def together(*works: Awaitable[None]) -> None:
    """Do several things at once, until the first of them is done; its error is ours."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
