"""Every route, from the outside: bodies that are none, and requests that another site sent."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.app import routed
from tests.isolation.asking import forgive
from tests.isolation.routes import Route, fill, routes
from tests.isolation.world import absent
from tests.people import Hub, Person

DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
HOSTILE: dict[str, tuple[bytes, str, set[int]]] = {
    "a name twice": (b'{"name": "a", "name": "b"}', "application/json", {400}),
    "no JSON": (b"{", "application/json", {400}),
    "not UTF-8": (b'{"name": "\xff"}', "application/json", {400}),
    "NaN": (b'{"name": NaN}', "application/json", {400}),
    "bottomless": (DEEP, "application/json", {400}),
    "too large": (b'{"name": "' + b"a" * (2 * 1024 * 1024) + b'"}', "application/json", {413}),
    "a form": (b"name=a", "application/x-www-form-urlencoded", {403, 415}),
    "no type": (b"{}", "", {415}),
    "unknown fields": (b'{"nothing_of_ours": 1}', "application/json", {422}),
    "a list": (b"[]", "application/json", {422}),
    "nothing": (b"", "application/json", {400, 422}),
}


@pytest.fixture
def with_body(hub: Hub) -> list[Route]:
    return [route for route in routes(routed()) if route.body and route.api]


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_hostile_body_is_refused_by_every_route(
    hub: Hub, owner: Person, with_body: list[Route], kind: str
) -> None:
    body, media, expected = HOSTILE[kind]
    wrong = []
    for route in with_body:
        await forgive(hub.house.db)
        sent = fill(route, absent().ways[0], words=False)
        answer = await owner.http.request(route.method, sent.url, content=body, headers={"Content-Type": media})
        problem = answer.headers.get("content-type") == "application/problem+json"
        if answer.status_code not in expected or not problem:
            wrong.append(f"{route.key}: {answer.status_code} {answer.text[:200]}")
    assert len(with_body) > 10
    assert wrong == []


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}]
)
async def test_another_site_changes_nothing_and_holds_no_stream(
    hub: Hub, owner: Person, headers: dict[str, str]
) -> None:
    wrong, count = [], 0
    for route in routes(routed()):
        if route.unsafe or route.endless:
            count += 1
            sent = fill(route, absent().ways[0], words=False)
            options: dict[str, Any] = {"params": sent.params, "headers": headers}
            answer = await owner.http.request(route.method, sent.url, json=sent.json or {}, **options)
            if answer.status_code != 403 or "Another site" not in answer.text:
                wrong.append(f"{route.key}: {answer.status_code} {answer.text[:200]}")
    assert count > 30
    assert wrong == []


async def test_an_upgrade_from_another_site_is_refused(owner: Person) -> None:
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": "https://evil.example"}
    headers |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert (await owner.http.get("/api/v1/me", headers=headers)).status_code == 403
