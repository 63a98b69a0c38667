"""The port of a cluster: by ALPN a connection speaks HTTP/2, for many requests at once, or HTTP/1.1."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from basefly.sim.wire.http2.connection import Connection, Handler


class Door:
    """Makes a protocol for each connection. Call it from one event loop."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._plain = web.Server(handler, handler_cancellation=True)
        self._multiplexed: set[Connection] = set()

    def __call__(self) -> asyncio.Protocol:
        return _Choice(self)

    @property
    def transports(self) -> list[asyncio.Transport]:
        """Of every connection that stands."""
        held = [connection.transport for connection in self._plain.connections]
        held += [connection.transport for connection in self._multiplexed]
        return [transport for transport in held if transport is not None]

    async def shutdown(self, within: float) -> None:
        """End what is open; requests have `within` seconds left."""
        for connection in list(self._multiplexed):
            connection.refuse()
        await self._plain.shutdown(timeout=within)
        for connection in list(self._multiplexed):
            await connection.shutdown(within)

    def chosen(self, name: str | None) -> Any:
        """The protocol that was agreed on."""
        return Connection(self._handler, self._multiplexed) if name == "h2" else self._plain()


class _Choice(asyncio.Protocol):
    """Stands in until the handshake is over, and with it the choice."""

    def __init__(self, door: Door) -> None:
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        encrypted = transport.get_extra_info("ssl_object")
        chosen = self._door.chosen(encrypted.selected_alpn_protocol() if encrypted else None)
        transport.set_protocol(chosen)
        chosen.connection_made(transport)
