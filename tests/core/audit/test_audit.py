"""The record: it grows, it is read by those who may, and nothing in it changes."""

from __future__ import annotations

import psycopg
import pytest

from basefly.base.db.pool import Database
from basefly.base.errors import Denied
from basefly.core.audit.actions import latest, record
from tests.conftest import Urls
from tests.people import Hub, Person


async def make(person: Person, name: str) -> None:
    answer = await person.http.post("/api/v1/tokens", json={"name": name})
    assert answer.status_code == 201


class TestRecord:
    async def test_says_who_what_when_where_and_how_it_came_out(self, owner: Person) -> None:
        await owner.http.post("/api/v1/tokens", json={"name": "a"}, headers={"X-Request-ID": "request-77"})
        (found,) = (await owner.http.get("/api/v1/audit?act=token.created")).json()["items"]
        assert found["actor_id"] == str(owner.by.user_id)
        assert found["actor_kind"] == "session"
        assert found["object"].startswith("tokens/")
        assert found["outcome"] == "done"
        assert found["request_id"] == "request-77"
        assert found["address"] == "127.0.0.1"
        assert found["detail"] == {"name": "a"}
        assert found["at"].endswith("Z")

    async def test_is_gone_with_the_change_that_is_rolled_back(self, hub: Hub, owner: Person) -> None:
        async def fails() -> None:
            async with hub.house.db.transaction(owner.by.org_id) as tx:
                await record(tx, owner.by, "thing.done", "things/1")
                raise RuntimeError

        with pytest.raises(RuntimeError):
            await fails()
        assert (await owner.http.get("/api/v1/audit?act=thing")).json()["items"] == []

    @pytest.mark.parametrize("change", ["update audit_records set act = 'a.b'", "delete from audit_records"])
    async def test_never_changes(self, db: Database, hub: Hub, owner: Person, urls: Urls, change: str) -> None:
        await make(owner, "a")
        with pytest.raises(Exception, match=r"permission denied|append-only"):
            async with hub.house.db.transaction(owner.by.org_id) as tx:
                await tx.execute(change)
        async with await psycopg.AsyncConnection.connect(urls.superuser) as connection:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
                await connection.execute(change)

    async def test_that_cannot_be_written_stops_the_change(self, owner: Person, urls: Urls) -> None:
        with psycopg.connect(urls.superuser) as connection:
            query = "select inhrelid::regclass::text from pg_inherits where inhparent = 'audit_records'::regclass"
            for (month,) in connection.execute(query).fetchall():
                connection.execute(f"drop table {month}")
        assert (await owner.http.post("/api/v1/tokens", json={"name": "a"})).status_code >= 500
        assert (await owner.http.get("/api/v1/tokens")).json()["items"] == []


