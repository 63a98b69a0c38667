"""API tokens."""

from __future__ import annotations

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
