"""Which protocol is spoken, over which way, and what a server that speaks it badly comes to."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import urlsplit

import pytest

from basefly.base.http import NoWay
from basefly.base.kube.client import Client
from basefly.base.kube.errors import ConnectError
from basefly.base.kube.http2.connection import FRAME
from tests.base.kube.apiserver import AUTHORITY, FAST, MULTIPLEXED, Answer, Apiserver, Asked, Shared, credentials, tls

WATCH = "/api/v1/pods"


async def once(asked: Asked, out: Answer) -> None:
    await out.begin()
    await out.piece(type(out).__name__.encode() + b"\n")
    await out.end()


async def said(client: Client) -> list[bytes]:
    async with client.stream(WATCH, {"watch": "1", "resourceVersion": "7"}) as lines:
        return [line async for line in lines]


async def test_what_is_asked_is_the_same_by_both() -> None:
    asked = []
    for offered in (True, False):
        MULTIPLEXED.set(offered)
        async with Apiserver.start(once) as server, server.client() as client:
            assert await said(client) == [b"Shared" if offered else b"Answer"]
            asked.append(server.asked[-1])
    both = [
        (a.method, a.path, a.query, {k: v for k, v in a.headers.items() if k[0] != ":" and k != "host"}) for a in asked
    ]
    assert both[0] == both[1]


async def test_a_server_without_it_is_asked_once_and_then_left_alone() -> None:
    MULTIPLEXED.set(False)
    async with Apiserver.start(once) as server, server.client() as client:
        assert [await said(client) for _ in range(3)] == [[b"Answer"]] * 3
        assert server.connections == 2  # the one that asked, and the one that serves


async def test_the_certificate_is_judged_as_ever() -> None:
    async with Apiserver.start(once, context=tls(AUTHORITY, "elsewhere.example")) as server:
        async with server.client() as client:
            with pytest.raises(ConnectError) as caught:
                await said(client)
        assert caught.value.kind == "wrong_host"
        named = credentials(server.url, tls_server_name="elsewhere.example")
        async with Client(named, deadlines=FAST) as client:
            assert await said(client) == [b"Shared"]


@pytest.mark.parametrize("offered", [True, False])
async def test_guarded_addresses_are_not_dialed(offered: bool) -> None:
    MULTIPLEXED.set(offered)
    async with Apiserver.start(once) as server, server.client(private=False) as client:
        with pytest.raises(ConnectError) as caught:
            await said(client)
        assert caught.value.kind == "address_refused"
        assert server.connections == 0


async def test_nobody_there() -> None:
    async with Client(credentials("https://127.0.0.1:1"), deadlines=FAST) as client:
        with pytest.raises(ConnectError) as caught:
            await said(client)
    assert caught.value.kind == "refused"


async def test_a_name_without_an_address() -> None:
    async with Client(credentials("https://nowhere.invalid:6443"), deadlines=FAST) as client:
        with pytest.raises(ConnectError) as caught:
            await said(client)
    assert caught.value.kind == "dns"


async def test_through_a_dialer() -> None:
    class Way:
        def __init__(self, url: str) -> None:
            self.url, self.dialed = url, 0

        async def dial(self) -> socket.socket:
            self.dialed += 1
            if not self.url:
                raise NoWay("its agent is away")
            made = socket.socket()
            made.setblocking(False)
            await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", urlsplit(self.url).port))
            return made

    async with Apiserver.start(once) as server:
        way = Way(server.url)
        async with Client(credentials("https://127.0.0.1:9"), deadlines=FAST, dialer=way) as client:
            assert [await said(client) for _ in range(3)] == [[b"Shared"]] * 3
            assert way.dialed == 1
        async with Client(credentials("https://127.0.0.1:9"), deadlines=FAST, dialer=Way("")) as client:
            with pytest.raises(ConnectError) as caught:
                await said(client)
            assert caught.value.kind == "no_way"


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x00\x00\x01\x00\x00\x00\x00\x00\x00x",  # DATA on no stream
        (FRAME + 1).to_bytes(3, "big") + b"\x00\x00\x00\x00\x00\x01" + bytes(FRAME + 1),
    ],
    ids=["data on no stream", "a frame that is too large"],
)
async def test_no_proper_http2_ends_the_connection(nonsense: bytes) -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        assert isinstance(out, Shared)
        out.stream.wire.raw(nonsense)
        await out.silence()

    async with Apiserver.start(serve) as server, server.client() as client:
        with pytest.raises(ConnectError) as caught:
            await said(client)
        assert caught.value.kind == "not_kubernetes"


async def test_a_head_that_is_too_large_ends_the_connection() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        assert isinstance(out, Shared)
        await out.stream.head(200, {f"name-{number}": "x" * 1000 for number in range(80)})
        await out.silence()

    async with Apiserver.start(serve) as server, server.client() as client:
        with pytest.raises(ConnectError) as caught:
            await said(client)
        assert caught.value.kind == "not_kubernetes"
        assert "large" in str(caught.value) or "exceed" in str(caught.value)


async def test_one_dial_that_fails_is_told_to_all_who_wait() -> None:
    async with Client(credentials("https://127.0.0.1:1"), deadlines=FAST) as client:
        found = await asyncio.gather(*(said(client) for _ in range(20)), return_exceptions=True)
    assert {error.kind for error in found if isinstance(error, ConnectError)} == {"refused"}
    assert len(found) == 20


async def test_who_gives_up_waiting_for_a_connection_takes_it_from_nobody() -> None:
    async with Apiserver.start(once) as server, server.client() as client:
        waiting = [asyncio.create_task(said(client)) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        assert await asyncio.gather(*waiting[1:]) == [[b"Shared"]] * 2
        assert server.connections == 1
