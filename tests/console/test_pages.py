"""Overview, search and gallery over HTTP."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from uuid import UUID

import pytest

from basefly.console.overview import ClusterTally, Overview
from basefly.console.pages.overview import EACH_SHOWN, grouped, said
from basefly.sim import Cluster
from tests.core.inventory.test_api import berlin
from tests.core.inventory.test_pages import page
from tests.people import PASSWORD, Hub, Person, house, hub, join, listener, owner, port, stranger, viewer
from tests.sim.fixtures import cluster, fleet

__all__ = ["berlin", "cluster", "fleet", "house", "hub", "listener", "owner", "port", "stranger", "viewer"]

NOWHERE = "Region not known"


def tally(number: int, region: str = "", health: str = "healthy", **more: Any) -> ClusterTally:
    values: dict[str, Any] = {"reason": "", "provider": "", "version": "", "as_of": None, "nodes": 0, "pods": 0} | more
    return ClusterTally(id=UUID(int=number), name=f"c{number}", health=health, region=region, **values)


def overview(*clusters: ClusterTally) -> Overview:
    return Overview(clusters=list(clusters), health={}, tallies=[], problems=[], versions=[], as_of=None, missing=[])


def test_the_sick_come_first_and_who_is_nowhere_last() -> None:
    clusters = [
        tally(1),
        tally(2, "west"),
        tally(3, "west", "degraded"),
        tally(4, "west", "unreachable"),
        tally(5, "east"),
    ]
    found = [(row.name, [cluster.name for cluster in row.clusters]) for row in grouped(clusters, "region")]
    assert found == [("east", ["c5"]), ("west", ["c4", "c3", "c2"]), (NOWHERE, ["c1"])]


def test_clusters_are_grouped_by_what_a_label_says_of_their_environment() -> None:
    clusters = [tally(1, labels={"env": "prod"}), tally(2, labels={"environment": "dev"}), tally(3)]
    assert [row.name for row in grouped(clusters, "env")] == ["dev", "prod", "Without an environment"]
    assert [row.name for row in grouped([tally(1, version="v1.34.2+k3s1")], "version")] == ["1.34"]


@pytest.mark.parametrize(
    ("by", "of_west", "of_none"),
    [
        ("region", "/clusters?health=healthy&region=west", "/clusters?health=healthy"),
        ("env", "/clusters?health=healthy&label=stage%3Dprod", "/clusters?health=healthy"),
    ],
)
def test_of_very_many_clusters_the_healthy_ones_of_a_group_share_a_tile(by: str, of_west: str, of_none: str) -> None:
    clusters = [
        *(tally(number, "west", labels={"stage": "prod"}) for number in range(EACH_SHOWN - 2)),
        tally(1000, "west", "degraded", labels={"stage": "prod"}),
        tally(1001),
    ]
    every, none = grouped(clusters, by)
    assert len(every.clusters) == EACH_SHOWN - 1
    assert not every.healthy
    every, none = grouped([*clusters, tally(1002)], by)
    assert [cluster.name for cluster in every.clusters] == ["c1000"]
    assert (every.healthy, every.href) == (EACH_SHOWN - 2, of_west)
    assert (none.clusters, none.healthy, none.href) == ([], 2, of_none)


@pytest.mark.parametrize(
    ("clusters", "sentence"),
    [
        ([], ""),
        ([tally(1)], "1 cluster"),
        ([tally(1, "west")], "1 cluster in 1 region"),
        ([tally(1, "west"), tally(2, "east"), tally(3)], "3 clusters in 2 regions"),
    ],
)
def test_the_fleet_in_a_sentence(clusters: list[ClusterTally], sentence: str) -> None:
    assert said(overview(*clusters)) == sentence


class TestOverview:
    async def test_an_empty_fleet_leads_to_its_first_cluster_and_to_the_demo(self, owner: Person) -> None:
        text = await page(owner, "/")
        assert "Connect your first cluster" in text
        assert 'href="/connect"' in text
        assert "basefly demo" in text

    async def test_who_may_not_connect_is_told_whom_to_ask(self, viewer: Person) -> None:
        text = await page(viewer, "/")
        assert "Your role cannot connect one" in text
        assert 'href="/connect"' not in text

    async def test_shows_clusters_figures_and_what_is_wrong(
        self, viewer: Person, berlin: dict[str, Any], cluster: Cluster
    ) -> None:
        text = await page(viewer, "/")
        assert f'href="/clusters/{berlin["id"]}"' in text
        assert f'<p class="figure">{len(cluster.api.list("pods"))}</p>' in text
        assert "Needs attention" in text
        assert "Requested capacity" in text

    @pytest.mark.usefixtures("berlin")
    async def test_who_did_what_is_shown_to_those_who_may_see_it(self, owner: Person, viewer: Person) -> None:
        assert "Your role does not see who did what" in await page(viewer, "/")
        text = await page(owner, "/")
        assert "<b>Mia</b> connected" in text

    @pytest.mark.usefixtures("berlin")
    async def test_a_stranger_sees_an_empty_fleet(self, stranger: Person) -> None:
        assert "Connect your first cluster" in await page(stranger, "/")

    async def test_colours_chosen_are_there_from_the_first_byte(self, owner: Person) -> None:
        owner.http.cookies.set("theme", "dark")
        assert 'data-theme="dark"' in await page(owner, "/")


class TestCluster:
    async def test_every_tab_shows_what_is_in_it(
        self, viewer: Person, berlin: dict[str, Any], cluster: Cluster
    ) -> None:
        here = f"/clusters/{berlin['id']}"
        assert "Problems here" in await page(viewer, here)
        assert cluster.api.list("nodes")[0]["metadata"]["name"] in await page(viewer, f"{here}/nodes")
        assert "Deployments" in await page(viewer, f"{here}/workloads")
        assert "kube-system" in await page(viewer, f"{here}/namespaces")
        assert "Events" in await page(viewer, f"{here}/events")

    async def test_a_stranger_cannot_tell_that_it_exists(self, stranger: Person, berlin: dict[str, Any]) -> None:
        answer = await stranger.http.get(f"/clusters/{berlin['id']}/nodes", headers={"Accept": "text/html"})
        assert answer.status_code == 404

    async def test_the_first_inventory_can_be_watched(self, owner: Person, berlin: dict[str, Any]) -> None:
        text = await page(owner, f"/connect/verify/{berlin['id']}")
        assert "Live checks" in text
        assert "objects" in text


class TestSearch:
    async def test_without_a_text_it_asks_for_one(self, owner: Person) -> None:
        assert "What are you looking for?" in await page(owner, "/search")

    async def test_finds_clusters_and_objects(self, viewer: Person, berlin: dict[str, Any], cluster: Cluster) -> None:
        assert f'href="/clusters/{berlin["id"]}"' in await page(viewer, "/search?q=berl")
        node = cluster.api.list("nodes")[0]["metadata"]["name"]
        text = await page(viewer, f"/search?q={node}")
        assert f"/objects/nodes/{node}" in text
        assert ">Nodes</h2>" in text

    @pytest.mark.usefixtures("berlin")
    async def test_says_that_nothing_was_found(self, viewer: Person) -> None:
        assert "No results" in await page(viewer, "/search?q=xyzzy")

    @pytest.mark.usefixtures("berlin")
    async def test_what_is_typed_is_text_and_nothing_else(self, viewer: Person) -> None:
        answer = await viewer.http.get("/search", params={"q": "<script>alert(1)</script>"})
        assert "alert(1)" in answer.text
        assert "<script>alert" not in answer.text


class TestErrors:
    async def test_an_address_that_leads_nowhere_keeps_the_frame_and_guesses(self, viewer: Person) -> None:
        answer = await viewer.http.get("/podz", headers={"Accept": "text/html"})
        assert answer.status_code == 404
        assert 'id="nav"' in answer.text
        assert '<a href="/pods">Pods</a></li>' in unescape(answer.text)

    @pytest.mark.parametrize(
        ("path", "back", "name"),
        [
            ("/access/roles/no-such-role", "/access", "Access"),
            ("/access/members/00000000-0000-4000-8000-000000000000", "/access", "Access"),
            ("/objects/nodez", "/objects", "All kinds"),
        ],
    )
    async def test_an_address_within_a_section_leads_back_to_it_and_guesses_nothing(
        self, viewer: Person, path: str, back: str, name: str
    ) -> None:
        answer = await viewer.http.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 404
        text = unescape(answer.text)
        assert f'<a class="button primary" href="{back}">Back to {name}</a>' in text
        assert "Did you mean" not in text

    async def test_a_cluster_that_was_mistyped_is_guessed(self, viewer: Person, berlin: dict[str, Any]) -> None:
        answer = await viewer.http.get("/clusters/berlim", headers={"Accept": "text/html"})
        assert answer.status_code == 404
        assert f'<a href="/clusters/{berlin["id"]}">berlin</a>' in unescape(answer.text)

    @pytest.mark.parametrize("cursor", ["nonsense", "WzEsMl0"])
    async def test_a_page_of_a_list_that_is_gone_leads_to_its_first(self, owner: Person, cursor: str) -> None:
        answer = await owner.http.get(f"/audit?cursor={cursor}&outcome=done", headers={"Accept": "text/html"})
        assert answer.status_code == 422
        text = unescape(answer.text)
        assert "<h1>This page of the list no longer exists</h1>" in text
        assert '<a class="button primary" href="/audit?outcome=done">' in text
        assert "cursor" not in text.partition("<main")[2].partition("</main>")[0]
        assert "what you typed" not in text

    async def test_a_denial_names_the_role_what_is_missing_and_who_can_give_it(
        self, owner: Person, viewer: Person
    ) -> None:
        answer = await viewer.http.get("/connect", headers={"Accept": "text/html"})
        assert answer.status_code == 403
        assert "<dd>Viewer</dd>" in answer.text
        assert "clusters:write" in answer.text
        assert f'href="mailto:{owner.by.email}"' in answer.text

    async def test_who_asked_for_a_part_of_a_page_is_told_by_status_alone(self, viewer: Person) -> None:
        answer = await viewer.http.get("/podz", headers={"Accept": "text/html", "X-Fragment": "content"})
        assert answer.status_code == 404
        assert "<html" not in answer.text

    async def test_a_file_too_large_is_told_in_words(self, owner: Person) -> None:
        answer = await owner.http.post(
            "/connect",
            data={"kubeconfig": "x" * 3_000_000},
            headers={"Accept": "text/html", "Origin": str(owner.http.base_url).rstrip("/")},
        )
        assert answer.status_code == 413
        assert "larger than 2 MiB" in answer.text
        assert "kubectl config view" in answer.text

    async def test_the_page_for_being_offline_holds_nothing_of_anybody(self, owner: Person) -> None:
        text = await page(owner, "/offline")
        assert "The hub cannot be reached" in text
        assert owner.by.email not in text


async def test_the_gallery_shows_every_part(viewer: Person) -> None:
    text = await page(viewer, "/gallery")
    for part in ("Status", "Buttons", "Notices", "Fields", "Table", "Nothing to show", "Charts", "Icons"):
        assert f">{part}</h2>" in text
        assert f">{part}</a>" in text


async def test_charts_carry_no_style_and_have_their_figures_as_a_table(viewer: Person) -> None:
    text = await page(viewer, "/gallery")
    assert " style=" not in text
    assert text.count("As a table") == text.count('<figure class="chart')
    assert re.search(r'role="img" aria-label="Pods\. Lowest 22\.\d, highest \d+\.\d, last \d+\.\d\."', text)


async def test_every_state_of_a_page_has_its_sample(viewer: Person) -> None:
    text = await page(viewer, "/gallery/states")
    states = (
        "Loading",
        "Empty, first time",
        "Empty, filtered",
        "Partial",
        "Error",
        "Denied: the page",
        "Denied: an action",
    )
    for state in (*states, "Stale", "Offline", "Session ended", "Too many"):
        assert f">{state}</h2>" in text


class TestWhoSeesNothing:
    async def test_lands_on_what_they_may_do_and_who_could_give_more(self, hub: Hub, owner: Person) -> None:
        async with join(hub, "bo", "billing", owner.by.org_id):
            pass
        async with hub.browser() as http:
            form = {"email": "bo@example.com", "password": PASSWORD}
            signed = await http.post("/sign-in", data=form)
            assert (signed.status_code, signed.headers["location"]) == (303, "/")
            landed = await http.get("/", headers={"Accept": "text/html"})
            assert landed.status_code == 200
            text = unescape(landed.text)
            assert "Welcome, Bo" in text
            assert "Your role here is billing." in text
            assert 'href="mailto:mia@example.com"' in text
            main = text.split("<main", 1)[1]
            offered = re.findall(r'<a class="button" href="([^"]+)"', main)
            assert "/settings" in offered
            answers = [(await http.get(path, headers={"Accept": "text/html"})).status_code for path in offered]
            assert answers == [200] * len(offered), dict(zip(offered, answers, strict=True))
            assert "/search" not in text.split("<main", 1)[0], "nothing leads to what they may not see"
            assert (await http.get("/api/v1/overview")).status_code == 403
        refusals = (await owner.http.get("/api/v1/audit?act=request.refused")).json()["items"]
        assert [each["object"] for each in refusals] == ["overview"], "landing is no refusal"

    async def test_without_any_role_it_says_so(self, hub: Hub, owner: Person) -> None:
        async with join(hub, "bo", "billing", owner.by.org_id) as bo:
            (grant,) = [
                each["id"]
                for each in (await owner.http.get("/api/v1/grants")).json()["items"]
                if each["subject"]["id"] == str(bo.by.user_id)
            ]
            assert (await owner.http.delete(f"/api/v1/grants/{grant}")).status_code == 204
            text = (await bo.http.get("/")).text
            assert "You have no role here yet" in text
            assert 'href="/settings"' in text

    async def test_whoever_sees_a_part_has_the_overview(self, viewer: Person) -> None:
        text = (await viewer.http.get("/")).text
        assert "Welcome," not in text
        assert 'href="/search"' in text
