"""One request and its answer, passed on: heads rebuilt, bodies untouched, neither side faster than the other."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from http import HTTPStatus
from typing import NoReturn

import h11

from basefly.base.errors import BaseflyError
from basefly.base.kube.errors import ConnectError
from basefly.base.kube.relay.splice import splice
from basefly.base.kube.relay.wire import Wire
from basefly.base.resilience.ending import end
from basefly.core.gateway.door import Passage
from basefly.core.gateway.proxy.witness import Ears, Witness, plain

MOST_BODY = 16 * 2**20  # bytes; an API server reads 3 MiB of an object
ANSWER = 70.0  # s until the head of an answer; an API server gives up after 60 by itself

Head = h11.Response | h11.InformationalResponse

_HOP = re.compile(
    rb"connection|keep-alive|proxy-.+|te|trailer|transfer-encoding|upgrade|set-cookie|www-authenticate|server|alt-svc"
)
_SWITCHED = re.compile(rb"upgrade|connection|sec-websocket-.+|x-stream-protocol-version")
_REPEATABLE = (b"GET", b"HEAD")


class TooLarge(BaseflyError):
    """The body is larger than any API server would read."""

    code, status, title = "too_large", 413, "The request is too large"


class NotAccepted(BaseflyError):
    """The hub's account is not known to the cluster (any more)."""

    code, status, title = "cluster_unauthorized", 502, "The cluster does not know the hub"


class Left(ConnectionResetError):
    """The caller is gone: nobody is there to be told."""


class Exchange:
    """A request of a caller and what the cluster says to it.

    `status` is 0 until the answer has begun, from when on nothing else can be told; `bytes` counts what went back.
    What becomes a session in a pod is heard by `witness`, if it has one.
    """

    def __init__(self, caller: Wire, request: h11.Request, target: bytes, passage: Passage) -> None:
        self.status = 0
        self.bytes = 0
        self.witness: Witness | None = None
        self._caller = caller
        self._request = request
        self._target = target
        self._passage = passage

    async def run(self) -> None:
        """Ask, and hand back the answer. Raises what Passage.begin does, ConnectError, NotAccepted, TooLarge, Left."""
        try:
            await self._once()
        except ConnectError as error:
            # A connection that was kept may have been closed by the cluster just now.
            if error.kind != "dropped" or self.status or self._request.method not in _REPEATABLE:
                raise
            await self._once()

    async def _once(self) -> None:
        headers = self._request.headers.raw_items()
        if self.witness:
            headers = plain(headers)
        cluster = await self._passage.begin(self._request.method, self._target, headers)
        sending = asyncio.create_task(self._send(cluster), name="gateway request")
        answering = asyncio.create_task(self._answer(cluster), name="gateway answer")
        try:
            await asyncio.wait({sending, answering}, return_when=asyncio.FIRST_COMPLETED)
            await (answering if answering.done() else sending)
        except BaseException:
            cluster.close()
            raise
        finally:
            await end(sending, answering)
            del sending, answering  # their failures hold this frame, and it the connection
        if self.status == HTTPStatus.SWITCHING_PROTOCOLS:
            await self._splice(cluster)
        else:
            self._passage.upstream.done(cluster)

    async def _splice(self, cluster: Wire) -> None:
        """Both directions as they come, until both have ended."""
        ears = Ears(self.witness) if self.witness else None

        async def down(data: bytes) -> None:
            self._count(len(data))
            if ears:
                await ears.down(data)

        if ears:
            await splice(self._caller, cluster, up=ears.up, down=down)
        else:
            await splice(self._caller, cluster, down=down)

    async def _send(self, cluster: Wire) -> NoReturn:
        """The caller's body to the cluster, as it comes; then wait for the caller to leave."""
        caller, size = self._caller, 0
        if caller.machine.they_are_waiting_for_100_continue:
            await caller.send(h11.InformationalResponse(status_code=100, headers=[]))
        while caller.machine.their_state is h11.SEND_BODY:
            event = await caller.next()
            if isinstance(event, h11.Data):
                size += len(event.data)
                if size > MOST_BODY:
                    raise TooLarge(f"The body has more than {MOST_BODY // 2**20} MiB.")
                with suppress(OSError):  # the cluster may have said its last word already; whoever reads it will tell
                    await cluster.send(event)
            elif not isinstance(event, h11.EndOfMessage):
                raise Left("in the middle of the body")
        with suppress(OSError):
            await cluster.send(h11.EndOfMessage())
        await caller.gone()
        raise Left("before the answer was there")

    async def _answer(self, cluster: Wire) -> None:
        head = await self._head(cluster)
        self.status = head.status_code
        if isinstance(head, h11.InformationalResponse):
            await self._caller.send(h11.InformationalResponse(status_code=101, headers=_kept(head)))
            return
        await self._caller.send(h11.Response(status_code=head.status_code, headers=_kept(head), reason=head.reason))
        while isinstance(event := await cluster.next(), h11.Data):
            self._count(len(event.data))
            await self._caller.send(event)
        if not isinstance(event, h11.EndOfMessage):
            raise ConnectionResetError("the cluster closed in the middle of its answer")
        await self._caller.send(h11.EndOfMessage())

    async def _head(self, cluster: Wire) -> Head:
        """The head of the answer, or the switch to another protocol."""
        server = self._passage.upstream.server
        try:
            event = await cluster.next(None if self._passage.act.lasting else ANSWER)
            while isinstance(event, h11.InformationalResponse) and event.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
                event = await cluster.next(ANSWER)
        except TimeoutError as error:
            raise ConnectError("timeout", server, why="it sent no answer") from error
        except (OSError, h11.RemoteProtocolError) as error:
            raise ConnectError("dropped", server, why=str(error)) from error
        if not isinstance(event, h11.Response | h11.InformationalResponse):
            raise ConnectError("dropped", server, why="it closed the connection without an answer")
        _judge(event, server)
        return event

    def _count(self, size: int) -> None:
        self.bytes += size


def _judge(head: Head, server: str) -> None:
    """Keep back what must not reach the caller as if it were theirs: redirects, and that the hub is not known there."""
    if head.status_code == HTTPStatus.UNAUTHORIZED:
        raise NotAccepted(
            "The cluster does not accept the hub's own credentials.",
            cure="Give the hub new credentials for the cluster.",
        )
    if 300 <= head.status_code < 400 and head.status_code != HTTPStatus.NOT_MODIFIED:
        raise ConnectError("redirected", server, why=str(head.status_code))


def _kept(head: Head) -> list[tuple[bytes, bytes]]:
    """The headers that go on to the caller."""
    if isinstance(head, h11.InformationalResponse):
        return [(name, value) for name, value in head.headers.raw_items() if _SWITCHED.fullmatch(name.lower())]
    return [(name, value) for name, value in head.headers.raw_items() if not _HOP.fullmatch(name.lower())]
