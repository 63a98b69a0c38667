"""API tokens."""

from __future__ import annotations

from typing import Any

import pytest

from tests.people import Hub, Person


class TestCreate:
    async def test_works_is_shown_once_and_leaves_a_trace(self, hub: Hub, owner: Person) -> None:
        answer = await owner.http.post("/api/v1/tokens", json={"name": "laptop", "expires_in_days": 30})
        assert answer.status_code == 201
        token = answer.json()["token"]
        assert token.startswith("basefly_")
        assert token not in (await owner.http.get("/api/v1/tokens")).text
        assert token not in (await owner.http.get("/api/v1/audit")).text
        async with hub.browser() as http:
            me = (await http.get("/api/v1/me", headers=owner.bearer(token))).json()
        assert me["kind"] == "token"
        assert me["email"] == owner.by.email
        (found,) = (await owner.http.get("/api/v1/audit?act=token")).json()["items"]
        assert found["detail"] == {"name": "laptop"}

    async def test_a_name_twice_is_409(self, owner: Person) -> None:
        wish = {"name": "laptop"}
        assert (await owner.http.post("/api/v1/tokens", json=wish)).status_code == 201
        assert (await owner.http.post("/api/v1/tokens", json={"name": " LAPTOP "})).status_code == 409

    async def test_a_token_cannot_make_tokens(self, hub: Hub, owner: Person) -> None:
        token = (await owner.http.post("/api/v1/tokens", json={"name": "laptop"})).json()["token"]
        async with hub.browser() as http:
            answer = await http.post("/api/v1/tokens", json={"name": "more"}, headers=owner.bearer(token))
        assert answer.status_code == 403

    async def test_has_the_rights_of_its_owner_only(self, hub: Hub, viewer: Person) -> None:
        token = (await viewer.http.post("/api/v1/tokens", json={"name": "laptop"})).json()["token"]
        async with hub.browser() as http:
            assert (await http.get("/api/v1/audit", headers=viewer.bearer(token))).status_code == 403

    async def test_on_the_page_shows_it_once(self, owner: Person) -> None:
        page = (await owner.http.get("/settings")).text
        csrf = page.split('name="csrf" value="')[1].split('"')[0]
        made = await owner.http.post("/settings/tokens", data={"csrf": csrf, "name": "laptop", "days": ""})
        assert "basefly_" in made.text
        again = await owner.http.get("/settings")
        assert "basefly_" not in again.text
        assert "laptop" in again.text


class TestLimits:
    async def test_of_permissions_hold_at_each_use(self, hub: Hub, owner: Person) -> None:
        wish = {"name": "reader", "permissions": ["clusters:read"]}
        made = (await owner.http.post("/api/v1/tokens", json=wish)).json()
        assert made["permissions"] == ["clusters:read"]
        async with hub.browser() as http:
            http.headers.update(owner.bearer(made["token"]))
            assert (await http.get("/api/v1/me")).json()["permissions"] == ["clusters:read"]
            assert (await http.get("/api/v1/clusters")).status_code == 200
            assert (await http.get("/api/v1/members")).status_code == 403

    async def test_are_no_more_than_one_holds(self, viewer: Person) -> None:
        wish = {"name": "more", "permissions": ["clusters:write"]}
        answer = await viewer.http.post("/api/v1/tokens", json=wish)
        assert (answer.status_code, answer.json()["permission"]) == (403, "clusters:write")

    async def test_shrink_with_their_owner(self, hub: Hub, owner: Person, viewer: Person) -> None:
        path = f"/api/v1/members/{viewer.by.user_id}"
        await owner.http.patch(path, json={"role": "operator"})
        wish = {"name": "writer", "permissions": ["clusters:write"]}
        made = (await viewer.http.post("/api/v1/tokens", json=wish)).json()
        await owner.http.patch(path, json={"role": "viewer"})
        async with hub.browser() as http:
            me = (await http.get("/api/v1/me", headers=owner.bearer(made["token"]))).json()
        assert me["permissions"] == []

    @pytest.mark.parametrize(
        "limits",
        [{"permissions": []}, {"clusters": []}, {"clusters": ["00000000-0000-4000-8000-000000000000"] * 201}],
    )
    async def test_that_limit_nothing_or_too_much_are_no_limits(self, owner: Person, limits: dict[str, Any]) -> None:
        answer = await owner.http.post("/api/v1/tokens", json={"name": "x", **limits})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(limits))}"

    async def test_to_clusters_leave_nothing_to_govern(self, hub: Hub, owner: Person) -> None:
        cluster = "00000000-0000-4000-8000-000000000001"
        wish = {"name": "one", "clusters": [cluster]}
        made = (await owner.http.post("/api/v1/tokens", json=wish)).json()
        async with hub.browser() as http:
            http.headers.update(owner.bearer(made["token"]))
            permissions = (await http.get("/api/v1/me")).json()["permissions"]
            assert "clusters:write" in permissions
            assert not [name for name in permissions if name.startswith(("access:", "audit:", "federation:"))]


class TestUse:
    async def test_is_shown_with_its_address(self, hub: Hub, owner: Person) -> None:
        made = (await owner.http.post("/api/v1/tokens", json={"name": "laptop"})).json()
        async with hub.browser() as http:
            await http.get("/api/v1/me", headers=owner.bearer(made["token"]))
        (token,) = (await owner.http.get("/api/v1/tokens")).json()["items"]
        assert token["used_at"]
        assert token["used_address"] == "127.0.0.1"

    async def test_an_end_that_is_near_is_warned_of(self, owner: Person) -> None:
        await owner.http.post("/api/v1/tokens", json={"name": "soon", "expires_in_days": 6})
        await owner.http.post("/api/v1/tokens", json={"name": "later", "expires_in_days": 9})
        items = (await owner.http.get("/api/v1/tokens")).json()["items"]
        assert {each["name"]: each["ends_soon"] for each in items} == {"soon": True, "later": False}


class TestRevoke:
    async def test_works_at_once_and_leaves_a_trace(self, hub: Hub, owner: Person) -> None:
        made = (await owner.http.post("/api/v1/tokens", json={"name": "laptop"})).json()
        assert (await owner.http.delete(f"/api/v1/tokens/{made['id']}")).status_code == 204
        async with hub.browser() as http:
            assert (await http.get("/api/v1/me", headers=owner.bearer(made["token"]))).status_code == 401
        acts = [item["act"] for item in (await owner.http.get("/api/v1/audit?act=token")).json()["items"]]
        assert acts == ["token.revoked", "token.created"]

    async def test_another_s_is_not_there(self, owner: Person, viewer: Person, stranger: Person) -> None:
        made = (await owner.http.post("/api/v1/tokens", json={"name": "laptop"})).json()
        for other in (viewer, stranger):
            assert (await other.http.delete(f"/api/v1/tokens/{made['id']}")).status_code == 404

    async def test_an_expired_one_is_dead(self, hub: Hub, owner: Person) -> None:
        made = (await owner.http.post("/api/v1/tokens", json={"name": "laptop"})).json()
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            await tx.execute(
                "update api_tokens set created_at = now() - interval '2 d', expires_at = now() - interval '1 d'"
            )
        async with hub.browser() as http:
            assert (await http.get("/api/v1/me", headers=owner.bearer(made["token"]))).status_code == 401

    async def test_a_secret_moved_to_another_organization_is_dead(
        self, hub: Hub, owner: Person, stranger: Person
    ) -> None:
        forged = "basefly_" + stranger.secret[:21] + owner.secret[21:]
        async with hub.browser() as http:
            assert (await http.get("/api/v1/me", headers=owner.bearer(forged))).status_code == 401
