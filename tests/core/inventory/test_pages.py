"""The inventory's pages over HTTP, with a followed cluster behind them and with none."""

from __future__ import annotations

import html
from typing import Any

import httpx
import pytest

from basefly.sim import Cluster
from tests.core.inventory.test_api import berlin
from tests.core.sync.conftest import eventually
from tests.people import Hub, Person, house, hub, listener, owner, port, stranger, viewer

__all__ = ["berlin", "house", "hub", "listener", "owner", "port", "stranger", "viewer"]

HTML = {"Accept": "text/html"}
LISTS = [
    "/nodes",
    "/pods",
    "/objects/events",
    "/workloads/deployments.apps",
    "/workloads/daemonsets.apps",
    "/objects/secrets",
]


async def page(person: Person, path: str, status: int = 200, fragment: str = "") -> str:
    """The page as its reader has it, characters spelt out."""
    headers = HTML | ({"X-Fragment": fragment} if fragment else {})
    answer = await person.http.get(path, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    return html.unescape(answer.text)


class TestEmpty:
    @pytest.mark.parametrize("path", [*LISTS, "/objects"])
    async def test_the_way_to_the_first_cluster_is_shown(self, owner: Person, path: str) -> None:
        assert 'href="/connect"' in await page(owner, path)

    async def test_nobody_is_shown_nothing(self, hub: Hub) -> None:
        async with hub.browser() as nobody:
            answer = await nobody.get("/pods", headers=HTML)
        assert answer.status_code in (303, 401)


@pytest.mark.usefixtures("berlin")
class TestLists:
    @pytest.mark.parametrize("path", LISTS)
    async def test_every_list_shows_what_there_is(self, viewer: Person, path: str) -> None:
        async def listed() -> bool:
            return "in 1 cluster" in await page(viewer, path)

        await eventually(listed, within=20)
        assert "data-rows" in await page(viewer, path)

    async def test_a_row_has_its_name_and_leads_to_its_object(self, viewer: Person, cluster: Cluster) -> None:
        text = await page(viewer, "/pods")
        first = min(whole["metadata"]["name"] for whole in cluster.api.list("pods"))
        assert f">{first}</a>" in text

    async def test_the_list_alone_can_be_asked_for(self, viewer: Person, berlin: dict[str, Any]) -> None:
        text = await page(viewer, "/pods", fragment="list")
        assert text.strip().startswith("<section")
        assert f"inventory/{berlin['id']}/pods" in text
        assert "<html" not in text

    async def test_what_matches_nothing_says_so_and_offers_to_clear(self, viewer: Person) -> None:
        text = await page(viewer, "/pods?q=no-such-pod")
        assert "Nothing matches" in text
        assert "(remove this filter)" in text

    async def test_an_unreadable_selector_is_told_beside_its_field(self, viewer: Person) -> None:
        text = await page(viewer, "/pods?labels=a=b,,c", status=422)
        assert 'aria-describedby="mistake"' in text
        assert 'value="a=b,,c"' in text

    async def test_clusters_go_by_their_id_too(self, viewer: Person, berlin: dict[str, Any]) -> None:
        assert "In berlin" in await page(viewer, f"/pods?cluster={berlin['id']}")

    @pytest.mark.parametrize(
        ("short", "home"),
        [
            ("po", "/pods"),
            ("deploy", "/workloads/deployments.apps"),
            ("cm?q=a", "/objects/configmaps?q=a"),
        ],
    )
    async def test_other_names_of_a_kind_lead_to_its_list(self, viewer: Person, short: str, home: str) -> None:
        answer = await viewer.http.get(f"/objects/{short}", headers=HTML)
        assert (answer.status_code, answer.headers["location"]) == (303, home)

    async def test_a_kind_that_nobody_serves_is_not_found(self, viewer: Person) -> None:
        assert "no-such-kind" in await page(viewer, "/objects/no-such-kind", status=404)

    async def test_every_kind_is_listed(self, viewer: Person) -> None:
        text = await page(viewer, "/objects")
        assert 'href="/pods"' in text
        assert 'href="/objects/configmaps"' in text

    async def test_a_stranger_sees_none_of_it(self, stranger: Person, berlin: dict[str, Any]) -> None:
        assert "No cluster is connected yet" in await page(stranger, "/pods")
        await page(stranger, f"/pods?cluster={berlin['id']}", status=404)


@pytest.mark.usefixtures("berlin")
class TestObject:
    async def test_a_pod_is_shown_whole(self, viewer: Person, cluster: Cluster, berlin: dict[str, Any]) -> None:
        whole = next(one for one in cluster.api.list("pods") if one["metadata"].get("ownerReferences"))
        text = await page(viewer, where(berlin, "pods", whole))
        assert f'<h1 class="mono">{whole["metadata"]["name"]}</h1>' in text
        assert "Owners and children" in text
        assert whole["spec"]["containers"][0]["image"] in text
        assert "managedFields" in text

    async def test_a_secret_keeps_its_values(self, viewer: Person, cluster: Cluster, berlin: dict[str, Any]) -> None:
        whole = next(one for one in cluster.api.list("secrets") if one.get("data"))
        text = await page(viewer, where(berlin, "secrets", whole))
        for key, value in whole["data"].items():
            assert key in text
            assert value not in text

    async def test_without_the_cluster_the_last_known_is_shown(
        self, viewer: Person, cluster: Cluster, berlin: dict[str, Any]
    ) -> None:
        path = where(berlin, "pods", cluster.api.list("pods")[0])
        await cluster.stop()
        text = await page(viewer, path)
        assert "Showing the last known state." in text
        assert "data-stale" in text

    async def test_what_is_not_there_is_not_found(self, viewer: Person, berlin: dict[str, Any]) -> None:
        await page(viewer, f"/clusters/{berlin['id']}/objects/pods/none?namespace=default", status=404)

    async def test_a_stranger_cannot_tell_that_it_exists(
        self, stranger: Person, cluster: Cluster, berlin: dict[str, Any]
    ) -> None:
        await page(stranger, where(berlin, "pods", cluster.api.list("pods")[0]), status=404)


def where(cluster: dict[str, Any], resource: str, whole: dict[str, Any]) -> str:
    meta = whole["metadata"]
    query = httpx.QueryParams(namespace=meta["namespace"])
    return f"/clusters/{cluster['id']}/objects/{resource}/{meta['name']}?{query}"
