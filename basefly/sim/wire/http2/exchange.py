"""One stream: a request as aiohttp's handlers know them, and the writer of its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpVersion11, RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

if TYPE_CHECKING:
    from basefly.sim.wire.http2.connection import Connection

_READ_AHEAD = 64 * 1024
_OF_CONNECTIONS = {"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}
"""Headers that HTTP/2 forbids (RFC 9113, 8.2.2)."""


class Exchange(AbstractStreamWriter):
    """What is asked, and where the answer is written to: as fast as the asker's windows let it."""

    def __init__(self, connection: Connection, number: int, headers: Sequence[tuple[str, str]]) -> None:
        self.number = number
        self.ended = False  # nothing more can be written
        self._connection = connection
        place = _Place(asyncio.get_running_loop(), _StreamTransport(connection, self))
        self.payload = StreamReader(place, _READ_AHEAD, loop=asyncio.get_running_loop())
        self.task = asyncio.create_task(self._answer(_request(headers, self.payload, place, self)))

    async def _answer(self, request: web.BaseRequest) -> None:
        request._task = asyncio.current_task()  # type: ignore[assignment]  # it is born before its task
        try:
            response = await self._connection.handler(request)
            await response.prepare(request)
            await response.write_eof()
        except ConnectionError:  # nobody is left to answer
            return
        finally:
            self._connection.done(self)

    async def write_headers(self, status_line: str, headers: CIMultiDict[str]) -> None:
        status = status_line.split(" ", 2)[1]
        told = [(name.lower(), value) for name, value in headers.items() if name.lower() not in _OF_CONNECTIONS]
        self._connection.send_headers(self, [(":status", status), *told])

    async def write(self, chunk: bytes | bytearray | memoryview) -> None:
        view = memoryview(chunk)
        while view:
            room = await self._connection.room(self)
            self._connection.send_data(self, bytes(view[:room]))
            view = view[room:]

    async def write_eof(self, chunk: bytes = b"") -> None:
        if self.ended:
            return
        if chunk:
            await self.write(chunk)
        self._connection.end(self)

    async def drain(self) -> None:
        """Each write waits for room by itself."""

    def enable_chunking(self) -> None:
        """Frames are chunks."""

    def enable_compression(self, encoding: str = "deflate", strategy: int | None = None) -> None:  # noqa: ARG002  # as aiohttp has it
        raise ValueError(f"answers on a shared connection are not compressed: {encoding}")


class _Place(BaseProtocol):
    """What a request asks of the protocol that it came by."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
        super().__init__(loop, None)
        self.transport = transport
        self.ssl_context = transport.get_extra_info("sslcontext")
        self.peername = transport.get_extra_info("peername")
        self.sockname = transport.get_extra_info("sockname")


class _StreamTransport(asyncio.Transport):
    """A stream, to whoever wants to cut the connection under a request: others on the same connection go on."""

    def __init__(self, connection: Connection, exchange: Exchange) -> None:
        super().__init__()
        self._connection, self._exchange = connection, exchange

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._connection.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._exchange.ended

    def close(self) -> None:
        self.abort()

    def abort(self) -> None:
        self._connection.reset(self._exchange)

    def pause_reading(self) -> None:
        """A stream's bodies are small."""

    def resume_reading(self) -> None:
        """It was never paused."""


def _request(
    headers: Sequence[tuple[str, str]], payload: StreamReader, place: _Place, writer: AbstractStreamWriter
) -> web.BaseRequest:
    told = dict(headers[:6])
    method, path = told[":method"], told[":path"]
    named = CIMultiDict((name, value) for name, value in headers if not name.startswith(":"))
    named.setdefault("Host", told.get(":authority", ""))
    raw = tuple((name.encode(), value.encode()) for name, value in named.items())
    message = RawRequestMessage(
        method, path, HttpVersion11, CIMultiDictProxy(named), raw, False, None, False, False, URL(path, encoded=True)
    )
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, place, writer, None, loop)  # type: ignore[arg-type]  # a place is enough
