"""Pages and parts of pages."""

from __future__ import annotations

import pytest

from basefly.base.web.templates import find
from tests.people import Person


class TestFind:
    def test_by_slice(self) -> None:
        assert "Sign in" in (find("identity/sign-in.html") or "")
        assert "<!doctype html>" in (find("console/page.html") or "")

    @pytest.mark.parametrize(
        "name", ["identity/../../app.py", "console/nothing.html", "/etc/passwd", "nobody/x.html", "identity/store.py"]
    )
    def test_nothing_else(self, name: str) -> None:
        assert find(name) is None


class TestFragment:
    async def test_is_the_block_alone(self, owner: Person) -> None:
        whole = (await owner.http.get("/settings")).text
        part = (await owner.http.get("/settings", headers={"X-Fragment": "main"})).text
        assert "<!doctype html>" in whole
        assert "<!doctype" not in part
        assert part.strip().startswith("<header")
        assert "API tokens" in part

    async def test_unchanged_is_not_sent_again(self, owner: Person) -> None:
        first = await owner.http.get("/settings", headers={"X-Fragment": "main"})
        again = {"X-Fragment": "main", "If-None-Match": first.headers["etag"]}
        answer = await owner.http.get("/settings", headers=again)
        assert (answer.status_code, answer.text) == (304, "")
        changed = await owner.http.get("/settings", headers={**again, "If-None-Match": '"other"'})
        assert changed.status_code == 200

    @pytest.mark.parametrize("name", ["nothing-like-it", "Main", "a b", "../x"])
    async def test_unknown_is_404(self, owner: Person, name: str) -> None:
        assert (await owner.http.get("/settings", headers={"X-Fragment": name})).status_code == 404


class TestErrorPage:
    async def test_says_what_is_wrong_and_the_id(self, owner: Person) -> None:
        answer = await owner.http.get("/nowhere", headers={"Accept": "text/html", "X-Request-ID": "request-4711"})
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        assert "request-4711" in answer.text

    async def test_shows_hostile_words_as_text(self, owner: Person) -> None:
        answer = await owner.http.get("/sign-in", params={"next": '/"><script>alert(1)</script>'})
        assert "<script>alert" not in answer.text


class TestWorker:
    async def test_lies_at_the_root_and_is_asked_for_anew(self, owner: Person) -> None:
        answer = await owner.http.get("/sw.js")
        assert answer.headers["content-type"].startswith("text/javascript")
        assert answer.headers["cache-control"] == "no-cache"

    async def test_and_pages_name_whose_they_are_and_carry_the_nonce(self, owner: Person) -> None:
        page = await owner.http.get("/settings")
        nonce = page.headers["content-security-policy"].partition("'nonce-")[2].partition("'")[0]
        assert f'data-account="{owner.by.org_id}.{owner.by.user_id}"' in page.text
        assert page.text.count(f'nonce="{nonce}"') == page.text.count("<script")
