"""A device is signed in from the browser: codes, questions, the decision, the token."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
import pytest

from basefly.core.machines import model
from tests.people import Hub, Person

PATH = "/api/v1/device-sign-ins"


async def begun(http: httpx.AsyncClient, machine: str = "laptop of Mia") -> dict[str, Any]:
    answer = await http.post(PATH, json={"machine": machine})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def asked(http: httpx.AsyncClient, told: dict[str, Any]) -> httpx.Response:
    return await http.post(f"{PATH}/token", json={"device_code": told["device_code"]})


async def rested(hub: Hub) -> None:
    """As if each device had waited long enough."""
    async with hub.house.db.transaction() as tx:
        await tx.execute("update device_requests set asked_at = null")


async def decided(person: Person, code: str, act: str = "approve") -> httpx.Response:
    page = await person.http.get("/device", params={"code": code})
    found = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert found, page.text
    return await person.http.post("/device", data={"csrf": found[1], "code": code, "act": act})


class TestCode:
    def test_has_letters_that_nobody_mistakes(self) -> None:
        codes = {model.user_code() for _ in range(200)}
        assert len(codes) == 200
        assert all(re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", code) for code in codes)

    @pytest.mark.parametrize(
        ("typed", "read"),
        [("bcdf ghjk", "BCDFGHJK"), (" BCDF-GHJK ", "BCDFGHJK"), ("BCDFGHJ", ""), ("AEIO-UAEI", ""), ("ÄCDFGHJK", "")],
    )
    def test_is_read_as_typed(self, typed: str, read: str) -> None:
        assert model.normalized(typed) == read


class TestSignIn:
    async def test_approved_it_gets_a_token_once(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as device:
            told = await begun(device)
            assert told["verification_uri"] == f"{hub.url}/device"
            assert told["verification_uri_complete"] == f"{hub.url}/device?code={told['user_code']}"
            assert (told["expires_in"], told["interval"]) == (600, 5)
            pending = await asked(device, told)
            assert (pending.status_code, pending.json()["code"]) == (400, "authorization_pending")
            page = (await owner.http.get("/device", params={"code": told["user_code"].lower()})).text
            assert "laptop of Mia" in page
            assert "127.0.0.1" in page
            assert "signed in as you" in (await decided(owner, told["user_code"])).text
            await rested(hub)
            granted = (await asked(device, told)).json()
            assert (granted["token_type"], granted["email"]) == ("Bearer", "mia@example.com")
            me = (await device.get("/api/v1/me", headers=owner.bearer(granted["access_token"]))).json()
            assert (me["id"], me["kind"]) == (str(owner.by.user_id), "token")
            again = await asked(device, told)
            assert again.json()["code"] == "expired_token"
        (token,) = (await owner.http.get("/api/v1/tokens")).json()["items"]
        assert token["name"].startswith("laptop of Mia")
        assert token["expires_at"][:10] > token["created_at"][:10]
        items = (await owner.http.get("/api/v1/audit")).json()["items"]
        assert [each["act"] for each in items][:2] == ["token.created", "device.approved"]

    async def test_neither_code_lies_in_the_database(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as device:
            told = await begun(device)
        async with hub.house.db.transaction() as tx:
            row = await tx.one(dict, "select * from device_requests")
        assert told["user_code"] not in str(row)
        assert told["device_code"] not in str(row)

    async def test_refused_it_gets_nothing(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as device:
            told = await begun(device)
            assert "was refused" in (await decided(owner, told["user_code"], "refuse")).text
            assert (await asked(device, told)).json()["code"] == "access_denied"
            assert (await decided(owner, told["user_code"])).status_code == 404

    async def test_who_asks_too_often_waits_longer(self, hub: Hub) -> None:
        async with hub.browser() as device:
            told = await begun(device)
            await asked(device, told)
            early = [(await asked(device, told)).json() for _ in range(2)]
            assert [(each["code"], each["interval"]) for each in early] == [("slow_down", 10), ("slow_down", 15)]

    async def test_too_late(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as device:
            told = await begun(device)
            async with hub.house.db.transaction() as tx:
                await tx.execute(
                    "update device_requests set created_at = now() - interval '1 hour', expires_at = now()"
                )
            assert (await asked(device, told)).json()["code"] == "expired_token"
            assert (await decided_code(owner, told["user_code"])) == 404

    async def test_whoever_was_removed_meanwhile_lets_nobody_in(self, hub: Hub, owner: Person, viewer: Person) -> None:
        async with hub.browser() as device:
            told = await begun(device)
            await decided(viewer, told["user_code"])
            await owner.http.delete(f"/api/v1/members/{viewer.by.user_id}")
            assert (await asked(device, told)).json()["code"] == "expired_token"

    async def test_two_questions_at_once_get_one_token(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as device:
            told = await begun(device)
            await decided(owner, told["user_code"])
            answers = await asyncio.gather(*(asked(device, told) for _ in range(4)))
            assert [each.status_code for each in answers].count(200) == 1
        assert len((await owner.http.get("/api/v1/tokens")).json()["items"]) == 1


class TestEntry:
    async def test_guessing_is_limited(self, owner: Person) -> None:
        codes = [(await owner.http.get("/device", params={"code": f"BCDF-GHJ{x}"})).status_code for x in "BCDFGHJKLMNP"]
        assert codes[:10] == [404] * 10
        assert codes[10:] == [429] * 2

    async def test_needs_a_person(self, hub: Hub, owner: Person) -> None:
        made = (await owner.http.post("/api/v1/tokens", json={"name": "t"})).json()["token"]
        async with hub.browser() as http:
            assert (await http.get("/device", headers={"Accept": "text/html"})).status_code == 303
            answer = await http.get("/device", params={"code": "BCDF-GHJK"}, headers=owner.bearer(made))
            assert answer.status_code == 403

    async def test_looking_decides_nothing_and_a_form_needs_its_token(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as device:
            told = await begun(device)
            await owner.http.get("/device", params={"code": told["user_code"]})
            answer = await owner.http.post("/device", data={"code": told["user_code"], "act": "approve"})
            assert answer.status_code == 403
            assert (await asked(device, told)).json()["code"] == "authorization_pending"

    async def test_what_a_device_calls_itself_is_only_text(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as device:
            told = await begun(device, "<b>x</b>\u202e\n" + "y" * 100)
        page = (await owner.http.get("/device", params={"code": told["user_code"]})).text
        assert "<b>x</b>" not in page
        assert "\u202e" not in page
        assert "y" * 61 not in page


async def decided_code(person: Person, code: str) -> int:
    return (await person.http.get("/device", params={"code": code})).status_code
