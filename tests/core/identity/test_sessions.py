"""Signing in and out, and what ends a session."""

from __future__ import annotations

import asyncio
import statistics
import time

import pytest

from basefly.base.errors import Limited
from basefly.core.identity import model, throttle
from tests.people import PASSWORD, Hub, Person

MIA = {"email": "mia@example.com", "password": PASSWORD}


async def age(hub: Hub, person: Person, change: str) -> None:
    async with hub.house.db.transaction(person.by.org_id) as tx:
        touched = await tx.execute(f"update sessions set {change} where user_id = %s", [person.by.user_id])
    assert touched == 1


class TestSignIn:
    async def test_sets_a_cookie_that_works_and_leaves_a_trace(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as http:
            answer = await http.post("/api/v1/sessions", json=MIA | {"email": " MIA@Example.com "})
            assert answer.status_code == 201
            assert answer.json()["id"] == str(owner.by.user_id)
            cookie = answer.headers["set-cookie"]
            assert "HttpOnly" in cookie
            assert "SameSite=lax" in cookie
            assert "Path=/" in cookie
            assert (await http.get("/api/v1/me")).json()["email"] == "mia@example.com"
        acts = [item["act"] for item in (await owner.http.get("/api/v1/audit?act=session")).json()["items"]]
        assert acts == ["session.started", "session.started"]

    async def test_in_a_browser_leads_where_one_wanted_to_go(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as http:
            answer = await http.post("/sign-in", data=MIA | {"next": "/settings"})
            assert answer.headers["location"] == "/settings"
            assert (await http.get("/settings")).status_code == 200

    @pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nX: y"])
    async def test_leads_to_no_other_site(self, hub: Hub, owner: Person, target: str) -> None:
        async with hub.browser() as http:
            answer = await http.post("/sign-in", data=MIA | {"next": target})
        assert answer.headers["location"] == "/"

    async def test_begins_a_new_session_each_time(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as http:
            secrets = [(await http.post("/api/v1/sessions", json=MIA)).cookies["basefly"] for _ in range(2)]
        assert secrets[0] != secrets[1]

    async def test_keeps_no_secret_that_the_database_could_tell(self, hub: Hub, owner: Person) -> None:
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            kept = await tx.value("select secret_hash from sessions")
        assert kept == model.fingerprint(owner.secret)
        assert owner.secret.encode() not in kept

    async def test_renews_a_hash_weaker_than_today_s(self, hub: Hub, owner: Person) -> None:
        query = "select password_hash from users where email = 'mia@example.com'"
        async with hub.browser() as http:
            await http.post("/api/v1/sessions", json=MIA)
            async with hub.house.db.transaction() as tx:
                assert "m=32768,t=2" in await tx.value(query)
            assert (await http.post("/api/v1/sessions", json=MIA)).status_code == 201


class TestWrongPassword:
    async def test_and_unknown_name_read_the_same(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as http:
            wrong = await http.post("/api/v1/sessions", json=MIA | {"password": "not the one at all"})
            unknown = await http.post("/api/v1/sessions", json=MIA | {"email": "nobody@example.com"})
        assert wrong.status_code == unknown.status_code == 401
        differing = {"instance", "trace_id"}
        assert {k: v for k, v in wrong.json().items() if k not in differing} == {
            k: v for k, v in unknown.json().items() if k not in differing
        }

    async def test_and_unknown_name_take_the_same_time(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as http:
            await http.post("/api/v1/sessions", json=MIA)  # renews the hash of the fixture

            async def took(credentials: dict[str, str]) -> float:
                began = time.perf_counter()
                await http.post("/api/v1/sessions", json=credentials)
                return time.perf_counter() - began

            wrong = [await took(MIA | {"password": "not the one at all"}) for _ in range(7)]
            unknown = [await took(MIA | {"email": "nobody@example.com"}) for _ in range(7)]
        assert 0.4 < statistics.median(wrong) / statistics.median(unknown) < 2.5

    async def test_is_on_record(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as http:
            await http.post("/api/v1/sessions", json=MIA | {"password": "not the one at all"})
        (found,) = (await owner.http.get("/api/v1/audit?act=session.refused")).json()["items"]
        assert found["outcome"] == "refused"
        assert found["object"] == f"users/{owner.by.user_id}"

    async def test_on_the_page_keeps_the_address_but_not_the_password(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as http:
            answer = await http.post("/sign-in", data=MIA | {"password": "not the one at all", "next": "/settings"})
        assert answer.status_code == 401
        assert "mia@example.com" in answer.text
        assert "not the one at all" not in answer.text
        assert 'role="alert"' in answer.text


class TestThrottle:
    async def test_stops_guessing_at_one_account_even_with_the_right_password(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as http:
            wrong = MIA | {"password": "not the one at all"}
            codes = [(await http.post("/api/v1/sessions", json=wrong)).status_code for _ in range(11)]
            assert codes == [401] * throttle.ACCOUNT.capacity + [429]
            answer = await http.post("/api/v1/sessions", json=MIA)
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 61
        assert answer.json()["retry_after"] == int(answer.headers["retry-after"])

    async def test_is_the_same_for_names_that_do_not_exist(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as http:
            unknown = MIA | {"email": "nobody@example.com"}
            codes = [(await http.post("/api/v1/sessions", json=unknown)).status_code for _ in range(11)]
        assert codes == [401] * 10 + [429]

    async def test_refills_with_time_and_never_overflows(self, hub: Hub) -> None:
        bucket = throttle.Bucket(2, 1.5)
        for _ in range(2):
            await throttle.spend(hub.house.db, "test", "me", bucket)
        with pytest.raises(Limited):
            await throttle.spend(hub.house.db, "test", "me", bucket)
        await asyncio.sleep(1.6)
        for _ in range(2):
            await throttle.spend(hub.house.db, "test", "me", bucket)
        with pytest.raises(Limited):
            await throttle.spend(hub.house.db, "test", "me", bucket)

    async def test_hammering_does_not_lock_out_for_longer(self, hub: Hub) -> None:
        bucket = throttle.Bucket(1, 4.0)
        await throttle.spend(hub.house.db, "test", "me", bucket)
        for _ in range(5):
            with pytest.raises(Limited):
                await throttle.spend(hub.house.db, "test", "me", bucket)
        await asyncio.sleep(0.3)
        await throttle.spend(hub.house.db, "test", "me", bucket)


class TestEnd:
    async def test_sign_out_kills_the_secret(self, owner: Person) -> None:
        answer = await owner.http.delete("/api/v1/sessions/current")
        assert answer.status_code == 204
        assert "clear-site-data" in answer.headers
        owner.http.cookies.clear()
        owner.http.cookies.set("basefly", owner.secret)
        assert (await owner.http.get("/api/v1/me")).status_code == 401

    @pytest.mark.parametrize(
        "change",
        [
            "used_at = now() - interval '13 hours'",
            "created_at = now() - interval '8 days', expires_at = now() - interval '1 second'",
            "ended_at = now()",
        ],
    )
    async def test_idle_old_and_ended_ones_are_dead(self, hub: Hub, owner: Person, change: str) -> None:
        await age(hub, owner, change)
        assert (await owner.http.get("/api/v1/me")).status_code == 401

    async def test_use_keeps_it_from_idling_out(self, hub: Hub, owner: Person) -> None:
        await age(hub, owner, "used_at = now() - interval '11 hours'")
        assert (await owner.http.get("/api/v1/me")).status_code == 200
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            assert await tx.value("select used_at > now() - interval '1 minute' from sessions")

    async def test_of_another_browser_of_one_s_own(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as other:
            await other.post("/api/v1/sessions", json=MIA)
            listed = (await owner.http.get("/api/v1/sessions")).json()["items"]
            assert [session["current"] for session in listed] == [False, True]
            assert (await owner.http.delete(f"/api/v1/sessions/{listed[0]['id']}")).status_code == 204
            assert (await other.get("/api/v1/me")).status_code == 401

    async def test_of_someone_else_is_not_there(self, owner: Person, viewer: Person, stranger: Person) -> None:
        (session,) = (await owner.http.get("/api/v1/sessions")).json()["items"]
        for other in (viewer, stranger):
            assert (await other.http.delete(f"/api/v1/sessions/{session['id']}")).status_code == 404
        assert (await owner.http.get("/api/v1/me")).status_code == 200


class TestPassword:
    async def test_change_ends_every_other_session_and_leaves_a_trace(self, hub: Hub, owner: Person) -> None:
        wish = {"current": PASSWORD, "new": "eight storks on the roof"}
        async with hub.browser() as other:
            await other.post("/api/v1/sessions", json=MIA)
            assert (await owner.http.put("/api/v1/me/password", json=wish)).status_code == 204
            assert (await other.get("/api/v1/me")).status_code == 401
            assert (await other.post("/api/v1/sessions", json=MIA)).status_code == 401
            assert (await other.post("/api/v1/sessions", json=MIA | {"password": wish["new"]})).status_code == 201
        assert (await owner.http.get("/api/v1/me")).status_code == 200
        (found,) = (await owner.http.get("/api/v1/audit?act=password")).json()["items"]
        assert found["detail"] == {"sessions_ended": 1}

    async def test_change_needs_the_current_one(self, owner: Person) -> None:
        wish = {"current": "not the one at all", "new": "eight storks on the roof"}
        assert (await owner.http.put("/api/v1/me/password", json=wish)).status_code == 403

    async def test_change_takes_no_bad_one(self, owner: Person) -> None:
        wish = {"current": PASSWORD, "new": "password1234"}
        assert (await owner.http.put("/api/v1/me/password", json=wish)).status_code == 422
