"""How someone likes the pages."""

from __future__ import annotations

import re

import httpx
import pytest

from tests.people import Hub, Person

IMPOSSIBLE = [
    {"theme": "pink"},
    {"language": "fr"},
    {"time_zone": "Nowhere/At-all"},
    {"time_zone": "../etc/passwd"},
    {"x": 1},
]


def form_token(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


class TestChange:
    async def test_works_and_leaves_a_trace(self, owner: Person) -> None:
        answer = await owner.http.put("/api/v1/me/preferences", json={"theme": "dark", "time_zone": "Asia/Shanghai"})
        assert answer.status_code == 200
        kept = (await owner.http.get("/api/v1/me/preferences")).json()
        assert kept == answer.json()
        assert (kept["theme"], kept["time_zone"], kept["density"]) == ("dark", "Asia/Shanghai", "comfortable")
        (found,) = (await owner.http.get("/api/v1/audit?act=preferences")).json()["items"]
        assert found["act"] == "preferences.changed"
        assert found["detail"] == {"theme": "dark", "time_zone": "Asia/Shanghai"}

    async def test_what_stays_leaves_no_trace(self, owner: Person) -> None:
        await owner.http.put("/api/v1/me/preferences", json={"theme": "system"})
        assert (await owner.http.get("/api/v1/audit?act=preferences")).json()["items"] == []

    async def test_is_ones_own(self, owner: Person, viewer: Person) -> None:
        await owner.http.put("/api/v1/me/preferences", json={"density": "compact"})
        assert (await viewer.http.get("/api/v1/me/preferences")).json()["density"] == "comfortable"

    async def test_nobody_is_refused(self, hub: Hub) -> None:
        async with hub.browser() as http:
            assert (await http.put("/api/v1/me/preferences", json={"theme": "dark"})).status_code == 401

    @pytest.mark.parametrize(
        "wish",
        [
            {"theme": "pink"},
            {"language": "fr"},
            {"time_zone": "Nowhere/At-all"},
            {"time_zone": "../etc/passwd"},
            {"x": 1},
        ],
    )
    async def test_what_cannot_be_is_422(self, owner: Person, wish: dict[str, object]) -> None:
        answer = await owner.http.put("/api/v1/me/preferences", json=wish)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == f"/{next(iter(wish))}"


class TestPage:
    async def test_a_form_without_script_applies_at_once(self, owner: Person) -> None:
        page = (await owner.http.get("/settings")).text
        wish = {
            "csrf": form_token(page),
            "theme": "dark",
            "contrast": "high",
            "density": "compact",
            "motion": "reduced",
        }
        answer = await owner.http.post("/settings/preferences", data=wish, follow_redirects=True)
        assert answer.status_code == 200
        html = answer.text[: answer.text.index("<head>")]
        assert 'data-theme="dark"' in html
        assert 'data-contrast="high"' in html
        assert 'data-density="compact"' in html
        assert 'data-motion="reduced"' in html

    async def test_what_the_form_lacks_stays(self, owner: Person) -> None:
        await owner.http.put("/api/v1/me/preferences", json={"density": "compact"})
        token = form_token((await owner.http.get("/settings")).text)
        await owner.http.post("/settings/preferences", data={"csrf": token, "theme": "light"})
        kept = (await owner.http.get("/api/v1/me/preferences")).json()
        assert (kept["theme"], kept["density"]) == ("light", "compact")

    async def test_what_cannot_be_is_said_and_nothing_changes(self, owner: Person) -> None:
        token = form_token((await owner.http.get("/settings")).text)
        answer = await owner.http.post("/settings/preferences", data={"csrf": token, "theme": "pink"})
        assert answer.status_code == 422
        assert "Some of these preferences cannot be." in answer.text
        assert (await owner.http.get("/api/v1/me/preferences")).json()["theme"] == "system"

    async def test_without_the_form_token_it_is_refused(self, owner: Person) -> None:
        assert (await owner.http.post("/settings/preferences", data={"theme": "dark"})).status_code == 403

    async def test_pages_for_nobody_follow_the_cookies(self, hub: Hub, owner: Person) -> None:
        token = form_token((await owner.http.get("/settings")).text)
        answer = await owner.http.post("/settings/preferences", data={"csrf": token, "theme": "dark", "language": "de"})
        cookies = {name: answer.cookies[name] for name in ("theme", "language")}
        async with httpx.AsyncClient(base_url=hub.url, cookies=cookies) as http:
            html = (await http.get("/sign-in")).text
        assert '<html lang="de" dir="ltr" data-theme="dark"' in html

    @pytest.mark.parametrize(("cookie", "theme"), [("light", "light"), ("pink", "dark")])
    async def test_a_theme_chosen_a_moment_ago_counts_before_the_account_has_it(
        self, owner: Person, cookie: str, theme: str
    ) -> None:
        await owner.http.put("/api/v1/me/preferences", json={"theme": "dark"})
        html = (
            await owner.http.get("/settings", headers={"Cookie": f"basefly={owner.secret}; theme-now={cookie}"})
        ).text
        assert f'data-theme="{theme}"' in html

    async def test_what_is_as_usual_again_takes_the_cookie_away(self, owner: Person) -> None:
        token = form_token((await owner.http.get("/settings")).text)
        await owner.http.post("/settings/preferences", data={"csrf": token, "theme": "dark"})
        assert owner.http.cookies.get("theme") == "dark"
        await owner.http.post("/settings/preferences", data={"csrf": token, "theme": "system"})
        assert owner.http.cookies.get("theme") is None


class TestLanguage:
    async def test_the_preference_goes_before_the_browser(self, owner: Person) -> None:
        german = {"Accept-Language": "de"}
        assert '<html lang="de"' in (await owner.http.get("/settings", headers=german)).text
        await owner.http.put("/api/v1/me/preferences", json={"language": "zh-Hans"})
        assert '<html lang="zh-Hans"' in (await owner.http.get("/settings", headers=german)).text

    async def test_right_to_left_is_marked(self, owner: Person) -> None:
        owner.http.cookies.set("language", "ar-XB")
        assert '<html lang="ar-XB" dir="rtl"' in (await owner.http.get("/settings")).text

    async def test_programs_get_english(self, owner: Person) -> None:
        await owner.http.put("/api/v1/me/preferences", json={"language": "de"})
        answer = await owner.http.get("/api/v1/clusters/nothing", headers={"Accept-Language": "de"})
        assert answer.json()["title"] == "Not found"

    async def test_nonsense_in_cookies_is_as_if_there_were_none(self, hub: Hub) -> None:
        cookies = {"language": "xx", "theme": "pink", "density": "compact"}
        async with httpx.AsyncClient(base_url=hub.url, cookies=cookies) as http:
            html = (await http.get("/sign-in")).text
        assert '<html lang="en" dir="ltr" data-density="compact">' in html