class TestPage:
    async def test_lists_newest_first_page_by_page(self, owner: Person) -> None:
        for name in "abcde":
            await make(owner, name)
        seen: list[str] = []
        cursor = ""
        for size in (2, 2, 1):
            page = (await owner.http.get(f"/api/v1/audit?act=token.created&limit=2&cursor={cursor}")).json()
            assert len(page["items"]) == size
            seen += [item["detail"]["name"] for item in page["items"]]
            cursor = page["next"]
        assert seen == list("edcba")
        assert cursor == ""

    async def test_narrows_by_thing_object_outcome_and_time(self, owner: Person) -> None:
        await make(owner, "a")
        all_ = (await owner.http.get("/api/v1/audit")).json()["items"]
        made = (await owner.http.get("/api/v1/audit?act=token")).json()["items"]
        assert [item["act"] for item in made] == ["token.created"]
        by_object = await owner.http.get("/api/v1/audit", params={"object": made[0]["object"]})
        assert [item["id"] for item in by_object.json()["items"]] == [made[0]["id"]]
        assert (await owner.http.get("/api/v1/audit?outcome=failed")).json()["items"] == []
        assert (await owner.http.get(f"/api/v1/audit?actor={owner.by.user_id}")).json()["items"] == all_
        later = await owner.http.get("/api/v1/audit", params={"since": "2100-01-01T00:00:00Z"})
        assert later.json()["items"] == []

    async def test_names_the_person_it_was_done_to_and_never_a_stranger(
        self, owner: Person, viewer: Person, stranger: Person
    ) -> None:
        for person in (viewer, stranger):
            await owner.http.patch(f"/api/v1/members/{person.by.user_id}", json={"role": "no-such-role"})
        found = (await owner.http.get("/api/v1/audit?object=members")).json()["items"]
        named = {item["object"].split("/")[1]: item["subject"] for item in found}
        assert named == {str(viewer.by.user_id): viewer.by.name, str(stranger.by.user_id): ""}

    async def test_a_reader_is_refused(self, viewer: Person) -> None:
        assert (await viewer.http.get("/api/v1/audit")).status_code == 403

    async def test_a_stranger_sees_nothing_of_it(self, owner: Person, stranger: Person) -> None:
        await make(owner, "a")
        seen = (await stranger.http.get("/api/v1/audit")).json()["items"]
        assert {item["actor_id"] for item in seen} == {str(stranger.by.user_id)}

    @pytest.mark.parametrize("cursor", ["x", "WzFd", "WyJhIiwiYiJd"])
    async def test_a_cursor_of_someone_s_own_making_is_422(self, owner: Person, cursor: str) -> None:
        assert (await owner.http.get(f"/api/v1/audit?cursor={cursor}")).status_code == 422


class TestLatest:
    async def test_says_since_when_and_by_whom_for_each_object(self, hub: Hub, owner: Person) -> None:
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            for number, act in enumerate(["grant.made", "grant.made", "grant.read"]):
                await record(tx, owner.by, act, "grants/1", {"n": number})
            await record(tx, None, "grant.made", "grants/2", {"n": 9})
            found = await latest(tx, owner.by, ["grant.made"], ["grants/1", "grants/2", "grants/3"])
        assert {name: (each.detail["n"], each.actor) for name, each in found.items()} == {
            "grants/1": (1, owner.by.name),
            "grants/2": (9, ""),
        }

    async def test_is_not_for_a_reader(self, hub: Hub, viewer: Person) -> None:
        async with hub.house.db.transaction(viewer.by.org_id) as tx:
            with pytest.raises(Denied):
                await latest(tx, viewer.by, ["grant.made"], ["grants/1"])


class TestFailure:
    async def test_a_refusal_is_on_record(self, owner: Person, viewer: Person) -> None:
        answer = await viewer.http.post(
            "/api/v1/members", json={"email": "x@example.com", "name": "X", "password": "seven herons at the quay"}
        )
        assert answer.status_code == 403
        (found,) = (await owner.http.get("/api/v1/audit?outcome=refused")).json()["items"]
        assert found["actor_id"] == str(viewer.by.user_id)
        assert found["act"] == "request.refused"
        assert found["object"] == "members"
        assert found["detail"] == {"method": "POST", "code": "denied", "permission": "access:write"}

    async def test_a_failure_is_on_record(self, owner: Person) -> None:
        await make(owner, "a")
        assert (await owner.http.post("/api/v1/tokens", json={"name": "a"})).status_code == 409
        (found,) = (await owner.http.get("/api/v1/audit?outcome=failed")).json()["items"]
        assert found["detail"]["code"] == "conflict"

    async def test_a_refused_look_is_on_record_once_a_minute(self, owner: Person, viewer: Person) -> None:
        for _ in range(3):
            assert (await viewer.http.get("/api/v1/audit?limit=1")).status_code == 403
        (found,) = (await owner.http.get("/api/v1/audit?outcome=refused")).json()["items"]
        assert found["object"] == "audit"
        assert found["actor_id"] == str(viewer.by.user_id)
        assert found["detail"] == {"method": "GET", "code": "denied", "permission": "audit:read"}

    async def test_a_look_at_what_is_not_there_is_none(self, owner: Person) -> None:
        await owner.http.get("/api/v1/clusters/nothing")
        assert (await owner.http.get("/api/v1/audit?outcome=refused")).json()["items"] == []
