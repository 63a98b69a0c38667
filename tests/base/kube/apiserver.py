"""An API server over real TCP and TLS that says, byte for byte, what a test wants it to say."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import ContextVar
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

import trustme
from h2.exceptions import ProtocolError

from basefly.base.kube.client import Client
from basefly.base.kube.credentials import Credentials
from basefly.base.resilience.deadlines import Deadlines
from basefly.base.secret import Secret
from tests.base.kube.multiplexed import OnStream, Wire

AUTHORITY = trustme.CA()
FAST = Deadlines(connect=1.0, tls=1.0, first_byte=1.0, idle=0.5, total=2.0)


class Asked(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Answer:
    """Writes an answer, whole or in pieces, or breaks it off."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def json(self, body: Any, status: int = 200, **headers: str) -> None:
        """A whole answer. `Retry_After="1"` becomes the header Retry-After."""
        await self.whole(json.dumps(body).encode(), status, **headers)

    async def whole(self, body: bytes, status: int = 200, **headers: str) -> None:
        headers = {"Content_Type": "application/json", **headers, "Content_Length": str(len(body))}
        await self.raw(_head(status, headers) + body)

    async def status(self, code: int, reason: str, message: str = "", **more: Any) -> None:
        """A Status, as API servers refuse."""
        await self.json(status(code, reason, message, **more), code)

    async def begin(self) -> None:
        """The head of an endless answer."""
        await self.raw(_head(200, {"Content_Type": "application/json", "Transfer_Encoding": "chunked"}))

    async def lines(self, *lines: dict[str, Any] | bytes) -> None:
        """Whole lines of an endless answer."""
        for line in lines:
            text = line if isinstance(line, bytes) else json.dumps(line, separators=(",", ":")).encode()
            await self.piece(text + b"\n")

    async def piece(self, text: bytes) -> None:
        """Some bytes of an endless answer, wherever they may end."""
        await self.raw(f"{len(text):x}\r\n".encode() + text + b"\r\n")

    async def end(self) -> None:
        """The proper end of an endless answer."""
        await self.raw(b"0\r\n\r\n")

    async def raw(self, text: bytes) -> None:
        """Bytes of HTTP/1.1, proper or not."""
        self._writer.write(text)
        await self._writer.drain()

    def cut(self) -> None:
        """Break the connection off."""
        self._writer.transport.abort()

    async def silence(self) -> None:
        """Keep the connection and say nothing."""
        await asyncio.Event().wait()


class Shared(Answer):
    """Writes the same by HTTP/2, to one stream of a connection."""

    def __init__(self, stream: OnStream) -> None:
        self.stream = stream

    async def whole(self, body: bytes, status: int = 200, **headers: str) -> None:
        await self._head(status, {"Content_Type": "application/json", **headers})
        await self.stream.data(body)
        await self.end()

    async def begin(self) -> None:
        await self._head(200, {"Content_Type": "application/json"})

    async def piece(self, text: bytes) -> None:
        await self.stream.data(text)

    async def end(self) -> None:
        await self.stream.end()

    def cut(self) -> None:
        self.stream.wire.cut()

    async def _head(self, status: int, headers: dict[str, str]) -> None:
        await self.stream.head(status, {name.replace("_", "-").lower(): value for name, value in headers.items()})


Handler = Callable[[Asked, Answer], Awaitable[None]]
MULTIPLEXED = ContextVar("MULTIPLEXED", default=False)
"""Whether servers that start offer HTTP/2."""


class Apiserver:
    """A server that answers with `handler`, and remembers what it was asked."""

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.asked: list[Asked] = []
        self.url = ""
        self.streams = 100  # at once on a connection, by HTTP/2
        self.connections = 0  # that have been made, by whichever protocol
        self.wires: list[Wire] = []  # those of HTTP/2
        self._open: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def start(cls, handler: Handler, *, context: ssl.SSLContext | None = None) -> AsyncIterator[Apiserver]:
        server, context = cls(handler), context or tls()
        if MULTIPLEXED.get():
            context.set_alpn_protocols(["h2", "http/1.1"])
        listening = await asyncio.start_server(server._serve, "127.0.0.1", 0, ssl=context)
        server.url = f"https://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        try:
            yield server
        finally:
            listening.close()
            for task in server._open:
                task.cancel()
            await asyncio.gather(*server._open, return_exceptions=True)

    def client(self, **options: Any) -> Client:
        """A client that trusts this server; closed by whoever asked for it."""
        return Client(credentials(self.url), **{"deadlines": FAST, **options})

    def asked_for(self, **query: str) -> list[Asked]:
        """The requests whose query has these."""
        return [asked for asked in self.asked if query.items() <= asked.query.items()]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2":
                self.wires.append(Wire(reader, writer, self._answer, streams=self.streams))
                await self.wires[-1].serve()
            else:
                await self._serve_plain(reader, writer)
        self._open.discard(task)
        writer.transport.abort()

    async def _serve_plain(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            asked = await _read(reader)
            self.asked.append(asked)
            await self.handler(asked, Answer(writer))

    async def _answer(self, headers: dict[str, str], stream: OnStream) -> None:
        asked = _asked(headers[":method"], headers[":path"], headers, b"")
        self.asked.append(asked)
        with suppress(OSError, ProtocolError):
            await self.handler(asked, Shared(stream))


def tls(
    authority: trustme.CA = AUTHORITY, *names: str, not_before: Any = None, not_after: Any = None
) -> ssl.SSLContext:
    """A server's context with a certificate for loopback, or for these names."""
    certificate = authority.issue_cert(
        *(names or ("127.0.0.1", "localhost")), not_before=not_before, not_after=not_after
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def credentials(server: str, **more: Any) -> Credentials:
    """Credentials that trust AUTHORITY."""
    given = {"ca": AUTHORITY.cert_pem.bytes().decode(), "token": Secret("token-of-the-test"), **more}
    return Credentials(server=server, **given)


def status(code: int, reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    """A Status object."""
    base = {"kind": "Status", "apiVersion": "v1", "status": "Failure"}
    return {**base, "message": message or reason, "reason": reason, "code": code, **more}


def pod(name: str, version: int, *, uid: str = "", **more: Any) -> dict[str, Any]:
    """A pod, as little of it as there can be."""
    metadata = {"name": name, "namespace": "shop", "uid": uid or f"uid-{name}", "resourceVersion": str(version), **more}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata}


def event(kind: str, object_: dict[str, Any]) -> dict[str, Any]:
    """A watch event."""
    return {"type": kind, "object": object_}


def bookmark(version: int, *, ends_list: bool = False) -> dict[str, Any]:
    """A BOOKMARK event."""
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    if ends_list:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return event("BOOKMARK", {"kind": "Pod", "apiVersion": "v1", "metadata": metadata})


def pods(version: int, *items: dict[str, Any], following: str = "") -> dict[str, Any]:
    """A page of a list."""
    metadata = {"resourceVersion": str(version), **({"continue": following} if following else {})}
    return {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": list(items)}


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *rest = head.split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return _asked(method, target, headers, body)


def _asked(method: str, target: str, headers: dict[str, str], body: bytes) -> Asked:
    parts = urlsplit(target)
    return Asked(method, unquote(parts.path), dict(parse_qsl(parts.query)), headers, body)


def _head(code: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {code} As it is", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()
