"""The listener that kubectl speaks to, beside the web: HTTP/1.1 over TLS, whose upgrades go through as they are."""

from __future__ import annotations

import asyncio
import ssl
import time
from contextlib import suppress
from typing import Any

import h11
import structlog

from basefly.base.errors import BaseflyError, Denied, NotFound, Unauthenticated
from basefly.base.kube.relay.wire import PIECE, Wire
from basefly.base.limits import Exceeded, Limiter, network
from basefly.base.principal import Principal
from basefly.base.resilience.ending import end
from basefly.base.runtime.house import House
from basefly.base.runtime.shutdown import drain
from basefly.base.telemetry import trace
from basefly.core.audit.actions import failure
from basefly.core.audit.model import Outcome
from basefly.core.gateway import door, paths
from basefly.core.gateway.credentials import Caller
from basefly.core.gateway.door import Passage
from basefly.core.gateway.proxy import statuses
from basefly.core.gateway.proxy.callers import Callers
from basefly.core.gateway.proxy.exchange import MOST_BODY, Exchange, Left
from basefly.core.gateway.proxy.witness import Witnesses, entering

HEAD = 10.0  # s from a connection's first byte until the head of a request is there
IDLE = 120.0  # s that a connection may wait for its next request
LOOK = 5.0  # s between two looks at whether whoever has something open still may
LINGER = 3.0  # s that the rest of a refused request may take
GRACE = 5.0  # s that requests get at the end
BLIND = 10.0  # s that something stays open though nobody can tell whether it still may
PLACE = "/clusters/"  # where a cluster's API begins

_LOOKS = ("GET", "HEAD")

log = structlog.get_logger("basefly.gateway")


