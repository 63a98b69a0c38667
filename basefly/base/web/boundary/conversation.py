"""A WebSocket with whoever opened it: they are known, their rights are looked at again, and its end says why."""

from __future__ import annotations

from typing import Any

import litestar
import msgspec
from litestar.exceptions import WebSocketDisconnect

from basefly.base.errors import BaseflyError, Unauthenticated
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web.language import told
from basefly.base.web.requests import Request

# What a browser is told beside the reason (RFC 6455, 7.4: from 4000 on they are ours).
OVER, REFUSED = 1000, 4000

Socket = litestar.WebSocket[Any, Any, Any]


class Conversation:
    """Texts are JSON about the conversation, bytes are its matter. The route's guard has let its opener in."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._request = Request(socket.scope)
        self._closed = False

    @property
    def house(self) -> House:
        """What every slice may reach."""
        return self._request.house

    @property
    def by(self) -> Principal:
        """Who opened it, as they were then."""
        by: Principal = self._socket.scope["user"]
        return by

    async def accept(self, protocol: str) -> None:
        """Begin. Whoever offered protocols, and not this one, is left without any."""
        offered = self._socket.scope.get("subprotocols") or []
        await self._socket.accept(subprotocols=protocol if protocol in offered else None)

    async def next(self) -> str | bytes | None:
        """What comes next, text or bytes; None when they have left."""
        try:
            message: Any = await self._socket.receive()
        except WebSocketDisconnect:
            return None
        if message["type"] == "websocket.disconnect":
            self._closed = True
            return None
        text: str | None = message.get("text")
        return text if text is not None else bytes(message.get("bytes") or b"")

    async def tell(self, **told: Any) -> None:
        """Say something about the conversation; nothing where nobody hears it any more."""
        if not self._closed:
            await self._socket.send_text(msgspec.json.encode(told).decode())

    async def send(self, data: bytes) -> None:
        """Send its matter, and wait until the other side keeps up."""
        if not self._closed:
            await self._socket.send_bytes(data)

    async def close(self, code: int = OVER) -> None:
        """End it."""
        if not self._closed:
            self._closed = True
            await self._socket.close(code=code)

    async def opener(self) -> Principal | None:
        """Who opened it, as they stand now; None when their session or token has ended."""
        try:
            by: Principal | None = await self._request.plugs.authenticate(self._request, touch=False)
        except Unauthenticated:
            return None
        return by


def problem(error: BaseflyError) -> dict[str, str]:
    """An error in the words of a conversation, in the reader's language."""
    return {"code": error.code, "title": told(error.title), "detail": told(error.detail), "cure": told(error.cure)}
