"""Overview, search and gallery over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from basefly.console.overview import ClusterTally, Overview
from basefly.console.pages import NOWHERE, by_region, said
from basefly.sim import Cluster
from tests.core.inventory.test_api import berlin
from tests.core.inventory.test_pages import page
from tests.people import Person, house, hub, listener, owner, port, stranger, viewer
from tests.sim.fixtures import cluster, fleet

__all__ = ["berlin", "cluster", "fleet", "house", "hub", "listener", "owner", "port", "stranger", "viewer"]


def tally(number: int, region: str = "", health: str = "healthy") -> ClusterTally:
    return ClusterTally(
        id=UUID(int=number),
        name=f"c{number}",
        health=health,
        reason="",
        region=region,
        provider="",
        version="",
        as_of=None,
        nodes=0,
        pods=0,
    )


def overview(*clusters: ClusterTally) -> Overview:
    return Overview(clusters=list(clusters), health={}, tallies=[], attention=[], as_of=None, missing=[])


def test_the_sick_come_first_and_who_is_nowhere_last() -> None:
    clusters = [
        tally(1),
        tally(2, "west"),
        tally(3, "west", "degraded"),
        tally(4, "west", "unreachable"),
        tally(5, "east"),
    ]
    found = [(region, [cluster.name for cluster in group]) for region, group in by_region(clusters)]
    assert found == [("east", ["c5"]), ("west", ["c4", "c3", "c2"]), (NOWHERE, ["c1"])]


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
    async def test_an_empty_fleet_leads_to_its_first_cluster(self, owner: Person) -> None:
        text = await page(owner, "/")
        assert "Connect your first cluster" in text
        assert 'href="/connect"' in text

    async def test_shows_clusters_figures_and_what_is_wrong(
        self, viewer: Person, berlin: dict[str, Any], cluster: Cluster
    ) -> None:
        text = await page(viewer, "/")
        assert f'href="/clusters/{berlin["id"]}"' in text
        assert f'<p class="figure">{len(cluster.api.list("pods"))}</p>' in text
        assert "Needs attention" in text

    @pytest.mark.usefixtures("berlin")
    async def test_a_stranger_sees_an_empty_fleet(self, stranger: Person) -> None:
        assert "Connect your first cluster" in await page(stranger, "/")

    async def test_colours_chosen_are_there_from_the_first_byte(self, owner: Person) -> None:
        owner.http.cookies.set("theme", "dark")
        assert '<html lang="en" data-theme="dark">' in await page(owner, "/")


class TestSearch:
    async def test_without_a_text_it_asks_for_one(self, owner: Person) -> None:
        assert "What are you looking for?" in await page(owner, "/search")

    async def test_finds_clusters_and_objects(self, viewer: Person, berlin: dict[str, Any], cluster: Cluster) -> None:
        assert f'href="/clusters/{berlin["id"]}"' in await page(viewer, "/search?q=berl")
        node = cluster.api.list("nodes")[0]["metadata"]["name"]
        assert f"/objects/nodes/{node}" in await page(viewer, f"/search?q={node}")

    @pytest.mark.usefixtures("berlin")
    async def test_says_that_nothing_was_found(self, viewer: Person) -> None:
        assert "Nothing is called that" in await page(viewer, "/search?q=xyzzy")

    @pytest.mark.usefixtures("berlin")
    async def test_what_is_typed_is_text_and_nothing_else(self, viewer: Person) -> None:
        answer = await viewer.http.get("/search", params={"q": "<script>alert(1)</script>"})
        assert "alert(1)" in answer.text
        assert "<script>alert" not in answer.text


async def test_the_gallery_shows_every_part(viewer: Person) -> None:
    text = await page(viewer, "/gallery")
    for part in ("Status", "Buttons", "Notices", "Fields", "Table", "Nothing to show", "Icons"):
        assert f">{part}</h2>" in text
