"""Into a pod in a person's name, for what the hub itself shows of it: a terminal in a page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import h11

from basefly.base.errors import BaseflyError
from basefly.base.kube.errors import ConnectError
from basefly.base.kube.relay import channels
from basefly.base.kube.relay.channels import ERROR, RESIZE, STDIN, Socket
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.audit.model import Outcome
from basefly.core.gateway import door, paths
from basefly.core.gateway.door import Passage
from basefly.core.gateway.proxy import witness as witnesses
from basefly.core.gateway.proxy.asking import head_of, refused, whole
from basefly.core.gateway.proxy.witness import Witness, Witnesses

OPENING = 30.0  # s until a container has let somebody in


class Inside:
    """Somebody in a container. What goes in and comes out is heard by the session's witness, if it has one."""

    def __init__(self, passage: Passage, socket: Socket, witness: Witness | None) -> None:
        self.passage = passage
        self.recorded = witness is not None
        self.status = channels.Status(status="")
        self.bytes = 0
        self._socket = socket
        self._witness = witness

    async def next(self) -> bytes | None:
        """What the container shows next; None at its end, from when on `status` says how it ended."""
        while (message := await self._socket.next()) is not None:
            self.bytes += len(message)
            if self._witness:
                await witnesses.told(self._witness, message, inward=False)
            if message[:1] == bytes((ERROR,)):
                self.status = channels.status(message[1:])
                return None
            if message[1:]:
                return message[1:]
        return None

    async def type(self, data: bytes) -> None:
        """Put something in."""
        await self._send(STDIN, data)

    async def resize(self, columns: int, rows: int) -> None:
        """Tell how large the terminal is."""
        await self._send(RESIZE, channels.size(columns, rows))

    async def ping(self) -> None:
        """Keep the way open while nothing is said."""
        await self._socket.ping()

    def close(self) -> None:
        """Leave."""
        self._socket.close()

    async def _send(self, channel: int, data: bytes) -> None:
        if self._witness:
            await witnesses.told(self._witness, bytes((channel,)) + data, inward=True)
        await self._socket.send(channel, data)


@asynccontextmanager
async def entered(house: House, by: Principal, cluster: str, target: str) -> AsyncIterator[Inside]:
    """Someone inside a container, for as long as the body runs; `target` asks for exec or attach.

    On record as every act is, and recorded where the organization wants it. Raises Denied, NotFound, ConnectError, or
    the ApiError that the cluster's answer means.
    """
    passage = await door.enter(house, by, cluster, paths.parse("GET", target))
    asked = channels.opening()
    headers = {name.lower(): value for name, value in asked}
    witness = await house.get(Witnesses).of(witnesses.entering(passage, target, headers, "page"))
    await door.began(house, passage)
    outcome: Outcome = "failed"
    told: dict[str, Any] = {"status": 0}
    try:
        inside = Inside(passage, await _opened(passage, target.encode(), asked), witness)
        try:
            outcome = "done"  # whoever leaves has been there
            yield inside
        except BaseflyError:
            outcome = "failed"
            raise
        finally:
            inside.close()
            told = {"status": 101, "bytes": inside.bytes, "exit_code": inside.status.code}
    finally:
        if witness:
            await witness.close()
        await door.ended(house, passage, outcome, told)


async def _opened(passage: Passage, target: bytes, asked: list[tuple[bytes, bytes]]) -> Socket:
    server = passage.upstream.server
    wire = await passage.begin(b"GET", target, asked)
    try:
        await wire.send(h11.EndOfMessage())
        status = await head_of(wire, OPENING, switching=True)
        if status != HTTPStatus.SWITCHING_PROTOCOLS:
            raise refused(status, await whole(wire))
    except BaseException as error:
        wire.close()
        if isinstance(error, TimeoutError):
            raise ConnectError("timeout", server, why="it let nobody in") from error
        if isinstance(error, OSError | h11.ProtocolError):
            raise ConnectError("dropped", server, why=str(error)) from error
        raise
    return Socket(wire)
