"""One exchange with an API server that is made of bytes: upgrades, cuts, kept connections, and slow readers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import h11
import pytest

from basefly.base.kube.credentials import Credentials
from basefly.base.kube.errors import ConnectError
from basefly.base.kube.relay.upstream import Upstream
from basefly.base.kube.relay.wire import Wire
from basefly.base.principal import Grant, Principal
from basefly.base.resilience.deadlines import Deadlines
from basefly.core.gateway import paths
from basefly.core.gateway.door import Passage
from basefly.core.gateway.model import EXEC, READ, WRITE
from basefly.core.gateway.proxy.exchange import Exchange, Left, NotAccepted, TooLarge

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
BY = Principal(uuid4(), uuid4(), "Mia", "mia@example.com", (Grant(frozenset({READ, WRITE, EXEC})),))
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
EXECED = "/api/v1/namespaces/a/pods/b/exec?command=sh"


class Caller:
    """The far end of a caller's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def head(self) -> bytes:
        return await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 5)

    async def rest(self) -> bytes:
        return await asyncio.wait_for(self.reader.read(), 10)


@asynccontextmanager
async def upstream(serve: Serve) -> AsyncIterator[Upstream]:
    """An API server that does as told, and the connections to it."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    made = Upstream(Credentials(server=f"http://127.0.0.1:{port}"), private=True, policy=None, deadlines=Deadlines())
    try:
        yield made
    finally:
        made.close()
        server.close()


@asynccontextmanager
async def calling(made: Upstream, request: bytes) -> AsyncIterator[tuple[Exchange, Caller, Wire]]:
    """A caller that has sent this request, and the exchange that it has begun."""
    arrived: asyncio.Future[Wire] = asyncio.get_running_loop().create_future()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set_result(Wire(reader, writer, h11.SERVER))

    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname()[:2])
    writer.write(request)
    wire = await arrived
    head = await wire.next(5)
    assert isinstance(head, h11.Request)
    target = head.target.decode()
    act = paths.parse(head.method.decode(), target)
    yield Exchange(wire, head, head.target, Passage(BY, uuid4(), act, made)), Caller(reader, writer), wire
    writer.close()
    wire.close()
    listening.close()


def asked(method: str = "GET", path: str = "/api/v1/pods", *lines: str, body: bytes = b"") -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: hub", *lines]
    head += [f"Content-Length: {len(body)}"] if body else []
    return "\r\n".join([*head, "", ""]).encode() + body


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers every request."""
    while await reader.readuntil(b"\r\n\r\n"):
        writer.write(OK)


class TestAnswers:
    async def test_come_back_and_the_connection_is_kept(self) -> None:
        opened = 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal opened
            opened += 1
            await answering(reader, writer)

        async with upstream(serve) as made:
            for _ in range(3):
                async with calling(made, asked()) as (exchange, caller, wire):
                    await exchange.run()
                    assert b"200 OK" in await caller.head()
                    assert (exchange.status, exchange.bytes, wire.reusable) == (200, 2, True)
        assert opened == 1

    async def test_a_kept_connection_that_has_died_is_replaced_for_what_can_be_repeated(self) -> None:
        async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
            await reader.read(1)  # the next request is met by a closing door
            writer.close()

        async with upstream(once) as made:
            for method, works in (("GET", True), ("GET", True), ("DELETE", False)):
                async with calling(made, asked(method, "/api/v1/namespaces/a/pods/b")) as (exchange, caller, _):
                    if works:
                        await exchange.run()
                        assert b"200 OK" in await caller.head()
                    else:
                        with pytest.raises(ConnectError, match="closed the connection"):
                            await exchange.run()

    async def test_that_end_early_break_the_connection(self) -> None:
        async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            writer.close()

        async with upstream(cut) as made, calling(made, asked()) as (exchange, _, wire):
            with pytest.raises((ConnectionResetError, h11.RemoteProtocolError)):
                await exchange.run()
            assert not wire.reusable

    async def test_that_are_not_for_the_caller_are_kept_back(self) -> None:
        for status, error in (("401 Unauthorized", NotAccepted), ("302 Found\r\nLocation: /x", ConnectError)):

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, status: str = status) -> None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

            async with upstream(serve) as made, calling(made, asked()) as (exchange, _, _wire):
                with pytest.raises(error):
                    await exchange.run()
                assert exchange.status == 0

    async def test_carry_no_cookie_and_nothing_of_the_connection(self) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(
                b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\nKeep-Alive: timeout=5\r\nX-Kept: 1\r\nContent-Length: 0\r\n\r\n"
            )

        async with upstream(serve) as made, calling(made, asked()) as (exchange, caller, _):
            await exchange.run()
            head = (await caller.head()).lower()
            assert b"x-kept: 1" in head
            assert b"set-cookie" not in head
            assert b"keep-alive" not in head


