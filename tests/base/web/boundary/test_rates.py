"""Quotas over HTTP: what answers tell, what is refused, whose quota it was, and which address counts."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from basefly.app import routed
from basefly.base.limits import Limiter
from basefly.base.web.boundary.rates import class_of
from basefly.base.web.frame import _received as received
from tests.isolation.routes import routes
from tests.people import Hub, Person


def limit(hub: Hub, **rates: int) -> None:
    """Give the running hub other quotas, with all buckets full."""
    settings = msgspec.structs.replace(hub.house.settings, **rates)
    hub.house.get(Limiter).__init__(settings)  # type: ignore[misc]  # the same limiter, begun anew


class TestHeaders:
    async def test_tell_the_policies_and_what_remains(self, hub: Hub, owner: Person) -> None:
        limit(hub, rate_read=100)
        answer = await owner.http.get("/api/v1/me")
        assert answer.headers["ratelimit-policy"] == (
            '"network-read";q=1000;w=60, "user-read";q=100;w=60, "org-read";q=1000;w=60'
        )
        assert answer.headers["ratelimit"] == '"network-read";r=999;t=1, "user-read";r=99;t=1, "org-read";r=999;t=1'

    async def test_are_on_errors_too(self, hub: Hub, owner: Person) -> None:
        answer = await owner.http.get("/api/v1/clusters/nowhere")
        assert answer.status_code == 404
        assert answer.headers["ratelimit-policy"]

    async def test_are_not_on_files_and_health(self, hub: Hub) -> None:
        async with hub.browser() as http:
            for path in ("/health/live", "/sw.js"):
                assert "ratelimit" not in (await http.get(path)).headers


class TestRefusal:
    async def test_is_429_with_the_problem_of_the_standard(self, hub: Hub, owner: Person) -> None:
        limit(hub, rate_read=6)
        answers = [await owner.http.get("/api/v1/me") for _ in range(7)]
        assert [each.status_code for each in answers] == [200] * 6 + [429]
        last = answers[-1]
        assert last.headers["content-type"] == "application/problem+json"
        assert last.json()["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
        assert last.json()["violated-policies"] == ["user-read"]
        wait = int(last.headers["retry-after"])
        again = re.search(r'"user-read";r=0;t=(\d+)', last.headers["ratelimit"])
        assert again
        assert wait >= int(again[1]) > 0

    async def test_of_one_person_is_no_other_persons(self, hub: Hub, owner: Person, viewer: Person) -> None:
        limit(hub, rate_read=3)
        codes = [(await owner.http.get("/api/v1/me")).status_code for _ in range(4)]
        assert codes == [200, 200, 200, 429]
        assert (await viewer.http.get("/api/v1/me")).status_code == 200

    async def test_of_a_change_is_not_worth_a_record(self, hub: Hub, owner: Person) -> None:
        limit(hub, rate_write=1)
        answers = [await owner.http.post("/api/v1/tokens", json={"name": name}) for name in ("a", "b")]
        assert [each.status_code for each in answers] == [201, 429]
        found = (await owner.http.get("/api/v1/audit", params={"act": "request"})).json()["items"]
        assert found == []

    async def test_is_a_page_for_a_browser(self, hub: Hub, owner: Person) -> None:
        limit(hub, rate_read=1)
        await owner.http.get("/settings", headers={"Accept": "text/html"})
        answer = await owner.http.get("/settings", headers={"Accept": "text/html"})
        assert answer.status_code == 429
        assert answer.headers["content-type"].startswith("text/html")
        assert answer.headers["retry-after"]


class TestNetwork:
    async def test_guessing_is_refused_before_anything_is_read(self, hub: Hub) -> None:
        limit(hub, rate_sign_in=2)
        async with hub.browser() as http:
            wrong = {"email": "a@example.com", "password": "no no no no no"}
            codes = [(await http.post("/api/v1/sessions", json=wrong)).status_code for _ in range(3)]
        assert codes == [401, 401, 429]

    async def test_without_proxies_of_ours_the_header_means_nothing(self, hub: Hub) -> None:
        limit(hub, rate_sign_in=2)
        async with hub.browser() as http:
            codes = [
                (await http.post("/api/v1/sessions", json={}, headers={"X-Forwarded-For": f"192.0.2.{n}"})).status_code
                for n in range(4)
            ]
        assert codes == [422, 422, 429, 429], "every one of them came from here"


class TestBehindAProxy:
    async def test_only_what_our_hop_wrote_is_believed(self, hub: Hub) -> None:
        """The frame of a hub behind one proxy, asked for the address that it counts for."""
        scope: Any = {"headers": [(b"x-forwarded-for", b"203.0.113.9, 192.0.2.1")], "client": ("10.0.0.1", 1)}
        assert received(scope, 1).address == "192.0.2.1", "what the client itself claimed does not count"
        assert received(scope, 0).address == "10.0.0.1"


def test_every_class_is_used_where_it_belongs(hub: Hub) -> None:
    found = {route.key: class_of(route.handler, unsafe=route.unsafe) for route in routes(routed())}
    assert found["GET /api/v1/search"] == found["GET /pods/export"] == "expensive"
    assert found["GET /api/v1/objects/{resource}/facets"] == "expensive"
    assert found["POST /api/v1/sessions"] == found["POST /sign-in"] == "sign-in"
    assert found["POST /api/v1/tokens"] == "write"
    assert found["GET /pods"] == "read"
    free = {key for key, class_ in found.items() if class_ is None}
    assert free == {"GET /health/live", "GET /health/ready", "GET /static/{name}", "GET /sw.js"}
