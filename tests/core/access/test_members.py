"""Members come, change their role, and go."""

from __future__ import annotations

import pytest

from basefly.core.access.model import permissions_of
from tests.people import PASSWORD, Hub, Person

NEW = {"email": "kim@example.com", "name": "Kim", "password": "five geese in the reeds", "role": "operator"}


class TestRoles:
    KNOWN = ("clusters:read", "clusters:write", "access:read", "access:write", "access:own", "audit:read")

    @pytest.mark.parametrize(
        ("role", "lacks"),
        [
            ("owner", set()),
            ("admin", {"access:own"}),
            ("operator", {"access:own", "access:write", "audit:read"}),
            ("viewer", {"access:own", "access:write", "audit:read", "clusters:write"}),
        ],
    )
    def test_are_rules_over_permissions(self, role: str, lacks: set[str]) -> None:
        assert permissions_of(role, self.KNOWN) == set(self.KNOWN) - lacks  # type: ignore[arg-type]  # parametrized text


class TestAdd:
    async def test_works_and_leaves_a_trace(self, hub: Hub, owner: Person) -> None:
        answer = await owner.http.post("/api/v1/members", json=NEW)
        assert answer.status_code == 201
        assert answer.json()["role"] == "operator"
        async with hub.browser() as http:
            signed = await http.post("/api/v1/sessions", json={k: NEW[k] for k in ("email", "password")})
            assert signed.status_code == 201
        (found,) = (await owner.http.get("/api/v1/audit?act=member")).json()["items"]
        assert found["detail"] == {"role": "operator"}

    async def test_who_has_an_account_elsewhere_is_not_told_and_cannot_be_asked_of_at_length(
        self, owner: Person, viewer: Person, stranger: Person
    ) -> None:
        ours, theirs = [
            await owner.http.post("/api/v1/members", json={**NEW, "email": each.by.email})
            for each in (viewer, stranger)
        ]
        assert (ours.status_code, ours.json()["detail"]) == (theirs.status_code, theirs.json()["detail"])
        statuses = [
            (await owner.http.post("/api/v1/members", json={**NEW, "email": "x"})).status_code for _ in "x" * 70
        ]
        assert set(statuses[:50]) == {422}
        assert statuses[-1] == 429
        refused = await owner.http.post("/api/v1/members", json=NEW)
        assert refused.status_code == 429, "also an address that is free tells nothing any more"
        assert int(refused.headers["retry-after"]) > 0
        assert (await stranger.http.post("/api/v1/members", json=NEW)).status_code == 201, "others are not held up"

    async def test_a_reader_is_refused(self, viewer: Person) -> None:
        assert (await viewer.http.post("/api/v1/members", json=NEW)).status_code == 403

    async def test_an_address_twice_is_409_without_half_a_member(self, owner: Person, viewer: Person) -> None:
        answer = await owner.http.post("/api/v1/members", json=NEW | {"email": "VIC@example.com"})
        assert answer.status_code == 409
        assert len((await owner.http.get("/api/v1/members")).json()["items"]) == 2

    async def test_a_stranger_s_member_is_not_listed(self, owner: Person, stranger: Person) -> None:
        listed = (await stranger.http.get("/api/v1/members")).json()["items"]
        assert [member["name"] for member in listed] == ["Sam"]


class TestChange:
    async def test_takes_effect_with_the_next_request(self, owner: Person, viewer: Person) -> None:
        path = f"/api/v1/members/{viewer.by.user_id}"
        assert (await viewer.http.get("/api/v1/audit")).status_code == 403
        assert (await owner.http.patch(path, json={"role": "admin"})).json()["role"] == "admin"
        assert (await viewer.http.get("/api/v1/audit")).status_code == 200
        (found,) = (await owner.http.get("/api/v1/audit?act=member.changed")).json()["items"]
        assert found["detail"] == {"role": "admin", "was": "viewer"}

    async def test_an_admin_makes_no_owner_and_unmakes_none(self, owner: Person, viewer: Person) -> None:
        await owner.http.patch(f"/api/v1/members/{viewer.by.user_id}", json={"role": "admin"})
        for person, role in ((viewer, "owner"), (owner, "viewer")):
            answer = await viewer.http.patch(f"/api/v1/members/{person.by.user_id}", json={"role": role})
            assert answer.status_code == 403

    async def test_one_owner_remains(self, owner: Person) -> None:
        path = f"/api/v1/members/{owner.by.user_id}"
        assert (await owner.http.patch(path, json={"role": "viewer"})).status_code == 409
        assert (await owner.http.delete(path)).status_code == 409

    async def test_a_reader_is_refused(self, owner: Person, viewer: Person) -> None:
        answer = await viewer.http.patch(f"/api/v1/members/{viewer.by.user_id}", json={"role": "admin"})
        assert answer.status_code == 403

    async def test_a_stranger_cannot_tell_that_someone_exists(self, owner: Person, stranger: Person) -> None:
        real = await stranger.http.patch(f"/api/v1/members/{owner.by.user_id}", json={"role": "viewer"})
        made_up = await stranger.http.patch(
            f"/api/v1/members/{'0' * 8}-0000-4000-8000-{'0' * 12}", json={"role": "viewer"}
        )
        assert real.status_code == made_up.status_code == 404
        assert real.json()["detail"] == made_up.json()["detail"]


class TestRemove:
    async def test_ends_all_that_they_had(self, hub: Hub, owner: Person, viewer: Person) -> None:
        token = (await viewer.http.post("/api/v1/tokens", json={"name": "a"})).json()["token"]
        assert (await owner.http.delete(f"/api/v1/members/{viewer.by.user_id}")).status_code == 204
        assert (await viewer.http.get("/api/v1/me")).status_code == 401
        async with hub.browser() as http:
            assert (await http.get("/api/v1/me", headers=viewer.bearer(token))).status_code == 401
            again = await http.post("/api/v1/sessions", json={"email": "vic@example.com", "password": PASSWORD})
        assert again.status_code == 401
        (found,) = (await owner.http.get("/api/v1/audit?act=member.removed")).json()["items"]
        assert found["detail"] == {"sessions_ended": 1, "tokens_revoked": 1}

    async def test_a_reader_is_refused(self, owner: Person, viewer: Person) -> None:
        assert (await viewer.http.delete(f"/api/v1/members/{owner.by.user_id}")).status_code == 403

    async def test_a_stranger_cannot_tell_that_someone_exists(self, owner: Person, stranger: Person) -> None:
        assert (await stranger.http.delete(f"/api/v1/members/{owner.by.user_id}")).status_code == 404
