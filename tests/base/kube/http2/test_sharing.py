"""Many streams on one connection: none holds up another, and what ends one leaves the others alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from h2.errors import ErrorCodes

from basefly.base.kube.client import Client
from basefly.base.kube.errors import ConnectError, Forbidden
from basefly.base.kube.http2.stream import WINDOW
from basefly.base.kube.lines import Lines
from tests.base.kube.apiserver import Answer, Apiserver, Asked, Shared

WATCH = "/api/v1/pods"


async def endless(asked: Asked, out: Answer) -> None:
    """Say which stream it is, and then nothing more."""
    await out.begin()
    await out.piece(asked.path.encode() + b"\n")
    await out.silence()


@asynccontextmanager
async def watching(client: Client, count: int, **options: Any) -> AsyncIterator[list[Lines]]:
    """So many open streams, begun at once: /0, /1 and so on."""
    async with AsyncExitStack() as held:
        begun = (held.enter_async_context(client.stream(f"/{number}", **options)) for number in range(count))
        yield list(await asyncio.gather(*begun))


async def first(lines: Lines) -> bytes:
    async for line in lines:
        return line
    raise AssertionError("it has ended without a line")


async def rest(lines: Lines) -> list[bytes]:
    return [line async for line in lines]


async def test_many_streams_share_one_connection() -> None:
    async with Apiserver.start(endless) as server, server.client() as client, watching(client, 60) as streams:
        assert [await first(lines) for lines in streams] == [f"/{number}".encode() for number in range(60)]
        assert server.connections == 1


async def test_what_a_server_allows_at_once_is_kept_by_opening_another_connection() -> None:
    async with Apiserver.start(endless) as server, server.client() as client:
        server.streams = 20
        async with watching(client, 50) as streams:
            await asyncio.gather(*map(first, streams))
            assert server.connections == 3
            assert all(len(wire.machine.streams) <= 20 for wire in server.wires)


async def test_a_place_that_has_become_free_is_used_again() -> None:
    async with Apiserver.start(endless) as server, server.client() as client:
        server.streams = 2
        for _ in range(5):
            async with watching(client, 2) as streams:
                await asyncio.gather(*map(first, streams))
        assert server.connections == 1


async def test_a_reader_that_is_slow_stops_nobody_else() -> None:
    sent = 0

    async def serve(asked: Asked, out: Answer) -> None:
        nonlocal sent
        await out.begin()
        for _ in range(4 * WINDOW // 1024 if asked.path == "/0" else 20_000):
            await out.piece(b"x" * 1023 + b"\n")
            sent += asked.path == "/0"
        await out.end()

    async with Apiserver.start(serve) as server, server.client() as client, watching(client, 2) as (slow, quick):
        assert len(await rest(quick)) == 20_000  # more than the connection may hold at once
        assert sent <= WINDOW // 1024  # what nobody reads does not pile up either
        assert len(await rest(slow)) == 4 * WINDOW // 1024


async def test_a_stream_that_is_broken_off_leaves_the_others() -> None:
    broken = asyncio.Event()

    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        assert isinstance(out, Shared)
        if asked.path == "/0":
            await out.stream.reset()
            broken.set()
        await broken.wait()
        await out.piece(b"still here\n")
        await out.silence()

    async with Apiserver.start(serve) as server, server.client() as client, watching(client, 2) as (one, other):
        with pytest.raises(ConnectError) as caught:
            await rest(one)
        assert caught.value.kind == "dropped"
        assert "internal error" in str(caught.value)
        assert await first(other) == b"still here"


async def test_a_connection_that_breaks_is_told_to_every_stream_after_what_had_come() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        await out.piece(b"first\n")
        await asyncio.sleep(0.2)
        out.cut()

    async def until_it_breaks(lines: Lines) -> list[Any]:
        found: list[Any] = []
        try:
            async for line in lines:
                found.append(line)  # noqa: PERF401  # what came before the error counts
        except ConnectError as error:
            found.append(error.kind)
        return found

    async with Apiserver.start(serve) as server, server.client() as client, watching(client, 3) as streams:
        assert await asyncio.gather(*map(until_it_breaks, streams)) == [[b"first", "dropped"]] * 3
        async with client.stream("/again") as lines:
            assert await first(lines) == b"first"
        assert server.connections == 2


async def test_after_a_goaway_what_runs_goes_on_and_what_begins_goes_elsewhere() -> None:
    leaving = asyncio.Event()

    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        await out.piece(b"before\n")
        await leaving.wait()
        await out.piece(b"after\n")
        await out.end()

    async with Apiserver.start(serve) as server, server.client() as client, client.stream("/old") as old:
        assert await first(old) == b"before"
        server.wires[0].go_away(last=2**31 - 1)  # as Go's servers begin a graceful end
        server.wires[0].go_away(last=1)
        await until(lambda: not client._shared._standing[0].room)
        async with client.stream("/new") as new:
            assert await first(new) == b"before"
            assert server.connections == 2
            leaving.set()
            assert await rest(old) == [b"after"]


async def test_a_request_that_a_server_gives_back_unseen_is_asked_again() -> None:
    refused: list[str] = []

    async def serve(asked: Asked, out: Answer) -> None:
        assert isinstance(out, Shared)
        if len(refused) < 2:
            refused.append(asked.path)
            await out.stream.reset(ErrorCodes.REFUSED_STREAM)
            return
        await endless(asked, out)

    async with Apiserver.start(serve) as server, server.client() as client, client.stream(WATCH) as lines:
        assert await first(lines) == WATCH.encode()
        assert refused == [WATCH, WATCH]


async def test_what_is_not_wanted_any_longer_is_ended_at_the_server_too() -> None:
    async with Apiserver.start(endless) as server, server.client() as client, watching(client, 1) as (kept,):
        async with client.stream("/gone") as lines:
            await first(lines)
        await first(kept)
        await until(lambda: any(type(event).__name__ == "StreamReset" for event in server.wires[0].heard))


async def test_a_server_that_answers_no_ping_is_given_up() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        await endless(asked, out) if asked.path != "/deaf" else await out.begin()
        await out.silence()

    async with Apiserver.start(serve) as server, server.client() as client, watching(client, 2) as streams:
        await asyncio.gather(*map(first, streams))
        server.wires[0].deaf = True
        for lines in streams:
            with pytest.raises(ConnectError, match="no sign of life for 1 s"):
                await rest(lines)


async def test_a_server_that_answers_pings_may_be_silent() -> None:
    async with Apiserver.start(endless) as server, server.client() as client, watching(client, 1) as (lines,):
        await first(lines)
        await until(lambda: sum(type(e).__name__ == "PingReceived" for e in server.wires[0].heard) >= 2)
        assert server.connections == 1
        assert client._shared._standing[0].room


async def test_a_connection_that_nobody_uses_is_closed() -> None:
    async with Apiserver.start(endless) as server, server.client() as client:
        async with client.stream(WATCH) as lines:
            await first(lines)
        connection = client._shared._standing[0]
        await until(lambda: connection.over)


async def test_trailers_end_an_answer_properly() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        await out.piece(b"all\n")
        assert isinstance(out, Shared)
        await out.stream.trailers({"grpc-status": "0"})

    async with Apiserver.start(serve) as server, server.client() as client, client.stream(WATCH) as lines:
        assert await rest(lines) == [b"all"]


async def test_refusals_are_told_in_the_servers_words() -> None:
    async with (
        Apiserver.start(lambda _asked, out: out.status(403, "Forbidden", "pods is forbidden")) as server,
        server.client() as client,
    ):
        with pytest.raises(Forbidden, match="pods is forbidden"):
            async with client.stream(WATCH):
                pass


async def test_a_head_that_does_not_come_is_a_timeout_and_the_connection_stays() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        if asked.path == "/never":
            await out.silence()
        await endless(asked, out)

    async with Apiserver.start(serve) as server, server.client() as client, client.stream("/kept") as kept:
        await first(kept)
        with pytest.raises(ConnectError) as caught:
            async with client.stream("/never"):
                pass
        assert caught.value.kind == "timeout"
        async with client.stream("/next") as lines:
            assert await first(lines) == b"/next"
        assert server.connections == 1


async def test_a_closed_client_breaks_what_runs_and_begins_nothing() -> None:
    async with Apiserver.start(endless) as server:
        client = server.client()
        async with client.stream(WATCH) as lines:
            await first(lines)
            await client.close()
            with pytest.raises(ConnectError, match="closed this connection"):
                await rest(lines)
        with pytest.raises(ConnectError, match="it has a newer one"):
            async with client.stream(WATCH):
                pass


async def until(condition: Any) -> None:
    """Wait for it; the test's own timeout is the limit."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)
