"""What failed is gone at once: nothing of it waits until Python looks for objects that hold each other.

Clusters that do not answer fail some thousand times a minute, each time with the buffers of a connection.
"""

from __future__ import annotations

import asyncio
import gc
from asyncio.sslproto import SSLProtocol
from collections.abc import Iterator
from contextlib import aclosing
from weakref import ref

import msgspec
import pytest
from aiohttp import ClientRequest

from basefly.base.kube.client import Client
from basefly.base.kube.credentials import Credentials
from basefly.base.kube.errors import ApiError, ConnectError
from basefly.base.kube.http2.connection import Connection
from basefly.base.kube.objects import ObjectMeta
from basefly.base.kube.watch import Changed, Pace
from basefly.base.kube.watch.follow import Following
from basefly.base.resilience.deadlines import Deadlines
from basefly.base.resilience.ending import end
from tests.base.kube.apiserver import Answer, Apiserver, Asked, event, pod
from tests.base.kube.watch.following import PODS

QUICK = Deadlines(connect=0.2, tls=0.2, first_byte=0.2, idle=0.2, total=0.4)


@pytest.fixture(autouse=True)
def nobody_looks() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def _failure(client: Client, how: str) -> ref[Exception]:
    """The failure, as far as anybody still holds it."""
    try:
        if how == "request":
            await client.get_bytes("/version")
        elif how == "stream":
            async with client.stream("/api/v1/pods?watch=1"):
                pass
        else:
            async with aclosing(
                Following(client, PODS, pace=Pace(attempts=1, idle=0.2, listing_idle=0.2)).events()
            ) as events:
                async for _ in events:
                    pass
    except (ApiError, ConnectError) as error:
        return ref(error)
    raise AssertionError("it went well")


def _connections() -> int:
    return sum(isinstance(each, SSLProtocol | ClientRequest | Connection) for each in gc.get_objects())


@pytest.mark.parametrize("how", ["request", "stream", "following"])
async def test_a_server_that_is_silent_from_the_beginning(how: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100_000)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    credentials = Credentials(server=f"https://127.0.0.1:{address[1]}")
    async with server, Client(credentials, private=True, deadlines=QUICK) as client:
        await _failure(client, how)  # the first one makes what is kept
        await asyncio.sleep(0.1)
        before = _connections()
        held = await _failure(client, how)
        await asyncio.sleep(0.1)
        assert held() is None
        assert _connections() == before


@pytest.mark.parametrize("how", ["request", "stream", "following"])
async def test_a_server_that_refuses(how: str) -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        await out.json({"kind": "Status", "code": 503}, status=503)

    async with Apiserver.start(serve) as server, server.client() as client:
        held = await _failure(client, how)
        await asyncio.sleep(0)
        assert held() is None


class _Spec(msgspec.Struct, weakref=True):
    """Lives as long as its pod."""


class _Pod(msgspec.Struct):
    metadata: ObjectMeta
    spec: _Spec


async def test_an_object_that_was_told_is_not_held_until_the_next_comes() -> None:
    """Nor is the block of bytes that it came in: thousands of kinds are quiet for days after their list."""

    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        await out.lines(event("ADDED", pod("a", 101) | {"spec": {}}))
        await out.silence()

    told: asyncio.Queue[ref[_Spec]] = asyncio.Queue()

    async def listen(client: Client) -> None:
        async with aclosing(Following(client, PODS, decoder=msgspec.json.Decoder(_Pod)).events()) as events:
            async for each in events:
                if isinstance(each, Changed):
                    told.put_nowait(ref(each.object.spec))
                del each

    async with Apiserver.start(serve) as server, server.client() as client:
        listening = asyncio.create_task(listen(client))
        held = await asyncio.wait_for(told.get(), 5)
        await asyncio.sleep(0.05)
        assert held() is None
        await end(listening)
