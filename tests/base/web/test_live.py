"""The stream of what changed: prompt, within one's sight, and over when the session is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import httpx
import pytest

from basefly.base.principal import Grant, Principal
from basefly.base.web import live
from tests.people import Hub, Person


class Ear:
    """Reads a stream, an event at a time."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()
        self.last = ""

    async def event(self) -> tuple[str, object]:
        """The next event's name and data; ("", None) at the end."""
        name = ""
        async for line in self._lines:
            field, _, value = line.partition(": ")
            if field == "id":
                self.last = value
            if field == "event":
                name = value
            if field == "data":
                return name, json.loads(value)
        return "", None

    async def end(self) -> None:
        """Read on to the end, before which nothing but a reset may come: who has other rights reads all again."""
        event = await self.event()
        assert (await self.event() if event[0] == "reset" else event) == ("", None)


@asynccontextmanager
async def listening(person: Person, path: str = "/live?topic=things/*", **headers: str) -> AsyncIterator[Ear]:
    async with person.http.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        yield Ear(response)


async def tell(hub: Hub, org_id: UUID, *topics: str) -> None:
    async with hub.house.db.transaction(org_id) as tx:
        for topic in topics:
            await tx.notify(topic)


class TestStream:
    async def test_begins_with_reset_where_nobody_listened_before(self, owner: Person) -> None:
        async with listening(owner) as ear:
            assert await ear.event() == ("reset", {})

    async def test_tells_what_changed_within_a_second(self, hub: Hub, owner: Person) -> None:
        path = "/live?topic=audit/*&topic=access/*/x"
        async with listening(owner, path) as ear:
            await ear.event()
            await tell(hub, owner.by.org_id, "audit/a", "access/b/x", "access/b/y", "other/a")
            async with asyncio.timeout(1):
                assert await ear.event() == ("changed", ["access/b/x", "audit/a"])

    async def test_tells_what_changed_while_the_page_was_loading(self, hub: Hub, owner: Person) -> None:
        async with listening(owner, "/live?topic=audit/*") as ear:
            await ear.event()
            await tell(hub, owner.by.org_id, "audit/a")
            await ear.event()
        async with listening(owner, "/live?topic=audit/*") as ear, asyncio.timeout(2):
            assert await ear.event() == ("changed", ["audit/a"])

    async def test_resumed_begins_with_reset(self, owner: Person) -> None:
        for _ in range(2):
            async with listening(owner, "/live?topic=audit/*", **{"Last-Event-ID": "7"}) as ear:
                assert await ear.event() == ("reset", {})

    async def test_resumed_within_a_minute_is_told_what_it_missed_and_little_else(
        self, hub: Hub, owner: Person
    ) -> None:
        async with listening(owner, "/live?topic=audit/*&after=") as ear:
            assert [await ear.event(), await ear.event()] == [("opened", {}), ("reset", {})]
            await tell(hub, owner.by.org_id, "audit/old")
            assert await ear.event() == ("changed", ["audit/old"])
            await asyncio.sleep(1.2)  # an id takes in the second before it, for what was on its way
            await tell(hub, owner.by.org_id, "audit/a")
            assert await ear.event() == ("changed", ["audit/a"])
        await tell(hub, owner.by.org_id, "audit/b")
        await asyncio.sleep(0.3)
        async with listening(owner, f"/live?topic=audit/*&after={ear.last}") as ear, asyncio.timeout(2):
            assert [await ear.event(), await ear.event()] == [("opened", {}), ("changed", ["audit/a", "audit/b"])]

    async def test_of_the_api_takes_a_token(self, hub: Hub, owner: Person) -> None:
        token = (await owner.http.post("/api/v1/tokens", json={"name": "a"})).json()["token"]
        async with hub.browser() as http:
            program = Person(http, owner.by, token)
            async with listening(program, "/api/v1/changes?topic=audit/*", **owner.bearer(token)) as ear:
                assert await ear.event() == ("reset", {})

    @pytest.mark.parametrize("topic", ["", "../x", "a/b/c/d/e", "UPPER", "a b", "a" * 10 + "/%"])
    async def test_takes_no_other_patterns(self, owner: Person, topic: str) -> None:
        assert (await owner.http.get("/live", params={"topic": topic})).status_code == 422

    async def test_needs_a_topic(self, owner: Person) -> None:
        assert (await owner.http.get("/live")).status_code == 422


class TestSight:
    async def test_ends_at_the_organization(self, hub: Hub, owner: Person, stranger: Person) -> None:
        async with listening(stranger, "/live?topic=audit/*") as ear:
            await ear.event()
            await tell(hub, owner.by.org_id, "audit/theirs")
            await tell(hub, stranger.by.org_id, "audit/mine")
            assert await ear.event() == ("changed", ["audit/mine"])

    async def test_ends_at_the_permission(self, hub: Hub, viewer: Person) -> None:
        async with listening(viewer, "/live?topic=*/*") as ear:
            await ear.event()
            await tell(hub, viewer.by.org_id, "audit/a", "access/a")
            assert await ear.event() == ("changed", ["access/a"])

    def test_ends_at_the_cluster(self) -> None:
        mine, other = uuid4(), uuid4()
        grant = Grant(frozenset({"inventory:read"}), clusters=frozenset({mine}))
        by = Principal(user_id=uuid4(), org_id=uuid4(), name="", email="", grants=(grant,))
        assert live.visible(by, f"inventory/{mine}/pods")
        assert not live.visible(by, f"inventory/{other}/pods")
        assert live.visible(by, "inventory/overview")
        assert not live.visible(by, f"clusters/{mine}")


class TestEnd:
    @pytest.mark.parametrize("change", ["sign out", "another role", "removed"])
    async def test_comes_within_ten_seconds_of_the_right(
        self, hub: Hub, owner: Person, viewer: Person, change: str
    ) -> None:
        async with listening(viewer, "/live?topic=access/*") as ear:
            await ear.event()
            member = f"/api/v1/members/{viewer.by.user_id}"
            if change == "sign out":
                async with hub.house.db.transaction(viewer.by.org_id) as tx:
                    await tx.execute("update sessions set ended_at = now() where user_id = %s", [viewer.by.user_id])
            elif change == "another role":
                assert (await owner.http.patch(member, json={"role": "admin"})).status_code == 200
            else:
                assert (await owner.http.delete(member)).status_code == 204
            async with asyncio.timeout(10):
                await ear.end()

    async def test_comes_at_once_when_the_hub_ends(self, hub: Hub, owner: Person) -> None:
        async with listening(owner) as ear:
            await ear.event()
            hub.house.shutdown.begin()
            async with asyncio.timeout(1):
                assert await ear.event() == ("", None)
