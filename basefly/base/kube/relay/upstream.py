"""The connections to one API server over which others' requests are passed on. Its credentials stay in here."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from urllib.parse import urlsplit

import h11

from basefly.base.http import AddressRefused, Dialer, dial, over
from basefly.base.kube.credentials import Credentials, tls
from basefly.base.kube.errors import ConnectError
from basefly.base.kube.faults import connect_error
from basefly.base.kube.relay.wire import Wire
from basefly.base.resilience.breaker import CircuitOpen
from basefly.base.resilience.deadlines import Deadlines
from basefly.base.resilience.policy import Policy

IDLE = 30.0  # s that an unused connection is kept; an API server keeps its own for 90
MOST_IDLE = 16  # connections kept

Headers = Sequence[tuple[bytes, bytes]]
Check = Callable[[bytes], None]


class Upstream:
    """Opens and keeps connections to one API server as one account. Used within one event loop."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        private: bool,
        policy: Policy | None,
        deadlines: Deadlines,
        dialer: Dialer | None = None,
    ) -> None:
        parts = urlsplit(credentials.server.rstrip("/"))
        self.server = credentials.server
        self._credentials = credentials
        self._host, self._port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        self._authority, self._prefix = parts.netloc, parts.path
        self._encrypted = parts.scheme == "https"
        self._private, self._policy, self._dialer = private, policy, dialer
        self._deadlines = deadlines
        self._context: ssl.SSLContext | None = None
        self._idle: list[tuple[float, Wire]] = []
        self._closed = False

    async def begin(self, method: bytes, target: bytes, headers: Headers, check: Check) -> Wire:
        """Send the head of a request, on a connection of its own until `done`; the rest of it is the caller's.

        `check` sees the bytes of the head as they would go out, and raises to keep them back. Raises ConnectError.
        """
        if self._closed:
            raise ConnectError("dropped", self.server, why="the hub has closed this connection, for it has a newer one")
        self._check_breaker()
        head = h11.Request(method=method, target=self._prefix.encode() + target, headers=[*self._ours(), *headers])
        wire = self._take() or await self._open()
        try:
            data = wire.serialized(head)
            check(data)
            wire.write(data)
        except BaseException:
            wire.close()
            raise
        return wire

    def done(self, wire: Wire) -> None:
        """Keep a connection whose exchange is over, if it can have another; close any other."""
        if self._closed or not wire.reusable or len(self._idle) >= MOST_IDLE or wire.machine.trailing_data[0]:
            wire.close()
            return
        wire.machine.start_next_cycle()
        self._idle.append((time.monotonic(), wire))

    def close(self) -> None:
        """Close what is idle; what is in use ends with its exchange."""
        self._closed = True
        while self._idle:
            self._idle.pop()[1].close()

    def _ours(self) -> Headers:
        """What we say about ourselves, before what the caller says."""
        ours = [(b"Host", self._authority.encode())]
        if self._credentials.token:
            ours.append((b"Authorization", f"Bearer {self._credentials.token.reveal()}".encode()))
        return ours

    def _take(self) -> Wire | None:
        """The connection that was used last, if it still stands; older ones are let go with time."""
        while self._idle:
            since, wire = self._idle.pop()
            if time.monotonic() - since < IDLE and not wire.reader.at_eof() and not wire.writer.is_closing():
                return wire
            wire.close()
        return None

    def _check_breaker(self) -> None:
        """A connection that is kept leads to a dead server as surely as a new one: whoever asks is told at once."""
        try:
            if self._policy:
                self._policy.breaker.check()
        except CircuitOpen as error:
            raise self._resting(error) from error

    async def _open(self) -> Wire:
        try:
            async with self._policy.passage(proof=False) if self._policy else nullcontext():
                return await self._dial()
        except CircuitOpen as error:
            raise self._resting(error) from error

    def _resting(self, error: CircuitOpen) -> ConnectError:
        why = f"again in {error.retry_after:.0f} s"
        return ConnectError("resting", self.server, why=why, retry_after=error.retry_after)

    async def _dial(self) -> Wire:
        name = self._credentials.tls_server_name or self._host
        try:
            if self._encrypted and self._context is None:
                self._context = tls(self._credentials)
            reader, writer = await self._connect(name)
        except (OSError, TimeoutError, ValueError, ssl.SSLError, AddressRefused, asyncio.IncompleteReadError) as error:
            raise connect_error(error, self.server) from error
        return Wire(reader, writer, h11.CLIENT)

    async def _connect(self, name: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        limits, tls = self._deadlines, self._context
        if self._dialer is None:
            return await dial(
                self._host, self._port, private=self._private, deadlines=limits, tls=tls, server_name=name
            )
        async with asyncio.timeout(limits.connect):
            made = await self._dialer.dial()
        return await over(made, deadlines=limits, tls=tls, server_name=name)
