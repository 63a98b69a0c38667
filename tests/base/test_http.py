"""The guarded dialer judges addresses, not words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from basefly.base.http import AddressRefused, Caller, refusal
from basefly.base.resilience.deadlines import Deadlines

MEDIA = "text/plain"


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "224.0.0.1", "ff02::1", "0.0.0.0", "::",  # noqa: S104  # refused, not bound
        "255.255.255.255", "fd00:ec2::254", "100.100.100.200", "168.63.129.16", "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1",
    ],
)  # fmt: skip
def test_some_addresses_are_never_dialed(address: str) -> None:
    assert refusal(address, private=True)
    assert refusal(address, private=False)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.1.1", "::1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "fd12::1", "::ffff:10.0.0.1",
        "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "100.64.0.1", "192.0.2.1", "198.18.0.1",
    ],
)  # fmt: skip
def test_private_addresses_are_dialed_only_where_allowed(address: str) -> None:
    assert refusal(address, private=False)
    assert not refusal(address, private=True)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::808:808"])
def test_public_addresses_are_dialed(address: str) -> None:
    assert not refusal(address, private=False)


@asynccontextmanager
async def elsewhere() -> AsyncIterator[tuple[str, list[web.Request]]]:
    """A server outside, which notes what it was asked."""
    seen: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        if request.path == "/slow":
            await asyncio.sleep(5)
        if request.path == "/away":
            return web.Response(status=302, headers={"Location": "/there"})
        size = 3000 if request.path == "/large" else 3
        told = web.Response(body=b"x" * size, content_type=MEDIA)
        told.set_cookie("tracked", "yes")
        return told

    app = web.Application()
    app.router.add_route("*", "/{path}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", seen
    finally:
        await runner.cleanup()


class TestCaller:
    async def test_reads_an_answer_whole_and_keeps_no_cookie(self) -> None:
        async with elsewhere() as (url, seen):
            caller = Caller(private=True)
            assert [(await caller.get(f"{url}/small")).body for _ in range(2)] == [b"xxx"] * 2
            await caller.post(f"{url}/small", {"a": "b"})
            await caller.close()
        assert not any(request.cookies for request in seen)
        assert [request.method for request in seen] == ["GET", "GET", "POST"]

    async def test_what_is_sent_has_arrived_whatever_the_answer_goes_on_to_say(self) -> None:
        async with elsewhere() as (url, seen):
            caller = Caller(private=True, most=1024)
            assert await caller.send(f"{url}/large", b"record", {"User-Agent": "audit"}) == (200, MEDIA, b"")
            await caller.close()
            assert seen[0].headers["User-Agent"] == "audit"
            closed = Caller(private=False)
            with pytest.raises(AddressRefused, match="loopback"):
                await closed.send(f"{url}/large", b"record")
            await closed.close()
        assert len(seen) == 1

    async def test_follows_no_redirect(self) -> None:
        async with elsewhere() as (url, seen):
            caller = Caller(private=True)
            assert (await caller.get(f"{url}/away")).status == 302
            await caller.close()
        assert [request.path for request in seen] == ["/away"]

    async def test_gives_up_on_what_is_large_slow_private_or_no_address(self) -> None:
        async with elsewhere() as (url, seen):
            caller = Caller(private=True, most=1024, deadlines=Deadlines(total=0.3))
            with pytest.raises(OSError, match="larger than 1 KiB"):
                await caller.get(f"{url}/large")
            with pytest.raises(TimeoutError, match="no answer in time"):
                await caller.get(f"{url}/slow")
            with pytest.raises(OSError, match="no address"):
                await caller.get("http://")
            await caller.close()
            asked = len(seen)
            closed = Caller(private=False)
            with pytest.raises(OSError, match="loopback"):
                await closed.get(f"{url}/small")
            await closed.close()
        assert len(seen) == asked