class TestBodies:
    async def test_go_through_as_they_come(self) -> None:
        got = bytearray()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            got.extend(await reader.readexactly(300_000))
            writer.write(OK)

        body = bytes(range(256)) * 1200
        request = asked("POST", "/api/v1/namespaces/a/pods", body=body[:300_000])
        async with upstream(serve) as made, calling(made, request) as (exchange, *_):
            await exchange.run()
        assert bytes(got) == body[:300_000]

    async def test_that_are_too_large_are_cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("basefly.core.gateway.proxy.exchange.MOST_BODY", 1000)

        async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            await reader.read()

        request = asked("POST", "/api/v1/namespaces/a/pods", body=b"x" * 5000)
        async with upstream(serve) as made, calling(made, request) as (exchange, *_):
            with pytest.raises(TooLarge):
                await exchange.run()


class TestCallers:
    async def test_that_leave_end_the_exchange(self) -> None:
        gone = asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            await reader.read()
            gone.set()
            writer.close()

        async with (
            upstream(silent) as made,
            calling(made, asked("GET", "/api/v1/pods?watch=1")) as (exchange, caller, _),
        ):
            running = asyncio.create_task(exchange.run())
            await asyncio.sleep(0.1)
            caller.writer.close()
            with pytest.raises(Left):
                await asyncio.wait_for(running, 5)
            await asyncio.wait_for(gone.wait(), 5)

    async def test_that_read_slowly_are_not_read_ahead_for(self) -> None:
        sent = 0

        async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                writer.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                sent += 0x10000
                await writer.drain()

        async with upstream(flood) as made, calling(made, asked("GET", "/api/v1/pods?watch=1")) as (exchange, _, _wire):
            running = asyncio.create_task(exchange.run())
            await asyncio.sleep(1)
            before = sent
            await asyncio.sleep(0.5)
            assert sent == before
            assert sent < 64 * 2**20
            running.cancel()
            await asyncio.wait({running})


class TestUpgrades:
    async def test_pass_bytes_both_ways(self) -> None:
        async def shell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"upgrade: spdy/3.1" in head.lower()
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: SPDY/3.1\r\nConnection: Upgrade\r\n"
                         b"X-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\nfirst")  # fmt: skip
            while data := await reader.read(1000):
                writer.write(data.upper())
            writer.write(b"last")
            writer.close()

        lines = ("Connection: Upgrade", "Upgrade: SPDY/3.1", "X-Stream-Protocol-Version: v4.channel.k8s.io")
        async with upstream(shell) as made, calling(made, asked("POST", EXECED, *lines)) as (exchange, caller, _):
            running = asyncio.create_task(exchange.run())
            head = (await caller.head()).lower()
            assert b"101" in head
            assert b"x-stream-protocol-version: v4.channel.k8s.io" in head
            caller.writer.write(b"hello ")
            assert await asyncio.wait_for(caller.reader.readexactly(11), 5) == b"firstHELLO "
            caller.writer.write_eof()
            assert await caller.rest() == b"last"
            await asyncio.wait_for(running, 6)
            assert (exchange.status, exchange.bytes) == (101, 15)

    async def test_that_are_refused_are_answers(self) -> None:
        async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")

        lines = ("Connection: Upgrade", "Upgrade: websocket")
        async with upstream(refusing) as made, calling(made, asked("GET", EXECED, *lines)) as (exchange, caller, _):
            await exchange.run()
            assert b"403" in await caller.head()
