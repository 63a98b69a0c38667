"""Who is let in, and from which page."""

from __future__ import annotations

import re

import pytest

from tests.people import Hub, Person

WISH = {"name": "laptop"}


class TestWithoutCredential:
    async def test_a_program_gets_401_and_learns_how(self, hub: Hub) -> None:
        async with hub.browser() as http:
            answer = await http.get("/api/v1/me")
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert answer.headers["content-type"] == "application/problem+json"

    async def test_a_browser_is_led_to_sign_in_and_back(self, hub: Hub) -> None:
        async with hub.browser() as http:
            answer = await http.get("/settings?tab=1", headers={"Accept": "text/html,*/*;q=0.8"})
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?next=%2Fsettings%3Ftab%3D1"

    @pytest.mark.parametrize(
        "header", ["Basic bWlhOm1pYQ==", "Bearer", "Bearer basefly_AAAA", "Bearer eyJhbGciOi.e30.", "x"]
    )
    async def test_a_bad_credential_is_refused_not_ignored(self, owner: Person, header: str) -> None:
        answer = await owner.http.get("/api/v1/me", headers={"Authorization": header})
        assert answer.status_code == 401


class TestPermission:
    async def test_missing_is_403_and_named(self, viewer: Person) -> None:
        answer = await viewer.http.get("/api/v1/audit")
        assert answer.status_code == 403
        assert answer.json()["permission"] == "audit:read"
        assert answer.json()["cure"]

    async def test_missing_is_a_page_for_a_browser(self, viewer: Person) -> None:
        answer = await viewer.http.get("/api/v1/audit", headers={"Accept": "text/html"})
        assert answer.status_code == 403
        assert answer.headers["content-type"].startswith("text/html")
        assert "audit:read" in answer.text


class TestOrigin:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1"},
        ],
    )
    async def test_another_site_is_refused(self, owner: Person, headers: dict[str, str]) -> None:
        answer = await owner.http.post("/api/v1/tokens", json=WISH, headers=headers)
        assert answer.status_code == 403

    @pytest.mark.parametrize("headers", [{"Origin": "{url}"}, {"Sec-Fetch-Site": "same-origin"}, {}])
    async def test_our_own_pages_and_programs_are_let_in(
        self, hub: Hub, owner: Person, headers: dict[str, str]
    ) -> None:
        ours = {name: value.format(url=hub.url) for name, value in headers.items()}
        assert (await owner.http.post("/api/v1/tokens", json=WISH, headers=ours)).status_code == 201

    async def test_nobody_is_signed_in_from_another_site(self, hub: Hub) -> None:
        async with hub.browser() as http:
            answer = await http.post("/sign-in", data={"email": "a@b.c"}, headers={"Origin": "https://evil.example"})
        assert answer.status_code == 403


async def test_a_form_to_where_nothing_lives_is_not_found(owner: Person) -> None:
    answer = await owner.http.post("/settings/of/nobody", data={"name": "a"}, headers={"Accept": "text/html"})
    assert answer.status_code == 404
    assert "There is no page at this address" in answer.text


class TestForms:
    async def test_without_the_session_s_token_are_refused(self, owner: Person) -> None:
        assert (await owner.http.post("/settings/tokens", data={"name": "a", "days": "30"})).status_code == 403

    async def test_with_another_session_s_token_are_refused(self, owner: Person, stranger: Person) -> None:
        form = {"name": "a", "days": "30", "csrf": await token(stranger)}
        assert (await owner.http.post("/settings/tokens", data=form)).status_code == 403

    async def test_with_it_are_taken(self, owner: Person) -> None:
        form = {"name": "a", "days": "30", "csrf": await token(owner)}
        answer = await owner.http.post("/settings/tokens", data=form)
        assert answer.status_code == 200
        assert "basefly_" in answer.text


async def token(person: Person) -> str:
    page = (await person.http.get("/settings")).text
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]
