"""To have one's own data, and to be forgotten: whole, resumed after a death, and true to the chain."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
import pytest

from basefly.base.errors import Unavailable
from basefly.base.resilience.ending import end
from basefly.base.runtime.operations import Operations
from basefly.core.audit import personal
from basefly.core.privacy.work import works
from tests.conftest import Urls
from tests.core.audit.chain.test_verifying import chain, verdict
from tests.people import Hub, Person, join


@asynccontextmanager
async def working(hub: Hub) -> AsyncIterator[None]:
    running = asyncio.create_task(Operations(hub.house.db, hub.house.changes, works(hub.house)).run())
    yield
    await end(running)


async def exported(person: Person) -> dict[str, Any]:
    order = await person.http.post("/api/v1/me/exports")
    assert order.status_code == 201, order.text
    found = await collected(person)
    assert found["state"] == "done", found
    answer = await person.http.get(f"/api/v1/me/exports/{found['id']}")
    assert answer.status_code == 200
    return dict(json.loads(answer.content))


async def collected(person: Person) -> dict[str, Any]:
    for _ in range(400):
        (found, *_) = (await person.http.get("/api/v1/me/exports")).json()["items"]
        if found["state"] not in ("pending", "running"):
            return dict(found)
        await asyncio.sleep(0.05)
    raise AssertionError("the data was never collected")


async def erased(hub: Hub, urls: Urls, person: Person) -> None:
    answer = await person.http.post("/api/v1/me/erasure", json={"confirm": person.by.email})
    assert answer.status_code == 202, answer.text
    assert await ended(urls) == ("done", None)


async def ended(urls: Urls) -> tuple[Any, ...]:
    """How the erasure came out."""
    for _ in range(400):
        with psycopg.connect(urls.superuser) as connection:
            row = connection.execute("select state, error from operations where kind = 'privacy.erase'").fetchone()
        if row and row[0] in ("done", "failed"):
            return row
        await asyncio.sleep(0.05)
    raise AssertionError("the erasure never ended")


class TestExport:
    async def test_has_everything_about_one_and_no_key(self, hub: Hub, owner: Person, viewer: Person) -> None:
        await viewer.http.post("/api/v1/tokens", json={"name": "laptop"})
        await viewer.http.post("/api/v1/views", json={"name": "mine", "address": "/pods"})
        async with working(hub):
            found = await exported(viewer)
        assert found["person"]["email"] == "vic@example.com"
        assert {"sessions", "api_tokens", "views", "members"} <= set(found["tables"])
        assert [each["name"] for each in found["tables"]["api_tokens"]] == ["laptop"]
        assert {each["act"] for each in found["audit"]} >= {"token.created", "session.started"}
        assert "secret_hash" not in json.dumps(found)
        assert "argon2" not in json.dumps(found)
        assert "mia@example.com" not in json.dumps(found)

    async def test_covers_every_table_that_knows_people(
        self, hub: Hub, owner: Person, viewer: Person, urls: Urls
    ) -> None:
        """The inventory: a column `user_id` is about somebody, and whatever has one is looked through."""
        with psycopg.connect(urls.superuser) as connection:
            query = """select table_name from information_schema.columns
                where table_schema = 'public' and column_name = 'user_id'"""
            known = {str(name) for (name,) in connection.execute(query)}
            connection.execute("alter table views add column probe text default 'probe'")
        await viewer.http.post("/api/v1/views", json={"name": "mine", "address": "/pods"})
        async with working(hub):
            found = await exported(viewer)
        assert known >= set(found["tables"])
        assert found["tables"]["views"][0]["probe"] == "probe"

    async def test_is_for_oneself_alone(self, hub: Hub, owner: Person, viewer: Person) -> None:
        async with working(hub):
            await exported(viewer)
        (theirs,) = (await viewer.http.get("/api/v1/me/exports")).json()["items"]
        assert (await owner.http.get(f"/api/v1/me/exports/{theirs['id']}")).status_code == 404
        assert (await owner.http.get("/api/v1/me/exports")).json()["items"] == []

    async def test_lies_sealed(self, hub: Hub, owner: Person, viewer: Person, urls: Urls) -> None:
        async with working(hub):
            await exported(viewer)
        with psycopg.connect(urls.superuser) as connection:
            row = connection.execute("select sealed from data_exports").fetchone()
        assert row
        assert b"vic@example.com" not in bytes(row[0])

    async def test_is_ordered_once_at_a_time(self, viewer: Person) -> None:
        assert (await viewer.http.post("/api/v1/me/exports")).status_code == 201
        assert (await viewer.http.post("/api/v1/me/exports")).status_code == 409


class TestErase:
    async def test_forgets_a_person_and_the_chain_is_true(
        self, hub: Hub, owner: Person, viewer: Person, urls: Urls
    ) -> None:
        await viewer.http.post("/api/v1/tokens", json={"name": "laptop"})
        await chain(hub.house, owner.by.org_id)
        async with working(hub):
            await erased(hub, urls, viewer)
        assert (await viewer.http.get("/api/v1/me")).status_code == 401
        with psycopg.connect(urls.superuser) as connection:
            texts = [
                str(row)
                for table in ("users", "sessions", "audit_records", "operations", "members", "audit_subjects")
                for row in connection.execute(f"select t::text from {table} t")
            ]
        assert not [text for text in texts if "vic@" in text or "Vic" in text]
        (made,) = (await owner.http.get("/api/v1/audit?act=token.created")).json()["items"]
        assert (made["actor"], made["address"], made["erased"]) == ("erased", "erased", True)
        await chain(hub.house, owner.by.org_id)
        assert (await verdict(owner))["ok"]
        (done, started) = (await owner.http.get("/api/v1/audit?act=person.erased")).json()["items"]
        assert (started["outcome"], done["outcome"]) == ("started", "done")
        assert done["on_behalf_of"] == str(viewer.by.user_id)

    async def test_goes_on_after_a_death(
        self, hub: Hub, owner: Person, viewer: Person, urls: Urls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole, deaths = personal.forget, []

        async def dies(*given: Any) -> None:
            deaths.append(given)
            raise Unavailable("the database went away")

        monkeypatch.setattr(personal, "forget", dies)
        async with working(hub):
            answer = await viewer.http.post("/api/v1/me/erasure", json={"confirm": viewer.by.email})
            assert answer.status_code == 202
            while not deaths:
                await asyncio.sleep(0.05)
        monkeypatch.setattr(personal, "forget", whole)
        async with working(hub):
            assert await ended(urls) == ("done", None)

    async def test_the_last_owner_cannot(self, owner: Person) -> None:
        answer = await owner.http.post("/api/v1/me/erasure", json={"confirm": owner.by.email})
        assert answer.status_code == 409
        assert "no owner" in answer.json()["detail"]

    async def test_one_of_two_owners_can(self, hub: Hub, owner: Person, urls: Urls) -> None:
        async with join(hub, "nia", "owner", owner.by.org_id) as other, working(hub):
            await erased(hub, urls, other)

    async def test_not_by_accident_and_not_with_a_token(self, hub: Hub, viewer: Person) -> None:
        assert (await viewer.http.post("/api/v1/me/erasure", json={"confirm": "someone@else"})).status_code == 422
        made = (await viewer.http.post("/api/v1/tokens", json={"name": "ci"})).json()["token"]
        async with hub.browser() as http:
            answer = await http.post(
                "/api/v1/me/erasure", json={"confirm": viewer.by.email}, headers=viewer.bearer(made)
            )
        assert answer.status_code == 403


class TestPage:
    async def test_orders_and_refuses(self, hub: Hub, owner: Person) -> None:
        page = (await owner.http.get("/settings/data")).text
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        assert (await owner.http.post("/settings/data/exports", data={"csrf": csrf})).status_code == 303
        assert "Waiting" in (await owner.http.get("/settings/data")).text
        again = await owner.http.post("/settings/data/exports", data={"csrf": csrf})
        assert again.status_code == 409
        assert "collected already" in again.text
        last = await owner.http.post("/settings/data/erasure", data={"csrf": csrf, "confirm": owner.by.email})
        assert last.status_code == 409
        assert "no owner" in last.text
        assert "Your data" in (await owner.http.get("/settings")).text
