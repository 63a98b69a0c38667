"""One HTTP/1.1 connection as events of h11, with back-pressure both ways and a limit on every wait."""

from __future__ import annotations

import asyncio
from typing import Final

import h11

MOST_HEAD: Final = 64 * 1024  # bytes of a head, before it is refused
PIECE: Final = 256 * 1024  # bytes read at once, and held at most by the stream's buffer

Event = h11.Event | type[h11.PAUSED]


class Wire:
    """A stream that speaks HTTP/1.1 in one role (h11.CLIENT or h11.SERVER)."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, role: type[h11.CLIENT | h11.SERVER]
    ) -> None:
        self.reader = reader
        self.writer = writer
        self.machine = h11.Connection(role, max_incomplete_event_size=MOST_HEAD)

    async def next(self, within: float | None = None, *, idle: float | None = None) -> Event:
        """The next event, `within` seconds; before anything of it has come, nobody need speak for `idle` seconds.

        Raises TimeoutError, OSError, or h11.RemoteProtocolError for what is no HTTP.
        """
        event = self.machine.next_event()
        if event is h11.NEED_DATA and idle is not None:
            async with asyncio.timeout(idle):
                self.machine.receive_data(await self.reader.read(PIECE))
            event = self.machine.next_event()
        async with asyncio.timeout(within):
            while event is h11.NEED_DATA:
                self.machine.receive_data(await self.reader.read(PIECE))
                event = self.machine.next_event()
        return event  # type: ignore[return-value]  # NEED_DATA is dealt with above

    async def send(self, event: h11.Event) -> None:
        """Write, and wait until the other side keeps up."""
        self.write(self.serialized(event))
        await self.writer.drain()

    def serialized(self, event: h11.Event) -> bytes:
        """The event as the bytes that go out; the connection counts it as sent."""
        return self.machine.send(event) or b""

    def write(self, data: bytes) -> None:
        """Write bytes that `serialized` made."""
        if data:
            self.writer.write(data)

    async def gone(self) -> None:
        """Return once the other side has closed; what it sends meanwhile, up to a head's size, is kept for `next`."""
        kept = 0
        while data := await self.reader.read(PIECE):
            self.machine.receive_data(data)
            kept += len(data)
            if kept > MOST_HEAD:
                return

    @property
    def reusable(self) -> bool:
        """Whether both sides have said all of this exchange, and another may begin."""
        return self.machine.our_state is h11.DONE and self.machine.their_state is h11.DONE

    @property
    def trailing(self) -> bytes:
        """What had been read already when the protocol was switched."""
        return self.machine.trailing_data[0]

    def close(self) -> None:
        """Close without waiting for the peer's goodbye."""
        self.writer.close()
