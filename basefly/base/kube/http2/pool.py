"""The connections by HTTP/2 to one API server: as few as its limits let, made when they are needed."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from urllib.parse import urlsplit

from basefly.base.http import Dialer, encrypt, reach
from basefly.base.kube.credentials import Credentials, tls
from basefly.base.kube.http2.connection import Connection, Headers
from basefly.base.kube.http2.stream import Stream, Unprocessed
from basefly.base.resilience.deadlines import Deadlines

PLAIN_FOR = 600.0  # s until a server that knows no HTTP/2 is asked again whether it does by now
ANSWERED = 5.0  # s until the head of an answer without end: who hangs longer would not hear that the server is back
TRIES = 3  # of a request that servers gave back unseen


class Pool:
    """Opens streams, on a connection that has room or on a new one. Used within one event loop."""

    def __init__(
        self, credentials: Credentials, *, private: bool, deadlines: Deadlines, dialer: Dialer | None = None
    ) -> None:
        parts = urlsplit(credentials.server)
        self._host, self._port = parts.hostname or "", parts.port or 443
        self._name = credentials.tls_server_name or self._host
        self._encrypted = parts.scheme == "https"
        self._credentials = credentials
        self._private, self._deadlines, self._dialer = private, deadlines, dialer
        self._context: ssl.SSLContext | None = None
        self._standing: list[Connection] = []
        self._dialing: asyncio.Task[None] | None = None
        self._plain_until = 0.0
        self._closed = False

    async def open(self, headers: Headers) -> Stream | None:
        """The answer to a request, once its head is here; None where the server speaks HTTP/1.1 alone.

        Raises OSError, TimeoutError, or ValueError for credentials that cannot be read.
        """
        for tried in range(1, TRIES + 1):
            connection = await self._connection()
            if connection is None:
                return None
            stream = connection.begin(headers)
            try:
                async with asyncio.timeout(min(ANSWERED, self._deadlines.first_byte)):
                    await stream.answered()
            except Unprocessed:
                if tried == TRIES:
                    raise
            except BaseException:
                stream.close()
                raise
            else:
                return stream
        return None

    def close(self) -> None:
        """Close every connection; what runs on them breaks. One that is being dialed is closed once it stands."""
        self._closed = True
        for connection in self._standing:
            connection.close(_closed())
        self._standing.clear()

    async def _connection(self) -> Connection | None:
        while not self._closed:
            self._standing = [connection for connection in self._standing if not connection.over]
            for connection in self._standing:
                if connection.room:
                    return connection
            if not self._encrypted or time.monotonic() < self._plain_until:
                return None
            if self._dialing is None:  # for all who wait, whoever of them gives up
                self._dialing = asyncio.create_task(self._dial(), name="http2 connection")
                self._dialing.add_done_callback(self._dialed)
            await asyncio.shield(self._dialing)
        raise _closed()

    def _dialed(self, task: asyncio.Task[None]) -> None:
        self._dialing = None
        if not task.cancelled():
            task.exception()  # whoever waited may be gone

    async def _dial(self) -> None:
        if self._context is None:
            self._context = tls(self._credentials, "h2", "http/1.1")
        made, limits = await self._reach(), self._deadlines
        connection = Connection(limits.idle)
        try:
            await encrypt(made, connection, self._context, server_name=self._name, within=limits.tls)
        except BaseException:
            made.close()
            raise
        if not connection.spoken:
            self._plain_until = time.monotonic() + PLAIN_FOR
            return
        if self._closed:
            connection.close(_closed())
        async with asyncio.timeout(limits.first_byte):
            await connection.ready
        self._standing.append(connection)

    async def _reach(self) -> socket.socket:
        if self._dialer is None:
            return await reach(self._host, self._port, private=self._private, deadlines=self._deadlines)
        async with asyncio.timeout(self._deadlines.connect):
            return await self._dialer.dial()


def _closed() -> OSError:
    return ConnectionAbortedError("the hub has closed this connection, for it has a newer one")
