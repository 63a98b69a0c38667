"""How long a request may take to arrive. Whoever sends a byte now and then must not hold a connection for ever.

Three times are limited: until the head of a request is there, from then on its body as far as somebody reads it, and
what still comes of a body that was answered unread. The first and the last are seen by the server alone, which cuts the
connection; the one between is told to whoever sent it.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from litestar.enums import ScopeType
from litestar.types import Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from basefly.base.errors import BaseflyError, Malformed
from basefly.base.telemetry.metrics import Counter
from basefly.base.web.boundary.tunnels import Tunnels, Upgraded

MOST_HEAD = 64 * 1024  # bytes of the first line and the headers, not counting the first piece that was read of them
HEAD = 10.0  # seconds from the first byte, or from when the connection was made, until the head is there
BODY = 30.0  # seconds from when somebody begins to read the body until all of it is there

_LATE = Counter("basefly_http_late", "Connections given up because what was begun did not arrive in time", ["part"])


class Late(BaseflyError):
    """The request's body did not arrive in time."""

    code, status, title = "late", 408, "The request took too long to arrive"
    headers: ClassVar = {"Connection": "close"}


def timely(scope: Scope, receive: Receive) -> Receive:
    """`receive` with an end: Late once the body's time is over, Malformed when its sender went away before.

    What comes after the body may take for ever.
    """
    if scope["type"] != ScopeType.HTTP or not _sends_body(scope):
        return receive
    whole, ends_at = False, 0.0

    async def received() -> Any:
        nonlocal whole, ends_at
        if whole:
            return await receive()
        ends_at = ends_at or asyncio.get_running_loop().time() + BODY
        message = await _until(ends_at, receive)
        whole = not message.get("more_body")
        return message

    return received


def _sends_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


async def _until(ends_at: float, receive: Receive) -> Any:
    try:
        async with asyncio.timeout_at(ends_at):
            message = await receive()
    except TimeoutError as error:
        _LATE.labels("body").inc()
        raise Late(
            f"The request's body was not there within {BODY:.0f} s.", cure="Send it at once, over a faster connection."
        ) from error
    if message["type"] == "http.disconnect":  # nobody hears it, but the log must not call it a failure of ours
        raise Malformed("The request ended before all of its body was there.")
    return message


class Protocol(HttpToolsProtocol):
    """The server's own, with an end to its patience: that waits for ever for what was once begun."""

    _whole = True  # nothing of a message is missing: there is none, or it came to its end
    _head: int | None = None  # bytes that came of a head which is not there yet
    _timer: asyncio.TimerHandle | None = None
    _handed_on = False  # the connection is somebody else's: it became a WebSocket

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the server's own
        super().connection_made(transport)
        self._within(HEAD, "head")

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        begun = self._head is not None
        super().data_received(data)  # which has stopped its own clock of idle connections, whatever the data was
        if self._whole and self._answered():
            self._within(HEAD, "head")
        if begun and self._head is not None:
            self._head += len(data)
            if self._head > MOST_HEAD:
                self.send_400_response(f"The head of the request is larger than {MOST_HEAD // 1024} KiB.")

    def on_message_begin(self) -> None:
        self._whole, self._head = False, 0
        if self._answered():
            self._within(HEAD, "head")
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._head is not None:  # what follows a body in chunks is none (RFC 9110, 6.5.1): no proxy has looked at it
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._head = None
        self._arrived()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._whole = True
        self._arrived()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._whole and self._answered():
            self._within(BODY, "rest")

    def handle_websocket_upgrade(self) -> None:
        self._handed_on = True
        self._arrived()
        hub: Any = self.config.app
        if hub.house.get(Tunnels).know(self.url.partition(b"?")[0].decode("latin-1")):
            self.ws_protocol_class = Upgraded
        super().handle_websocket_upgrade()

    def _answered(self) -> bool:
        """Whether nothing is in hand: what there was of requests has its answer."""
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # None at first

    def _within(self, seconds: float, part: str) -> None:
        """Cut the connection after so many seconds, unless it is to be cut already."""
        if self._timer is None and not self._handed_on and not self.transport.is_closing():
            self._timer = self.loop.call_later(seconds, self._cut, part)

    def _arrived(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cut(self, part: str) -> None:
        _LATE.labels(part).inc()
        self.transport.close()
