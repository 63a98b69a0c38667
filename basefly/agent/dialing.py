"""A connection to the hub: over TLS to whom we trust, and through a proxy where there is one (CONNECT)."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
from urllib.parse import unquote, urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # public, though not in the stubs

from basefly.agent.config import Config
from basefly.base.tunnel import websocket
from basefly.base.tunnel.websocket import READ
from basefly.base.tunnel.words import PATH, SUBPROTOCOL

CONNECT = 10.0  # s to connect, and as many for TLS
MOST_HEAD = 64 * 1024

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def dial(config: Config) -> websocket.Socket:
    """A WebSocket to the hub. Raises OSError, TimeoutError, Refused."""
    parts = urlsplit(config.hub)
    secure, host = parts.scheme == "https", parts.hostname or ""
    port = parts.port or (443 if secure else 80)
    async with asyncio.timeout(CONNECT):
        reader, writer = await _reach(config, host, port)
    _quicken(writer)
    try:
        if secure:
            context = ssl.create_default_context(cafile=config.hub_ca or None)
            async with asyncio.timeout(CONNECT):
                await writer.start_tls(context, server_hostname=host)
        url = f"{'wss' if secure else 'ws'}://{parts.netloc}{parts.path}{PATH}"
        async with asyncio.timeout(CONNECT):
            return await websocket.call(reader, writer, url, subprotocols=[SUBPROTOCOL])
    except BaseException:
        writer.close()
        raise


def _quicken(writer: asyncio.StreamWriter) -> None:
    made = writer.get_extra_info("socket")
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


async def _reach(config: Config, host: str, port: int) -> Streams:
    bypassed = proxy_bypass_environment(f"{host}:{port}", {"no": config.no_proxy} if config.no_proxy else {})
    if not config.proxy or bypassed:
        return await asyncio.open_connection(host, port, limit=READ)
    proxy = urlsplit(config.proxy)
    reader, writer = await asyncio.open_connection(proxy.hostname, proxy.port or 3128, limit=READ)
    try:
        await _connect(
            reader, writer, f"[{host}]:{port}" if ":" in host else f"{host}:{port}", _credentials(proxy.netloc)
        )
    except BaseException:
        writer.close()
        raise
    return reader, writer


def _credentials(netloc: str) -> str:
    """The header by which we prove ourselves to the proxy (RFC 7617), if its address has a name and a password."""
    given, at, _ = netloc.rpartition("@")
    return f"Proxy-Authorization: Basic {base64.b64encode(unquote(given).encode()).decode()}\r\n" if at else ""


async def _connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: str, credentials: str) -> None:
    """Ask a proxy for a way to the hub (RFC 9110, 9.3.6)."""
    writer.write(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n{credentials}\r\n".encode())
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ConnectionRefusedError("the proxy gave no proper answer") from error
    status = head.split(b" ", 2)[1:2]
    if not status or not status[0].startswith(b"2"):
        line = head.partition(b"\r\n")[0].decode("latin-1")
        raise ConnectionRefusedError(f"the proxy did not let us through: {line[:100]}")
