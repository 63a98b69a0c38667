"""What surrounds every answer, whatever it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from basefly.base.settings import Settings
from basefly.base.web.frame import Exchange
from basefly.base.web.static import asset
from tests.people import Hub, Person, found, join

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}
PLACES = [
    ("GET", "/health/live", 200),
    ("GET", "/sign-in", 200),
    ("GET", "/api/v1/me", 401),
    ("GET", "/nowhere", 404),
    ("POST", "/health/live", 405),
    ("POST", "/api/v1/sessions", 422),
    ("OPTIONS", "/api/v1/me", 204),
    ("GET", "/static/nothing.js", 404),
]


@pytest.mark.parametrize(("method", "path", "status"), PLACES)
async def test_every_answer_has_the_security_headers(hub: Hub, method: str, path: str, status: int) -> None:
    async with hub.browser() as http:
        answer = await http.request(method, path)
    assert answer.status_code == status
    assert EVERYWHERE.items() <= dict(answer.headers).items()
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "server" not in answer.headers


async def test_each_answer_has_a_nonce_of_its_own_and_pages_use_it(hub: Hub) -> None:
    async with hub.browser() as http:
        pages = [await http.get("/setup") for _ in range(2)]
    nonces = [re.findall(r"'nonce-([^']+)'", page.headers["content-security-policy"])[0] for page in pages]
    assert nonces[0] != nonces[1]
    for page, nonce in zip(pages, nonces, strict=True):
        inline = re.findall(r"<script(?![^>]*src)[^>]*>", page.text)
        assert inline
        assert all(f'nonce="{nonce}"' in tag for tag in inline)


class TestIds:
    async def test_a_request_id_comes_back_in_header_and_problem(self, hub: Hub) -> None:
        async with hub.browser() as http:
            answer = await http.get("/api/v1/me", headers={"X-Request-ID": "from-the-test-1"})
        assert answer.headers["x-request-id"] == "from-the-test-1"
        assert answer.json()["instance"] == "urn:request:from-the-test-1"

    async def test_a_hostile_one_is_replaced(self, hub: Hub) -> None:
        async with hub.browser() as http:
            answer = await http.get("/api/v1/me", headers={"X-Request-ID": "<b>no</b>"})
        assert "<" not in answer.headers["x-request-id"]

    async def test_a_trace_is_continued(self, hub: Hub) -> None:
        trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
        async with hub.browser() as http:
            answer = await http.get("/api/v1/me", headers={"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"})
        assert answer.json()["trace_id"] == trace_id
        assert answer.headers["traceresponse"].split("-")[1] == trace_id


class TestMethods:
    async def test_head_is_get_without_the_body(self, hub: Hub) -> None:
        async with hub.browser() as http:
            got, head = await http.get("/sign-in"), await http.head("/sign-in")
        assert head.status_code == 200
        assert head.content == b""
        assert head.headers["content-type"] == got.headers["content-type"]

    async def test_head_of_a_stream_ends(self, owner: Person) -> None:
        answer = await owner.http.head("/live?topic=*")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")

    async def test_the_connection_serves_on_after_the_head_of_a_page_and_of_a_stream(self, hub: Hub) -> None:
        async with join(hub, "kim", "owner", await found(hub, "Initech")) as person:
            person.http.headers["Connection"] = "keep-alive"
            for path in ("/settings", "/live?topic=*", "/live?topic=*"):
                assert (await person.http.head(path)).status_code == 200
                assert (await person.http.get("/api/v1/me")).json()["name"] == "Kim"

    async def test_what_a_path_does_not_take_is_405_with_what_it_takes(self, hub: Hub) -> None:
        async with hub.browser() as http:
            answer = await http.put("/api/v1/sessions", json={})
        assert answer.status_code == 405
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"
        assert answer.json()["code"] == "method_not_allowed"


class TestCaching:
    async def test_data_is_not_stored(self, owner: Person) -> None:
        assert (await owner.http.get("/api/v1/me")).headers["cache-control"] == "no-store"

    async def test_pages_are_asked_for_again(self, owner: Person) -> None:
        assert (await owner.http.get("/settings")).headers["cache-control"] == "private, no-cache"


async def test_what_fails_where_nothing_may_fail_is_a_problem_without_traces(
    hub: Hub, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret of the stack")

    monkeypatch.setattr("basefly.base.web.problems.known", broken)
    answer: httpx.Response = await owner.http.get("/api/v1/nowhere")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "internal"
    assert "secret of the stack" not in answer.text
    assert EVERYWHERE.items() <= dict(answer.headers).items()


async def test_a_database_that_is_gone_refuses_rather_than_lets_in(hub: Hub, owner: Person) -> None:
    await hub.house.db.close()
    answer = await owner.http.get("/api/v1/me")
    assert answer.status_code == 503
    assert answer.json()["code"] == "unavailable"
    assert (await owner.http.get("/health/live")).status_code == 200
    assert (await owner.http.get("/health/ready")).status_code == 503


async def test_a_file_of_ours_carries_no_more_than_it_needs(hub: Hub) -> None:
    async with hub.browser() as http:
        answer = await http.get(str(asset("app.css")))
    assert answer.status_code == 200
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "content-security-policy" not in answer.headers, "a style has nothing to govern"


def test_over_https_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    scope: Any = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": ("10.0.0.1", 1)}
    for url, told in (("https://basefly.example.com", True), ("http://127.0.0.1:8080", False)):
        exchange = Exchange(scope, never, Settings(data_dir=tmp_path, public_url=url))
        headers = dict(exchange._completed([]))
        assert (b"strict-transport-security" in headers) == told
        if told:
            assert headers[b"strict-transport-security"] == b"max-age=63072000; includeSubDomains"


async def never(_: Any) -> None:
    """Nothing is sent."""
