"""WebSockets beside the application: who asks for one at a known address is given to whoever opened that address.

They are no part of ASGI: a tunnel wants the connection's own back-pressure, and answers of its own to who is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from basefly.base.tunnel.websocket import READ, Asked

HEAD = 10.0  # s until the request must be there, which the web server has read already

Attend = Callable[[Asked], Awaitable[None]]

log = structlog.get_logger("basefly.web")


class Tunnels:
    """The addresses at which WebSockets are answered. In the house, for slices to open some."""

    def __init__(self) -> None:
        self._attending: dict[str, Attend] = {}

    def open(self, path: str, attend: Attend) -> None:
        """Let `attend` have everyone who asks at this address; it agrees or refuses, and returns at the end."""
        self._attending[path] = attend

    def know(self, path: str) -> bool:
        """Whether somebody has opened this address."""
        return path in self._attending

    async def attend(self, asked: Asked) -> None:
        """Whoever asks, until they leave. Browsers are refused: none of these addresses is for pages."""
        attend = self._attending.get(asked.path)
        if attend is None:
            asked.refuse(404, "There is nothing at this address.")
        elif "Origin" in asked.request.headers:
            asked.refuse(403, "This address is not for browsers.")
        else:
            await attend(asked)


class Upgraded(asyncio.StreamReaderProtocol):
    """What the web server hands a connection to once its request asks for a WebSocket."""

    def __init__(self, config: Any, server_state: Any, app_state: Any) -> None:  # noqa: ARG002  # the server's interface
        super().__init__(asyncio.StreamReader(limit=READ), self._connected)
        self._app, self._open = config.app, server_state.connections
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The server's transport is ours now."""
        self._transport = transport
        self._open.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._open.discard(self)
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server ends."""
        if self._transport:
            self._transport.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(HEAD):
                asked = await Asked.read(reader, writer)
            await self._app.house.get(Tunnels).attend(asked)
        except (OSError, TimeoutError):
            pass  # they left, or are too slow
        except Exception:
            log.exception("a socket failed")
        finally:
            writer.close()
