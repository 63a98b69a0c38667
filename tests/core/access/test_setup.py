"""The first owner."""

from __future__ import annotations

import stat

import pytest

from basefly.core.access import setup
from tests.people import PASSWORD, Hub, Person

MIA = {"email": "Mia@Example.com", "name": "Mia", "password": PASSWORD, "organization": "Acme"}


async def code(hub: Hub) -> str:
    link = await setup.link(hub.house.db, hub.house.settings)
    assert link is not None
    assert link.startswith(f"{hub.url}/setup#")
    return link.partition("#")[2]


class TestLink:
    async def test_lies_where_only_its_owner_can_read_it(self, hub: Hub) -> None:
        token = await code(hub)
        file = setup.file(hub.house.settings)
        assert file.read_text().strip().endswith(token)
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    async def test_is_kept_as_a_hash_only(self, hub: Hub) -> None:
        token = await code(hub)
        async with hub.house.db.transaction() as tx:
            assert token not in str(await tx.value("select setup_links::text from setup_links"))

    async def test_of_an_earlier_start_ends(self, hub: Hub) -> None:
        earlier = await code(hub)
        await code(hub)
        async with hub.browser() as http:
            assert (await http.post("/api/v1/setup", json=MIA | {"token": earlier})).status_code == 403

    async def test_is_not_made_when_an_owner_exists(self, hub: Hub, owner: Person) -> None:
        assert await setup.link(hub.house.db, hub.house.settings) is None
        assert not setup.file(hub.house.settings).exists()


class TestRedeem:
    async def test_makes_the_owner_signs_them_in_and_leaves_a_trace(self, hub: Hub) -> None:
        async with hub.browser() as http:
            answer = await http.post("/api/v1/setup", json=MIA | {"token": await code(hub)})
            assert answer.status_code == 201
            me = (await http.get("/api/v1/me")).json()
            acts = [item["act"] for item in (await http.get("/api/v1/audit")).json()["items"]]
        assert me["email"] == "mia@example.com"
        assert me["role"] == "owner"
        assert me["organization"]["name"] == "Acme"
        assert "audit:read" in me["permissions"]
        assert sorted(acts) == ["organization.created", "session.started"]
        assert not setup.file(hub.house.settings).exists()

    async def test_works_once(self, hub: Hub) -> None:
        token = await code(hub)
        async with hub.browser() as http:
            assert (await http.post("/api/v1/setup", json=MIA | {"token": token})).status_code == 201
            again = await http.post("/api/v1/setup", json=MIA | {"token": token, "email": "eve@example.com"})
        assert again.status_code == 403

    async def test_a_guess_is_refused(self, hub: Hub) -> None:
        await code(hub)
        async with hub.browser() as http:
            assert (await http.post("/api/v1/setup", json=MIA | {"token": "A" * 64})).status_code == 403

    async def test_a_mistake_does_not_use_it_up(self, hub: Hub) -> None:
        token = await code(hub)
        async with hub.browser() as http:
            for wrong in ({"password": "short"}, {"email": "no address"}, {"organization": "  "}, {"name": " "}):
                answer = await http.post("/api/v1/setup", json=MIA | {"token": token} | wrong)
                assert answer.status_code == 422
                assert answer.json()["errors"][0]["pointer"] == "/" + next(iter(wrong))
            assert (await http.post("/api/v1/setup", json=MIA | {"token": token})).status_code == 201

    async def test_an_old_one_is_refused(self, hub: Hub) -> None:
        token = await code(hub)
        async with hub.house.db.transaction() as tx:
            await tx.execute(
                "update setup_links set created_at = now() - interval '8 d', expires_at = now() - interval '1 d'"
            )
        async with hub.browser() as http:
            assert (await http.post("/api/v1/setup", json=MIA | {"token": token})).status_code == 403


class TestPage:
    async def test_makes_the_owner(self, hub: Hub) -> None:
        async with hub.browser() as http:
            assert (await http.get("/setup")).status_code == 200
            answer = await http.post("/setup", data=MIA | {"token": await code(hub)})
            assert answer.status_code == 303
            assert answer.headers["location"] == "/"
            assert (await http.get("/api/v1/me")).status_code == 200

    async def test_says_what_is_wrong_and_keeps_what_was_typed(self, hub: Hub) -> None:
        async with hub.browser() as http:
            answer = await http.post("/setup", data=MIA | {"token": await code(hub), "password": "short"})
        assert answer.status_code == 422
        assert "at least 12 characters" in answer.text
        assert 'value="Mia"' in answer.text
        assert "short" not in answer.text.partition('name="password"')[2].partition(">")[0]

    async def test_leads_to_sign_in_when_an_owner_exists(self, hub: Hub, owner: Person) -> None:
        async with hub.browser() as http:
            assert (await http.get("/setup")).headers["location"] == "/sign-in"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_nothing_else_is_at_its_address(hub: Hub, method: str) -> None:
    async with hub.browser() as http:
        assert (await http.request(method, "/api/v1/setup")).status_code == 405
