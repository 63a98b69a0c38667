"""Namespaces, over HTTP: one name in two clusters, with pods, quotas and something wrong."""

from __future__ import annotations

import html
import re
from typing import Any
from uuid import UUID

import pytest

from tests.features.rows import put, register
from tests.people import Hub, Person, house, hub, listener, owner, port, stranger, viewer

__all__ = ["house", "hub", "listener", "owner", "port", "stranger", "viewer"]

HTML = {"Accept": "text/html"}


@pytest.fixture
async def paris(hub: Hub, owner: Person) -> UUID:
    """`shop` is in both clusters; in paris its quota is full, and a pod fails."""
    org = owner.by.org_id
    berlin, paris = await register(hub, org, "berlin"), await register(hub, org, "paris")
    for cluster, share in ((berlin, 0.25), (paris, 1.0)):
        await put(hub, org, cluster, "namespaces", "shop", namespace="", labels={"team": "store"})
        meters = [{"name": "pods", "used": f"{4 * share:g}", "hard": "4", "share": share}]
        await put(hub, org, cluster, "resourcequotas", "most", cells={"share": 100 * share, "meters": meters})
        await put(hub, org, cluster, "pods", "web", health="bad" if share == 1 else "ok", status="CrashLoopBackOff")
    await put(hub, org, paris, "namespaces", "tools", namespace="")
    return paris


async def namespaces(person: Person, query: str = "") -> list[dict[str, Any]]:
    answer = await person.http.get(f"/api/v1/namespaces{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.usefixtures("paris")
class TestList:
    async def test_one_name_sums_up_its_clusters(self, viewer: Person) -> None:
        shop, tools = await namespaces(viewer)
        assert [one["name"] for one in shop["clusters"]] == ["berlin", "paris"]
        assert (shop["pods"]["ok"], shop["pods"]["bad"], shop["quotas"], shop["share"]) == (1, 1, 2, 100.0)
        assert (shop["owner"], tools["name"], tools["share"]) == ("store", "tools", None)

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("?q=too", ["tools"]),
            ("?full=true", ["shop"]),
            ("?full=true&cluster=berlin", []),
            ("?cluster=berlin", ["shop"]),
        ],
    )
    async def test_filters(self, viewer: Person, query: str, names: list[str]) -> None:
        assert [one["name"] for one in await namespaces(viewer, query)] == names

    async def test_pages_follow_one_another(self, viewer: Person) -> None:
        first = (await viewer.http.get("/api/v1/namespaces?limit=1")).json()
        assert [one["name"] for one in await namespaces(viewer, f"?limit=1&cursor={first['next']}")] == ["tools"]

    async def test_the_page_shows_meters(self, viewer: Person) -> None:
        text = (await viewer.http.get("/namespaces", headers=HTML)).text
        assert "100%" in text
        assert "1 failing" in text
        assert ">Fullest quota<" in text
        assert ">Owner<" in text

    async def test_columns_that_would_say_nothing_are_left_out(self, viewer: Person) -> None:
        text = (await viewer.http.get("/namespaces?q=tools", headers=HTML)).text
        assert ">Fullest quota<" not in text
        assert ">Owner<" not in text

    async def test_a_stranger_sees_none(self, stranger: Person) -> None:
        assert await namespaces(stranger) == []


class TestOne:
    async def test_it_shows_what_is_wrong_and_what_is_left(self, viewer: Person, paris: UUID) -> None:
        text = html.unescape((await viewer.http.get(f"/clusters/{paris}/namespaces/shop", headers=HTML)).text)
        assert "CrashLoopBackOff" in text
        assert "4 of 4" in text

    async def test_it_calls_kinds_by_their_names_and_lists_what_runs(
        self, hub: Hub, owner: Person, viewer: Person, paris: UUID
    ) -> None:
        await put(hub, owner.by.org_id, paris, "deployments.apps", "till", cells={"ready": "2/3"}, status="Degraded")
        text = html.unescape((await viewer.http.get(f"/clusters/{paris}/namespaces/shop", headers=HTML)).text)
        for title, path in (("Deployments", "/workloads/deployments.apps"), ("Resource quotas", "/objects/resource")):
            assert re.search(rf'<a class="grow" href="{path}[^"]*">{title}</a>', text)
        assert "deployments.apps</a>" not in text
        assert re.search(r">till</a><small>Deployment</small>.*?Degraded.*?>2/3<", text, re.DOTALL)
        detail = (await viewer.http.get(f"/api/v1/clusters/{paris}/namespaces/shop")).json()
        assert [one["kind"] for one in detail["problems"]] == ["Pod"]

    async def test_what_is_empty_is_said_in_one_place(self, viewer: Person, paris: UUID) -> None:
        text = html.unescape((await viewer.http.get(f"/clusters/{paris}/namespaces/tools", headers=HTML)).text)
        assert "No problems here. No workloads here. No quota" in text
        assert 'id="problems"' not in text

    async def test_what_is_not_there_is_not_found(self, viewer: Person, stranger: Person, paris: UUID) -> None:
        assert (await viewer.http.get(f"/api/v1/clusters/{paris}/namespaces/none")).status_code == 404
        assert (await stranger.http.get(f"/api/v1/clusters/{paris}/namespaces/shop")).status_code == 404
