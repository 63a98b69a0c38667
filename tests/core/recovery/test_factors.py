"""An administrator takes away the second factors of somebody who lost them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pyotp import TOTP

from basefly.base.runtime.house import House
from tests.core.factors.people import authenticator, grow_old, with_app, with_passkey
from tests.core.identity.post import Mailbox, deliver
from tests.people import PASSWORD, Hub, Person, join

VIC = {"email": "vic@example.com", "password": PASSWORD}


@pytest.fixture
def house(relayed: House) -> House:
    return relayed


@pytest.fixture
async def admin(hub: Hub, owner: Person) -> AsyncIterator[Person]:
    async with join(hub, "ada", "admin", owner.by.org_id) as person:
        yield person


def path(of: Person) -> str:
    return f"/api/v1/members/{of.by.user_id}/factor-removals"


def page_of(of: Person) -> str:
    return f"/access/members/{of.by.user_id}/factor-removals"


async def rows(hub: Hub, person: Person) -> list[int]:
    """What is kept of a person's factors: apps, passkeys, codes."""
    async with hub.house.db.transaction(person.by.org_id) as tx:
        return [
            await tx.value(f"select count(*) from {table} where user_id = %s", [person.by.user_id])
            for table in ("totp_devices", "passkeys", "recovery_codes")
        ]


class TestRemove:
    async def test_works_leaves_a_trace_and_tells_whose_they_were(
        self, hub: Hub, admin: Person, owner: Person, viewer: Person, mailbox: Mailbox
    ) -> None:
        await with_app(viewer)
        await with_passkey(hub, viewer, "lost phone")
        answer = await admin.http.post(path(viewer))
        assert (answer.status_code, answer.json()) == (
            201,
            {"totp": True, "passkeys": 1, "recovery_codes": 10, "sessions_ended": 1},
        )
        assert await rows(hub, viewer) == [0, 0, 0]
        assert (await viewer.http.get("/api/v1/me")).status_code == 401, "their session has ended"
        async with hub.browser() as http:
            assert (await http.post("/api/v1/sessions", json=VIC)).status_code == 201, "the password alone again"
        (found,) = (await owner.http.get("/api/v1/audit?act=factors.removed")).json()["items"]
        assert found["object"] == f"users/{viewer.by.user_id}"
        assert found["actor_id"] == str(admin.by.user_id)
        assert found["detail"] == answer.json()
        await deliver(hub)
        assert mailbox.mails[-1]["To"] == "vic@example.com"
        assert mailbox.mails[-1]["Subject"] == "Your second factors on Basefly were taken away"

    async def test_an_app_without_its_first_code_goes_with_the_rest(
        self, hub: Hub, owner: Person, viewer: Person
    ) -> None:
        await viewer.http.post("/api/v1/me/factors/totp")
        assert (await owner.http.post(path(viewer))).status_code == 409, "alone it is no factor"
        assert (await viewer.http.get("/api/v1/me")).status_code == 200
        await with_passkey(hub, viewer)
        assert (await owner.http.post(path(viewer))).json()["totp"] is False
        assert await rows(hub, viewer) == [0, 0, 0]

    async def test_a_sign_in_that_waits_for_the_factor_ends(self, hub: Hub, owner: Person, viewer: Person) -> None:
        _, codes = await with_app(viewer)
        async with hub.browser() as http:
            assert (await http.post("/api/v1/sessions", json=VIC)).status_code == 202
            assert (await owner.http.post(path(viewer))).status_code == 201
            late = await http.post("/api/v1/sessions/second-steps", json={"recovery": codes[0]})
            assert late.status_code == 401

    async def test_a_sign_in_at_the_same_moment_does_not_slip_through(
        self, hub: Hub, owner: Person, viewer: Person
    ) -> None:
        for _ in range(3):
            async with hub.browser() as mine, hub.browser() as phone:
                await mine.post("/api/v1/sessions", json=VIC)
                device = await with_passkey(hub, Person(mine, viewer.by, ""))
                options = (await phone.post("/api/v1/sessions/challenges")).json()
                wish = {"credential": device.get(options)}
                came, removed = await asyncio.gather(
                    phone.post("/api/v1/sessions/passkeys", json=wish), owner.http.post(path(viewer))
                )
                assert removed.status_code == 201
                assert came.status_code in (201, 401), came.text
                assert (await phone.get("/api/v1/me")).status_code == 401
                assert (await mine.get("/api/v1/me")).status_code == 401
                assert await rows(hub, viewer) == [0, 0, 0]

    async def test_nor_does_a_factor_that_is_being_added(self, hub: Hub, owner: Person, viewer: Person) -> None:
        for _ in range(3):
            async with hub.browser() as mine:
                await mine.post("/api/v1/sessions", json=VIC)
                await with_passkey(hub, Person(mine, viewer.by, ""))
                options = (await mine.post("/api/v1/me/passkeys/challenges")).json()
                wish = {"credential": authenticator(hub).create(options), "name": "another"}
                secret = (await mine.post("/api/v1/me/factors/totp")).json()["secret"]
                answers = await asyncio.gather(
                    mine.post("/api/v1/me/passkeys", json=wish),
                    mine.post("/api/v1/me/factors/totp/confirmations", json={"code": TOTP(secret).now()}),
                    owner.http.post(path(viewer)),
                )
                assert answers[2].status_code == 201, answers[2].text
                assert {each.status_code for each in answers} <= {201, 401, 404, 409, 422}, [a.text for a in answers]
                assert await rows(hub, viewer) == [0, 0, 0]
                assert (await mine.get("/api/v1/me")).status_code == 401

    async def test_where_a_second_factor_is_wanted_of_all_they_set_up_a_new_one_first(
        self, hub: Hub, owner: Person, viewer: Person
    ) -> None:
        await with_app(owner)
        await with_app(viewer)
        wanted = await owner.http.put("/api/v1/organization/second-factor", json={"required": True})
        assert wanted.status_code == 200
        assert (await owner.http.post(path(viewer))).status_code == 201
        async with hub.browser() as http:
            assert (await http.post("/api/v1/sessions", json=VIC)).status_code == 201
            assert (await http.get("/api/v1/members")).json()["code"] == "second_factor_needed"
            await with_app(http)
            assert (await http.get("/api/v1/members")).status_code == 200


