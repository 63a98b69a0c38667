"""Shells in a simulated pod: how soon one has started, and two hundred of them at once."""

from __future__ import annotations

import asyncio
import statistics
import time
from typing import Any

import aiohttp

from bench.proxy.ways import Way

Socket = aiohttp.ClientWebSocketResponse[Any]

_PROTOCOL = "v5.channel.k8s.io"
_STDIN, _STDOUT = b"\x00", 1


def started(ways: list[Way], path: str, rounds: int) -> dict[str, float]:
    """Median milliseconds from asking for a command to its first output, by way; interleaved."""
    return asyncio.run(_started(ways, path, rounds))


def together(way: Way, path: str, count: int) -> tuple[float, float]:
    """Seconds until `count` shells are open side by side, and the median milliseconds of an echo in them."""
    return asyncio.run(_together(way, path, count))


async def _started(ways: list[Way], path: str, rounds: int) -> dict[str, float]:
    taken: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(rounds + 1):
        for way in ways:
            async with aiohttp.ClientSession() as session:
                begun = time.perf_counter()
                socket = await _open(session, way, f"{path}?command=echo&command=hello&stdout=true")
                await _heard(socket)
                taken[way.name].append((time.perf_counter() - begun) * 1000)
                await socket.close()
    return {name: statistics.median(values[1:]) for name, values in taken.items()}


async def _together(way: Way, path: str, count: int) -> tuple[float, float]:
    asked = f"{path}?command=sh&stdin=true&stdout=true"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        begun = time.perf_counter()
        sockets = await asyncio.gather(*(_open(session, way, asked) for _ in range(count)))
        opened = time.perf_counter() - begun
        echoes = await asyncio.gather(*(_echo(socket) for socket in sockets))
        await asyncio.gather(*(socket.close() for socket in sockets))
    return opened, statistics.median(echoes)


async def _open(session: aiohttp.ClientSession, way: Way, path: str) -> Socket:
    headers = {name: value for name, value in way.headers.items() if name != "Accept"}
    return await session.ws_connect(way.url + path, ssl=way.tls or False, protocols=(_PROTOCOL,), headers=headers)


async def _echo(socket: Socket) -> float:
    begun = time.perf_counter()
    await socket.send_bytes(_STDIN + b"echo hello\n")
    await _heard(socket)
    return (time.perf_counter() - begun) * 1000


async def _heard(socket: Socket) -> None:
    async for message in socket:
        if message.type == aiohttp.WSMsgType.BINARY and message.data[0] == _STDOUT and message.data[1:]:
            return
    raise SystemExit("the shell ended without a word")
