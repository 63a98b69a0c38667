"""Proving oneself anew, and organizations that want a second factor of everyone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from basefly.base.errors import Denied, StepUpNeeded
from basefly.base.principal import Principal
from tests.core.factors.people import CREDENTIALS, grow_old, with_app, with_passkey
from tests.people import PASSWORD, Hub, Person

PROOFS = "/api/v1/me/proofs"
DANGEROUS = [
    ("POST", "/api/v1/tokens", {"name": "laptop"}),
    ("PUT", "/api/v1/me/password", {"current": PASSWORD, "new": "eight storks on the roof"}),
    ("POST", "/api/v1/me/factors/totp", None),
    ("POST", "/api/v1/me/passkeys/challenges", None),
    ("DELETE", "/api/v1/me/factors/totp", None),
    ("POST", "/api/v1/me/recovery-codes", None),
    ("PUT", "/api/v1/organization/second-factor", {"required": True}),
    ("POST", "/api/v1/members/00000000-0000-4000-8000-000000000000/factor-removals", None),
    ("PUT", "/api/v1/required-sign-in", {"provider": None}),
]


class TestNeeded:
    @pytest.mark.parametrize(("method", "path", "body"), DANGEROUS)
    async def test_after_fifteen_minutes(self, hub: Hub, owner: Person, method: str, path: str, body: object) -> None:
        await grow_old(hub, owner)
        answer = await owner.http.request(method, path, json=body)
        assert answer.status_code == 403
        assert answer.json()["code"] == "step_up_needed"

    async def test_a_page_leads_to_the_confirmation_and_back(self, hub: Hub, owner: Person) -> None:
        page = (await owner.http.get("/settings")).text
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        await grow_old(hub, owner)
        answer = await owner.http.post(
            "/settings/tokens", data={"csrf": csrf, "name": "laptop"}, headers={"Accept": "text/html"}
        )
        assert answer.headers["location"] == "/confirm?next=%2Fsettings"

    def test_is_pure(self) -> None:
        now = datetime(2026, 5, 4, tzinfo=UTC)
        by = Principal(user_id=uuid4(), org_id=uuid4(), name="", email="", grants=(), proved_at=now)
        by.require_recent(now + timedelta(minutes=14))
        with pytest.raises(StepUpNeeded):
            by.require_recent(now + timedelta(minutes=15))
        token = Principal(user_id=uuid4(), org_id=uuid4(), name="", email="", grants=(), kind="token")
        with pytest.raises(Denied) as caught:
            token.require_recent(now)
        assert not isinstance(caught.value, StepUpNeeded)


class TestProve:
    async def test_by_the_password_opens_it_and_changes_the_cookie(self, hub: Hub, owner: Person) -> None:
        await grow_old(hub, owner)
        assert (await owner.http.post(PROOFS, json={"password": PASSWORD})).status_code == 204
        assert owner.http.cookies["basefly"] != owner.secret
        assert (await owner.http.post("/api/v1/tokens", json={"name": "laptop"})).status_code == 201
        async with hub.browser() as http:
            http.cookies.set("basefly", owner.secret)
            assert (await http.get("/api/v1/me")).status_code == 401
        (found,) = (await owner.http.get("/api/v1/audit?act=session.proved")).json()["items"]
        assert found["detail"] == {"factor": "password"}

    async def test_a_wrong_one_is_refused_and_on_record(self, hub: Hub, owner: Person) -> None:
        await grow_old(hub, owner)
        assert (await owner.http.post(PROOFS, json={"password": "not the one at all"})).status_code == 403
        assert (await owner.http.post("/api/v1/tokens", json={"name": "laptop"})).status_code == 403
        (found,) = (await owner.http.get("/api/v1/audit?act=session.refused")).json()["items"]
        assert found["detail"] == {"factor": "password"}

    async def test_whoever_has_a_factor_needs_it(self, hub: Hub, owner: Person) -> None:
        app, codes = await with_app(owner)
        await grow_old(hub, owner)
        assert (await owner.http.post(PROOFS, json={"password": PASSWORD})).status_code == 403
        assert (await owner.http.post(PROOFS, json={"totp": app.code()})).status_code == 204
        assert (await owner.http.post(PROOFS, json={"recovery": codes[0]})).status_code == 204

    async def test_by_a_passkey(self, hub: Hub, owner: Person) -> None:
        device = await with_passkey(hub, owner)
        await grow_old(hub, owner)
        options = (await owner.http.post(f"{PROOFS}/challenges")).json()
        assert (await owner.http.post(PROOFS, json={"passkey": device.get(options)})).status_code == 204
        assert (await owner.http.post("/api/v1/me/recovery-codes")).status_code == 201

    async def test_a_signature_for_signing_in_proves_nothing_here(self, hub: Hub, owner: Person) -> None:
        device = await with_passkey(hub, owner)
        options = (await owner.http.post("/api/v1/sessions/challenges")).json()
        assert (await owner.http.post(PROOFS, json={"passkey": device.get(options)})).status_code == 403


class TestEveryone:
    async def test_whoever_has_none_sets_one_up_before_anything_else(
        self, hub: Hub, owner: Person, viewer: Person
    ) -> None:
        await with_app(owner)
        answer = await owner.http.put("/api/v1/organization/second-factor", json={"required": True})
        assert answer.status_code == 200
        assert (await owner.http.get("/api/v1/members")).status_code == 200

        kept_out = await viewer.http.get("/api/v1/members")
        assert kept_out.json()["code"] == "second_factor_needed"
        page = await viewer.http.get("/settings", headers={"Accept": "text/html"})
        assert page.headers["location"] == "/settings/security"
        assert (await viewer.http.get("/settings/security")).status_code == 200
        assert (await viewer.http.get("/api/v1/me")).json()["permissions"] == []

        await with_app(viewer)
        assert (await viewer.http.get("/api/v1/members")).status_code == 200

    async def test_a_sign_in_and_a_token_are_no_way_around(self, hub: Hub, owner: Person, viewer: Person) -> None:
        token = (await viewer.http.post("/api/v1/tokens", json={"name": "laptop"})).json()["token"]
        await with_app(owner)
        await owner.http.put("/api/v1/organization/second-factor", json={"required": True})
        async with hub.browser() as http:
            answer = await http.get("/api/v1/members", headers=viewer.bearer(token))
            assert answer.json()["code"] == "second_factor_needed"
            assert (
                await http.post("/api/v1/sessions", json=CREDENTIALS | {"email": "vic@example.com"})
            ).status_code == 201
            assert (await http.get("/api/v1/members")).json()["code"] == "second_factor_needed"
            assert (await http.post("/api/v1/tokens", json={"name": "more"})).status_code == 403

    async def test_only_an_owner_turns_it_on_and_not_to_lock_themselves_out(
        self, owner: Person, viewer: Person, stranger: Person
    ) -> None:
        wish = {"required": True}
        assert (await viewer.http.put("/api/v1/organization/second-factor", json=wish)).status_code == 403
        assert (await owner.http.put("/api/v1/organization/second-factor", json=wish)).status_code == 409
        await with_app(stranger)
        assert (await stranger.http.put("/api/v1/organization/second-factor", json=wish)).status_code == 200
        assert (await owner.http.get("/api/v1/organization/second-factor")).json() == {"required": False}
        (found,) = (await stranger.http.get("/api/v1/audit?act=organization.changed")).json()["items"]
        assert found["detail"] == {"second_factor_required": True}

    async def test_on_its_page(self, owner: Person, viewer: Person) -> None:
        assert (await viewer.http.get("/settings/second-factor")).status_code == 403
        await with_app(owner)
        page = (await owner.http.get("/settings/second-factor")).text
        wish = {"csrf": page.split('name="csrf" value="')[1].split('"')[0], "required": "yes"}
        assert (await owner.http.post("/settings/second-factor", data=wish)).status_code == 303
        assert "Everyone needs a second factor." in (await owner.http.get("/settings/second-factor")).text
