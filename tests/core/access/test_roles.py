"""Roles of an organization's own."""

from __future__ import annotations

import pytest

from basefly.core.access.model import ROLES, permissions_of
from tests.core.access.people import bare, given, permissions
from tests.people import Hub, Person, join

READERS = {"name": "Auditor", "description": "Reads", "permissions": ["audit:read", "access:read"]}


class TestOurs:
    KNOWN = ("clusters:read", "clusters:write", "inventory:read", "workloads:write", "billing:read", "access:read")

    def test_a_developer_acts_on_workloads_and_not_on_clusters(self) -> None:
        held = permissions_of("developer", self.KNOWN)
        assert held == {"clusters:read", "inventory:read", "workloads:write", "access:read"}

    def test_billing_sees_bills(self) -> None:
        assert permissions_of("billing", self.KNOWN) == {"billing:read", "access:read"}

    async def test_are_listed_with_what_they_give(self, viewer: Person) -> None:
        listed = (await viewer.http.get("/api/v1/roles")).json()["items"]
        assert [role["id"] for role in listed] == list(ROLES)
        assert {role["name"]: role["grants"] for role in listed if role["grants"]} == {"owner": 1, "viewer": 1}

    @pytest.mark.parametrize("role", ROLES)
    async def test_are_the_same_everywhere(self, owner: Person, role: str) -> None:
        assert (await owner.http.patch(f"/api/v1/roles/{role}", json={"name": "x"})).status_code == 409
        assert (await owner.http.delete(f"/api/v1/roles/{role}")).status_code == 409


class TestOwn:
    async def test_made_given_changed_and_deleted(self, owner: Person, viewer: Person) -> None:
        made = await owner.http.post("/api/v1/roles", json=READERS)
        assert made.status_code == 201, made.text
        path = f"/api/v1/roles/{made.json()['id']}"
        await bare(owner, viewer)
        await given(owner, viewer, "auditor")
        assert await permissions(viewer) == {"audit:read", "access:read"}
        assert (await viewer.http.get("/api/v1/me")).json()["role"] == "Auditor"
        changed = await owner.http.patch(path, json={"permissions": ["access:read"]})
        assert changed.json()["permissions"] == ["access:read"]
        assert await permissions(viewer) == {"access:read"}
        refused = await owner.http.delete(path)
        assert refused.status_code == 409
        assert "by one grant" in refused.json()["detail"]
        await bare(owner, viewer)
        assert (await owner.http.delete(path)).status_code == 204
        acts = [item["act"] for item in (await owner.http.get("/api/v1/audit?act=role")).json()["items"]]
        assert acts == ["role.deleted", "role.changed", "role.created"]

    async def test_a_member_can_be_changed_to_it(self, owner: Person, viewer: Person) -> None:
        await owner.http.post("/api/v1/roles", json=READERS)
        answer = await owner.http.patch(f"/api/v1/members/{viewer.by.user_id}", json={"role": "Auditor"})
        assert answer.json()["role"] == "Auditor"

    async def test_a_reader_is_refused(self, viewer: Person) -> None:
        assert (await viewer.http.post("/api/v1/roles", json=READERS)).status_code == 403

    async def test_nobody_makes_one_of_what_they_do_not_hold(self, hub: Hub, owner: Person) -> None:
        async with join(hub, "ada", "admin", owner.by.org_id) as ada:
            body = READERS | {"permissions": ["access:own"]}
            assert (await ada.http.post("/api/v1/roles", json=body)).status_code == 403
            made = (await owner.http.post("/api/v1/roles", json=body)).json()
            path = f"/api/v1/roles/{made['id']}"
            assert (await ada.http.patch(path, json={"permissions": ["access:read"]})).status_code == 403

    async def test_a_stranger_cannot_tell_that_it_exists(self, owner: Person, stranger: Person) -> None:
        made = (await owner.http.post("/api/v1/roles", json=READERS)).json()
        assert (await stranger.http.delete(f"/api/v1/roles/{made['id']}")).status_code == 404
        assert (await stranger.http.patch(f"/api/v1/roles/{made['id']}", json={"name": "x"})).status_code == 404
        assert all(role["builtin"] for role in (await stranger.http.get("/api/v1/roles")).json()["items"])

    @pytest.mark.parametrize(
        ("wrong", "status"),
        [
            ({"permissions": ["no:such"]}, 422),
            ({"permissions": []}, 422),
            ({"name": "Owner"}, 422),
            ({"name": " "}, 422),
        ],
    )
    async def test_what_is_no_role_is_named(self, owner: Person, wrong: dict[str, object], status: int) -> None:
        assert (await owner.http.post("/api/v1/roles", json=READERS | wrong)).status_code == status

    async def test_a_name_twice_is_409(self, owner: Person) -> None:
        await owner.http.post("/api/v1/roles", json=READERS)
        assert (await owner.http.post("/api/v1/roles", json=READERS | {"name": "AUDITOR"})).status_code == 409
