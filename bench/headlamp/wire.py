"""The network between a browser and a server: as slow as is asked, and every byte of it counted.

Chromium's own brake slows no service worker and no WebSocket; this one does not know what it carries.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

LATELY = 5000  # moves that are remembered: more than what a slow wire carries in some seconds
CHUNK = 4096  # connections take turns by so many bytes
Address = tuple[str, int]


class Pace(NamedTuple):
    """Seconds from one end to the other; bytes a second to the browser and from it."""

    latency: float
    down: float
    up: float


# Lighthouse's slow 4G, as in bench/console/paint.py: 150 ms there and back, 1.6 Mbit/s down, 0.75 up.
SLOW_4G = Pace(0.075, 1_600_000 / 8, 750_000 / 8)
FREE = Pace(0.0, float("inf"), float("inf"))


class Lane:
    """One direction, shared by all connections in turns."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._free = 0.0

    async def cross(self, size: int, rate: float) -> None:
        """Wait for so many bytes to be on their way."""
        async with self._turn:
            now = time.monotonic()
            self._free = max(now, self._free) + size / rate
            if self._free > now:
                await asyncio.sleep(self._free - now)


class Wire:
    """Connections that are taken at `near` go on to `far`; `received` counts what came to the browser."""

    def __init__(self, near: Address, far: Address) -> None:
        self.near, self.far = near, far
        self.pace = SLOW_4G
        self.received = 0
        self._down, self._up = Lane(), Lane()
        self._moved: deque[tuple[float, int]] = deque(maxlen=LATELY)
        self._loop = asyncio.new_event_loop()

    @classmethod
    @contextmanager
    def open(cls, near: Address, far: Address) -> Iterator[Wire]:
        """A wire for as long as the block runs."""
        wire = cls(near, far)
        taken = threading.Event()
        thread = threading.Thread(target=wire._run, args=(taken,), daemon=True)
        thread.start()
        if not taken.wait(10):
            raise SystemExit(f"{near[0]}:{near[1]} cannot be listened on")
        try:
            yield wire
        finally:
            wire._loop.call_soon_threadsafe(wire._loop.stop)
            thread.join()

    def moved(self, seconds: float) -> int:
        """Bytes that moved lately, in both directions."""
        since = time.monotonic() - seconds
        return sum(size for at, size in list(self._moved) if at >= since)

    def _run(self, taken: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(asyncio.start_server(self._connected, *self.near))
        taken.set()
        self._loop.run_forever()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection(*self.far)
            await asyncio.gather(self._carry(reader, far_writer, self._up), self._carry(far_reader, writer, self._down))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, lane: Lane) -> None:
        flying: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        landing = asyncio.create_task(self._land(flying, writer, lane))
        with suppress(OSError):
            while data := await reader.read(CHUNK):
                self._moved.append((time.monotonic(), len(data)))
                await lane.cross(len(data), self.pace.down if lane is self._down else self.pace.up)
                flying.put_nowait((time.monotonic() + self.pace.latency, data))
        flying.put_nowait((0.0, b""))
        await landing

    async def _land(self, flying: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter, lane: Lane) -> None:
        with suppress(OSError):
            while data := await _landed(flying):
                writer.write(data)
                await writer.drain()
                self._moved.append((time.monotonic(), len(data)))
                self.received += len(data) if lane is self._down else 0
        writer.close()


async def _landed(flying: asyncio.Queue[tuple[float, bytes]]) -> bytes:
    due, data = await flying.get()
    if (wait := due - time.monotonic()) > 0:
        await asyncio.sleep(wait)
    return data
