"""Parked watches: nobody waits for them, and nothing that they tell is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest

from basefly.base.kube.client import Client
from basefly.base.kube.watch import Bookmark, Changed, Event, Following, Listed, Quiet, Retrying, Skipped
from tests.base.kube.apiserver import MULTIPLEXED, Answer, Apiserver, Asked, bookmark, event, pod, pods
from tests.base.kube.watch.following import PODS, lists, pace, said

# Only what shares a connection can be parked.
pytestmark = pytest.mark.parametrize("protocol", [True], indirect=True, ids=["http2"])


class Script:
    """A server that tells what it is given when it is given it, on whichever watch stands."""

    def __init__(self) -> None:
        self.given: asyncio.Queue[dict[str, Any] | bytes | str] = asyncio.Queue()

    async def __call__(self, asked: Asked, out: Answer) -> None:
        if lists(asked):
            await out.json(pods(500))
            return
        await out.begin()
        if "sendInitialEvents" in asked.query:
            await out.lines(bookmark(500, ends_list=True))
        while not isinstance(one := await self.given.get(), str):
            await out.lines(one)
        if one == "cut":
            out.cut()
        else:
            await out.end()

    def tell(self, *lines: dict[str, Any] | bytes | str) -> None:
        """Lines, or what happens: end or cut."""
        for line in lines:
            self.given.put_nowait(line)


class Parking:
    """Somebody who parks a watch whenever it is quiet."""

    def __init__(self, client: Client, **quick: Any) -> None:
        self.following = Following(client, PODS, since="100", pace=pace(**{"idle": 5.0, "quiet": 0.05, **quick}))
        self._something = asyncio.Event()

    async def parked(self) -> list[Event]:
        """What is told until it is quiet."""
        found: list[Event] = []
        async with asyncio.timeout(5), aclosing(self.following.events()) as events:
            async for one in events:
                if isinstance(one, Quiet) and self.following.park(one, self._something.set):
                    return found
                if not isinstance(one, Quiet):
                    found.append(one)
        raise AssertionError("it ended by itself")

    def overdue(self) -> bool:
        return self.following.overdue(asyncio.get_running_loop().time())

    async def heard(self) -> Sequence[Event] | None:
        """What the parked watch tells next."""
        await asyncio.wait_for(self._something.wait(), 5)
        self._something.clear()
        return self.following.told(self._something.set)


async def test_bookmarks_are_heard_and_wake_nobody() -> None:
    script = Script()
    async with Apiserver.start(script) as server, server.client() as client:
        parking = Parking(client)
        await parking.parked()
        for version in (110, 120):
            script.tell(bookmark(version))
            assert await parking.heard() == [Bookmark(str(version))]
        script.tell(event("MODIFIED", pod("a", 130)))
        assert await parking.heard() is None
        assert said(await parking.parked()) == ["+a@130"]
        script.tell(bookmark(140), event("DELETED", pod("a", 150)))
        while (told := await parking.heard()) is not None:
            assert told == [Bookmark("140")]
        assert said(await parking.parked())[-1] == "-a@150"
    assert len(server.asked) == 1


async def test_half_a_line_is_kept_until_the_rest_comes() -> None:
    halves: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(asked: Asked, out: Answer) -> None:
        await out.begin()
        while True:
            await out.piece(await halves.get())

    line = b'{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"110"}}}\n'
    async with Apiserver.start(serve) as server, server.client() as client:
        parking = Parking(client)
        await parking.parked()
        halves.put_nowait(line[:40])
        assert await parking.heard() == []
        halves.put_nowait(line[40:])
        assert await parking.heard() == [Bookmark("110")]


@pytest.mark.parametrize("how", ["end", "cut"])
async def test_one_that_is_over_goes_on_from_where_it_was(how: str) -> None:
    script = Script()
    async with Apiserver.start(script) as server, server.client() as client:
        parking = Parking(client)
        await parking.parked()
        script.tell(bookmark(110))
        assert await parking.heard() == [Bookmark("110")]
        script.tell(how)
        assert await parking.heard() is None
        found = await parking.parked()
        assert any(isinstance(one, Retrying) for one in found) == (how == "cut")
    assert [asked.query["resourceVersion"] for asked in server.asked] == ["100", "110"]


async def test_a_version_that_is_forgotten_is_listed() -> None:
    script = Script()
    expired = {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410, "message": "too old"}
    async with Apiserver.start(script) as server, server.client() as client:
        parking = Parking(client)
        await parking.parked()
        script.tell(event("ERROR", expired), "end")
        assert await parking.heard() is None
        assert any(isinstance(one, Listed) for one in await parking.parked())


@pytest.mark.parametrize("line", [bookmark(90), b'{"type":"BOOKMARK","object":5}', b'{"type":"BOOKMARK'])
async def test_a_bookmark_that_is_none_is_for_whoever_reads(line: dict[str, Any] | bytes) -> None:
    script = Script()
    async with Apiserver.start(script) as server, server.client() as client:
        parking = Parking(client, doubt=0.05)
        await parking.parked()
        script.tell(line)
        assert await parking.heard() is None
        assert any(isinstance(one, Listed) for one in await parking.parked())  # only a list can tell what it was


async def test_a_silence_is_found_by_whoever_looks() -> None:
    script = Script()
    async with Apiserver.start(script) as server, server.client() as client:
        parking = Parking(client, idle=0.3)
        await parking.parked()
        async with asyncio.timeout(5):
            while not parking.overdue():
                await asyncio.sleep(0.01)
        await parking.parked()
    assert [lists(asked) for asked in server.asked] == [False, True, False]  # is all quiet, or is it deaf?


async def test_a_sign_of_life_puts_the_silence_off() -> None:
    script = Script()
    async with Apiserver.start(script) as server, server.client() as client:
        parking = Parking(client, idle=0.4)
        await parking.parked()
        for version in range(110, 116):
            await asyncio.sleep(0.1)
            assert not parking.overdue()
            script.tell(bookmark(version))
            assert await parking.heard()


async def test_one_that_told_what_cannot_be_read_is_looked_after() -> None:
    script = Script()
    async with Apiserver.start(script) as server, server.client() as client:
        following, skipped = Following(client, PODS, since="100", pace=pace(idle=5.0, quiet=0.05)), False
        odd = b'{"type":"MODIFIED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"odd","uid":"u",'
        script.tell(odd + b'"resourceVersion":"101"},"x":NaN}}')
        async with asyncio.timeout(5), aclosing(following.events()) as events:
            async for one in events:
                skipped = skipped or isinstance(one, Skipped)
                if isinstance(one, Quiet) and skipped:
                    assert not following.park(one, lambda: None)
                    break


async def test_what_is_closed_is_closed_for_the_server() -> None:
    script = Script()
    async with Apiserver.start(script) as server, server.client() as client:
        parking = Parking(client)
        await parking.parked()
        (wire,) = server.wires
        before = len(wire.heard)
        parking.following.close()
        async with asyncio.timeout(5):
            while not any(type(one).__name__ == "StreamReset" for one in wire.heard[before:]):
                await wire.moved()


async def test_a_connection_of_its_own_cannot_be_parked() -> None:
    MULTIPLEXED.set(False)
    script = Script()
    async with Apiserver.start(script) as server, server.client() as client:
        script.tell(event("MODIFIED", pod("a", 101)))
        asyncio.get_running_loop().call_later(0.3, script.tell, event("MODIFIED", pod("b", 102)))
        following, found = Following(client, PODS, since="100", pace=pace(idle=5.0, quiet=0.05)), list[Event]()
        async with asyncio.timeout(5), aclosing(following.events()) as events:
            async for one in events:
                found.append(one)
                if sum(isinstance(each, Changed) for each in found) == 2:
                    break
    assert not any(isinstance(one, Quiet) for one in found)