class TestRefused:
    async def test_a_reader_and_a_stranger(self, hub: Hub, owner: Person, viewer: Person, stranger: Person) -> None:
        await with_app(owner)
        assert (await viewer.http.post(path(owner))).status_code == 403
        foreign = await stranger.http.post(path(owner))
        nobody = await stranger.http.post(path(owner).replace(str(owner.by.user_id), str(owner.by.org_id)))
        assert (foreign.status_code, foreign.json()["detail"]) == (404, nobody.json()["detail"])
        assert (await rows(hub, owner))[0] == 1

    async def test_nobody_who_holds_more(self, hub: Hub, admin: Person, owner: Person) -> None:
        await with_app(owner)
        answer = await admin.http.post(path(owner))
        assert (answer.status_code, answer.json()["code"]) == (403, "denied")
        assert "access:own" in answer.json()["detail"]
        assert (await rows(hub, owner))[0] == 1
        (found,) = (await owner.http.get("/api/v1/audit?act=request.refused")).json()["items"]
        assert found["actor_id"] == str(admin.by.user_id)

    async def test_nor_who_holds_more_by_a_team(self, hub: Hub, admin: Person, owner: Person, viewer: Person) -> None:
        team = (await owner.http.post("/api/v1/teams", json={"name": "Board"})).json()["id"]
        joined = await owner.http.post(f"/api/v1/teams/{team}/members", json={"member": str(viewer.by.user_id)})
        assert joined.status_code == 201
        wish = {"subject": {"kind": "team", "id": team}, "role": "owner"}
        assert (await owner.http.post("/api/v1/grants", json=wish)).status_code == 201
        await with_app(viewer)
        assert (await admin.http.post(path(viewer))).status_code == 403
        assert (await owner.http.post(path(viewer))).status_code == 201

    async def test_nor_oneself(self, hub: Hub, owner: Person) -> None:
        await with_app(owner)
        answer = await owner.http.post(path(owner))
        assert answer.status_code == 409
        assert answer.json()["cure"] == "Change them under Settings, Security."
        assert (await rows(hub, owner))[0] == 1

    async def test_without_a_recent_proof_and_by_a_token(self, hub: Hub, owner: Person, viewer: Person) -> None:
        await with_app(viewer)
        token = (await owner.http.post("/api/v1/tokens", json={"name": "script"})).json()["token"]
        async with hub.browser() as http:
            assert (await http.post(path(viewer), headers=owner.bearer(token))).status_code == 403
        await grow_old(hub, owner)
        assert (await owner.http.post(path(viewer))).json()["code"] == "step_up_needed"
        asked = await owner.http.get(page_of(viewer), headers={"Accept": "text/html"})
        assert asked.headers["location"].startswith("/confirm?next=%2Faccess%2Fmembers%2F")
        assert (await rows(hub, viewer))[0] == 1

    async def test_a_service_account_has_none(self, owner: Person) -> None:
        made = await owner.http.post("/api/v1/service-accounts", json={"name": "ci", "role": "viewer"})
        assert made.status_code == 201, made.text
        answer = await owner.http.post(f"/api/v1/members/{made.json()['id']}/factor-removals")
        assert answer.status_code == 409


class TestPage:
    async def test_asks_says_what_goes_and_does_it(self, hub: Hub, owner: Person, viewer: Person) -> None:
        await with_app(viewer)
        member = (await owner.http.get(f"/access/members/{viewer.by.user_id}")).text
        assert f'href="{page_of(viewer)}"' in member
        page = (await owner.http.get(page_of(viewer))).text
        assert "Authenticator app" in page
        assert "10 recovery codes" in page
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        done = await owner.http.post(page_of(viewer), data={"csrf": csrf})
        assert done.status_code == 200
        assert "The second factors of Vic are taken away." in done.text
        assert await rows(hub, viewer) == [0, 0, 0]
        assert "No second factor" in (await owner.http.get(page_of(viewer))).text

    async def test_is_refused_to_whoever_may_not(self, owner: Person, viewer: Person, stranger: Person) -> None:
        assert (await viewer.http.get(page_of(owner))).status_code == 403
        assert (await stranger.http.get(page_of(viewer))).status_code == 404
        own = (await owner.http.get(f"/access/members/{owner.by.user_id}")).text
        assert "factor-removals" not in own