class Listener:
    """Answers the connections of one listening socket until it is closed."""

    def __init__(self, house: House, callers: Callers) -> None:
        self._house = house
        self._callers = callers
        self._idle: set[asyncio.Task[Any]] = set()
        self._busy: set[asyncio.Task[Any]] = set()

    async def serve(self, host: str, port: int, tls: ssl.SSLContext) -> None:
        """Listen until the hub ends. Streams are cut then, requests get GRACE seconds to be answered."""
        server = await asyncio.start_server(
            self._connected, host, port, ssl=tls, ssl_handshake_timeout=HEAD, limit=PIECE, backlog=1024
        )
        try:
            await self._house.shutdown.wait()
        finally:
            server.close()
            try:
                await end(*self._idle)
                await drain(self._busy, grace=GRACE)
            finally:
                await end(*self._idle, *self._busy)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer, h11.SERVER)
        peer, ours = writer.get_extra_info("peername"), asyncio.current_task()
        assert ours is not None, "a coroutine runs in a task"  # noqa: S101  # for the type checker
        try:
            while request := await self._next(wire, ours):
                await self._one(wire, request, str(peer[0]) if peer else "")
                if not wire.reusable:
                    return
                wire.machine.start_next_cycle()
        except (OSError, TimeoutError, h11.ProtocolError):
            pass  # they left, or do not speak HTTP
        finally:
            self._busy.discard(ours)
            wire.close()

    async def _next(self, wire: Wire, ours: asyncio.Task[Any]) -> h11.Request | None:
        """The next request of a connection; None at its end."""
        self._busy.discard(ours)
        self._idle.add(ours)
        try:
            event = await wire.next(HEAD, idle=IDLE)
        except h11.RemoteProtocolError as error:
            with suppress(h11.LocalProtocolError):
                await self._refuse(wire, NotHttp(str(error), status=error.error_status_hint))
            return None
        finally:
            self._idle.discard(ours)
        self._busy.add(ours)
        return event if isinstance(event, h11.Request) else None

    async def _one(self, wire: Wire, request: h11.Request, address: str) -> None:
        """Answer one request."""
        headers = {name.lower(): value for name, value in request.headers.raw_items()}
        here = trace.received(request_id=headers.get(b"x-request-id", b"").decode("latin-1"), address=address)
        with trace.entered(here):
            await self._answer(wire, request, headers)

    async def _answer(self, wire: Wire, request: h11.Request, headers: dict[bytes, bytes]) -> None:
        begun = time.monotonic()
        method, target = request.method.decode("ascii"), request.target.decode("latin-1")
        by, exchange = None, None
        try:
            await self._admit(None)
            secret = _secret(headers)
            caller = await self._callers.caller(secret)
            by = caller.by
            await self._admit(by)
            cluster, rest = _place(target, caller)
            passage = await door.enter(self._house, by, cluster, paths.parse(method, rest))
            exchange = Exchange(wire, request, rest.encode("latin-1"), passage)
            exchange.witness = await self._house.get(Witnesses).of(entering(passage, rest, headers, "kubectl"))
            await self._pass(exchange, passage, secret)
        except BaseflyError as error:
            if by and not isinstance(error, Exceeded) and (method not in _LOOKS or isinstance(error, Denied)):
                await failure(self._house.db, by, error, method=method, path=target.partition("?")[0])
            if exchange and exchange.status:
                raise ConnectionResetError("the answer had begun") from error
            await self._refuse(wire, error)
        except (OSError, h11.ProtocolError):
            raise
        except Exception:
            log.exception("a request failed", path=target.partition("?")[0])
            if exchange and exchange.status:
                raise
            await self._refuse(wire, BaseflyError("The hub failed while it answered.", cure="Its log says more."))
        finally:
            ms = round((time.monotonic() - begun) * 1000, 1)
            status = exchange.status if exchange else 0
            log.info("passed on", method=method, path=target.partition("?")[0], status=status, ms=ms)

    async def _pass(self, exchange: Exchange, passage: Passage, secret: str) -> None:
        """The exchange, on record where it must be, ended as soon as whoever asked may not any more."""
        await door.began(self._house, passage)
        running = asyncio.create_task(exchange.run(), name="gateway exchange")
        looking = asyncio.create_task(self._look(passage, secret), name="gateway rights")
        told: Outcome = "failed"
        try:
            await asyncio.wait({running, looking}, return_when=asyncio.FIRST_COMPLETED)
            if not running.done():
                raise Left("whoever asked may not any more")
            await running
            told = "done" if 100 <= exchange.status < 400 else "failed"
        finally:
            await end(running, looking)
            if exchange.witness:
                await exchange.witness.close()
            del running, looking  # their failures hold this frame
            await door.ended(self._house, passage, told, {"status": exchange.status, "bytes": exchange.bytes})

    async def _look(self, passage: Passage, secret: str) -> None:
        """Return once whoever asked may not go on."""
        seen = time.monotonic()
        while not await self._pause(passage):
            try:
                by = (await self._callers.still(secret)).by
            except Unauthenticated:
                return
            except Exception:  # whoever cannot tell refuses, but a database may be away for a moment
                if time.monotonic() - seen > BLIND:
                    log.exception("rights cannot be looked at")
                    return
                continue
            seen = time.monotonic()
            if not door.still_allowed(by, passage):
                return

    async def _pause(self, passage: Passage) -> bool:
        """LOOK seconds; whether the hub ends meanwhile and this would go on for ever."""
        if not passage.act.lasting:
            await asyncio.sleep(LOOK)
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await self._house.shutdown.wait()
        return self._house.shutdown.begun

    async def _admit(self, by: Principal | None) -> None:
        """One more of this person, or of this network; raises Exceeded."""
        limiter, here = self._house.get(Limiter), trace.current()
        if by is None:
            decision = await limiter.network("gateway", network(here.address if here else ""))
        else:
            decision = await limiter.principal("gateway", by.user_id, by.org_id)
        decision.require()

    async def _refuse(self, wire: Wire, error: BaseflyError) -> None:
        """Say no in Kubernetes' own words, and let what is left of the body come, so that they hear it."""
        unread = wire.machine.their_state is h11.SEND_BODY and not isinstance(
            wire.machine.next_event(), h11.EndOfMessage
        )
        head, body = statuses.answer(error, close=unread)
        await wire.send(head)
        await wire.send(h11.Data(data=body))
        await wire.send(h11.EndOfMessage())
        if unread:
            with suppress(TimeoutError):
                await _drop_rest(wire)


class NotHttp(BaseflyError):
    """What came is no HTTP, or too much of it."""

    code, title = "malformed", "The request could not be read"

    def __init__(self, detail: str, *, status: int) -> None:
        super().__init__(detail)
        self.status = status  # type: ignore[misc]  # what the protocol says: 400, 414, 431 or 501


async def _drop_rest(wire: Wire) -> None:
    """Read what still comes for a moment: closing on unread bytes would take the answer away from its reader."""
    size = 0
    async with asyncio.timeout(LINGER):
        while size < MOST_BODY and isinstance(event := await wire.next(), h11.Data):
            size += len(event.data)


def _secret(headers: dict[bytes, bytes]) -> str:
    scheme, _, given = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise Unauthenticated("Nobody is signed in.", cure="Write a kubeconfig with: basefly kubeconfig.")
    return given.strip()


def _place(target: str, caller: Caller) -> tuple[str, str]:
    """The cluster that a target names, by id or by name, and the target within it.

    A target that names none means the one that the credential is for: `kubectl get --raw` of before 1.37 leaves out the
    path of the server's address.
    """
    if caller.cluster and target.startswith("/") and not target.startswith(PLACE):
        return str(caller.cluster), target
    cluster, slash, rest = target.removeprefix(PLACE).partition("/")
    if not target.startswith(PLACE) or not cluster or not slash:
        raise NotFound(
            "There is nothing at this address.", cure=f"A cluster's API is at {PLACE}NAME; basefly kubeconfig knows it."
        )
    return cluster, f"/{rest}"
