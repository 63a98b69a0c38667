"""Service accounts: made by those who manage access, with tokens that can do little, ended at once."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.people import Hub, Person, join

PATH = "/api/v1/service-accounts"


async def made(owner: Person, name: str = "CI", role: str = "operator") -> dict[str, Any]:
    answer = await owner.http.post(PATH, json={"name": name, "role": role})
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def token(owner: Person, account: dict[str, Any], **wish: Any) -> str:
    answer = await owner.http.post(f"{PATH}/{account['id']}/tokens", json={"name": "t", **wish})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["token"])


async def me(hub: Hub, owner: Person, secret: str) -> Any:
    async with hub.browser() as http:
        answer = await http.get("/api/v1/me", headers=owner.bearer(secret))
        return answer.json() if answer.status_code == 200 else answer.status_code


class TestAccount:
    async def test_works_and_leaves_a_trace(self, hub: Hub, owner: Person) -> None:
        account = await made(owner)
        secret = await token(owner, account)
        who = await me(hub, owner, secret)
        assert (who["name"], who["role"], who["kind"]) == ("CI", "operator", "token")
        listed = (await owner.http.get(PATH)).json()["items"]
        assert [(each["name"], each["tokens"]) for each in listed] == [("CI", 1)]
        acts = [each["act"] for each in (await owner.http.get("/api/v1/audit")).json()["items"]]
        assert acts[:3] == ["token.created", "grant.created", "service_account.created"]

    async def test_a_reader_is_refused_and_a_stranger_sees_nothing(
        self, owner: Person, viewer: Person, stranger: Person
    ) -> None:
        account = await made(owner)
        assert (await viewer.http.post(PATH, json={"name": "x"})).status_code == 403
        assert (await viewer.http.get(PATH)).status_code == 200
        path = f"{PATH}/{account['id']}"
        answers = [await stranger.http.request(method, path, json={}) for method in ("GET", "PATCH", "DELETE")]
        answers += [await stranger.http.get(f"{path}/tokens")]
        answers += [await stranger.http.post(f"{path}/tokens", json={"name": "x"})]
        assert [each.status_code for each in answers] == [404] * 5

    async def test_has_no_password_and_no_sign_in(self, hub: Hub, owner: Person) -> None:
        account = await made(owner)
        async with hub.browser() as http:
            given = {"email": f"{account['id']}@service.invalid", "password": "seven herons at the quay"}
            assert (await http.post("/api/v1/sessions", json=given)).status_code == 401

    @pytest.mark.parametrize("name", ["", " ", "x" * 101])
    async def test_needs_a_name(self, owner: Person, name: str) -> None:
        assert (await owner.http.post(PATH, json={"name": name})).status_code == 422

    async def test_is_never_an_owner_nor_twice_the_same(self, owner: Person) -> None:
        assert (await owner.http.post(PATH, json={"name": "x", "role": "owner"})).status_code == 422
        await made(owner)
        assert (await owner.http.post(PATH, json={"name": "ci"})).status_code == 409


class TestEnd:
    async def test_disabled_its_tokens_end_for_good(self, hub: Hub, owner: Person) -> None:
        account = await made(owner)
        secret = await token(owner, account)
        answer = await owner.http.patch(f"{PATH}/{account['id']}", json={"disabled": True})
        assert answer.json()["disabled_at"]
        assert await me(hub, owner, secret) == 401
        assert (await owner.http.post(f"{PATH}/{account['id']}/tokens", json={"name": "u"})).status_code == 409
        await owner.http.patch(f"{PATH}/{account['id']}", json={"disabled": False})
        assert await me(hub, owner, secret) == 401
        assert (await me(hub, owner, await token(owner, account)))["name"] == "CI"

    async def test_removed_it_is_gone(self, hub: Hub, owner: Person) -> None:
        account = await made(owner)
        secret = await token(owner, account)
        assert (await owner.http.delete(f"{PATH}/{account['id']}")).status_code == 204
        assert await me(hub, owner, secret) == 401
        assert (await owner.http.get(f"{PATH}/{account['id']}")).status_code == 404

    async def test_a_token_revoked_is_refused(self, hub: Hub, owner: Person) -> None:
        account = await made(owner)
        secret = await token(owner, account)
        (kept,) = (await owner.http.get(f"{PATH}/{account['id']}/tokens")).json()["items"]
        assert (await owner.http.delete(f"{PATH}/{account['id']}/tokens/{kept['id']}")).status_code == 204
        assert await me(hub, owner, secret) == 401

    async def test_a_person_is_no_service_account(self, owner: Person, viewer: Person) -> None:
        path = f"{PATH}/{viewer.by.user_id}"
        assert (await owner.http.patch(path, json={"disabled": True})).status_code == 404
        assert (await owner.http.post(f"{path}/tokens", json={"name": "x"})).status_code == 404


class TestToken:
    async def test_has_no_more_than_its_maker(self, hub: Hub, owner: Person) -> None:
        account = await made(owner, role="admin")
        secret = await token(owner, account)
        assert "access:own" not in (await me(hub, owner, secret))["permissions"]
        async with join(hub, "ada", "admin", owner.by.org_id) as admin:
            path = f"{PATH}/{account['id']}/tokens"
            wish = {"name": "more", "permissions": ["access:own"]}
            assert (await admin.http.post(path, json=wish)).status_code == 403

    async def test_has_no_more_than_its_account_now(self, hub: Hub, owner: Person) -> None:
        account = await made(owner, role="operator")
        secret = await token(owner, account, permissions=["clusters:write", "clusters:read"])
        assert (await me(hub, owner, secret))["permissions"] == ["clusters:read", "clusters:write"]
        await owner.http.patch(f"{PATH}/{account['id']}", json={"role": "viewer"})
        assert (await me(hub, owner, secret))["permissions"] == ["clusters:read"]
        wish = {"name": "more", "permissions": ["clusters:write"]}
        assert (await owner.http.post(f"{PATH}/{account['id']}/tokens", json=wish)).status_code == 403

    async def test_a_token_makes_none(self, hub: Hub, owner: Person) -> None:
        account = await made(owner, role="admin")
        secret = await token(owner, account)
        async with hub.browser() as http:
            path = f"{PATH}/{account['id']}/tokens"
            answer = await http.post(path, json={"name": "x"}, headers=owner.bearer(secret))
            assert answer.status_code == 403


class TestPages:
    async def test_make_give_a_token_disable_and_remove(self, hub: Hub, owner: Person) -> None:
        page = (await owner.http.get("/service-accounts")).text
        assert "No service account yet" in page
        found = re.search(r'name="csrf" value="([^"]+)"', page)
        assert found
        csrf = {"csrf": found[1]}
        answer = await owner.http.post("/service-accounts", data={**csrf, "name": "Prometheus", "role": "viewer"})
        assert answer.status_code == 303
        path = answer.headers["location"]
        form = {**csrf, "name": "scrape", "days": "30", "reach": "some"}
        assert (await owner.http.post(f"{path}/tokens", data=form)).status_code == 422
        shown = await owner.http.post(f"{path}/tokens", data={**form, "permission": ["clusters:read"]})
        secret = re.search(r'id="new-token">(basefly_[\w=-]+)<', shown.text)
        assert secret, shown.text
        assert (await me(hub, owner, secret[1]))["permissions"] == ["clusters:read"]
        assert (await owner.http.post(path, data={**csrf, "act": "disable"})).status_code == 303
        assert await me(hub, owner, secret[1]) == 401
        assert (await owner.http.post(path, data={**csrf, "act": "remove"})).headers["location"] == "/service-accounts"

    async def test_a_viewer_looks_and_does_not_change(self, owner: Person, viewer: Person) -> None:
        account = await made(owner)
        page = (await viewer.http.get(f"/service-accounts/{account['id']}")).text
        assert "Create a token" not in page
