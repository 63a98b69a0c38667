"""One's own name."""

from __future__ import annotations

import pytest

from tests.people import Hub, Person


class TestChange:
    async def test_works_and_leaves_a_trace(self, owner: Person) -> None:
        answer = await owner.http.put("/api/v1/me/name", json={"name": " Mia Maier "})
        assert answer.json() == {"name": "Mia Maier"}
        assert (await owner.http.get("/api/v1/me")).json()["name"] == "Mia Maier"
        (found,) = (await owner.http.get("/api/v1/audit?act=name.changed")).json()["items"]
        assert found["object"] == f"users/{owner.by.user_id}"

    async def test_is_one_s_own(self, owner: Person, viewer: Person) -> None:
        await owner.http.put("/api/v1/me/name", json={"name": "Mia Maier"})
        assert (await viewer.http.get("/api/v1/me")).json()["name"] == "Vic"

    async def test_nobody_is_refused(self, hub: Hub) -> None:
        async with hub.browser() as http:
            assert (await http.put("/api/v1/me/name", json={"name": "x"})).status_code == 401

    @pytest.mark.parametrize("name", ["", "  ", "x" * 201, "a\nb", "a\u202eb"])
    async def test_what_is_none_is_422(self, owner: Person, name: str) -> None:
        answer = await owner.http.put("/api/v1/me/name", json={"name": name})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/name"
        assert (await owner.http.get("/api/v1/me")).json()["name"] == "Mia"

    async def test_on_the_page(self, owner: Person) -> None:
        page = (await owner.http.get("/settings")).text
        csrf = {"csrf": page.split('name="csrf" value="')[1].split('"')[0]}
        assert (await owner.http.post("/settings/name", data=csrf | {"person": "Mia Maier"})).status_code == 303
        assert 'value="Mia Maier"' in (await owner.http.get("/settings")).text
        wrong = await owner.http.post("/settings/name", data=csrf | {"person": "x" * 201})
        assert wrong.status_code == 422
        assert "A name has 1 to 200 characters" in wrong.text
