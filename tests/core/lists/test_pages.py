"""The page of a list over HTTP: the query language, facets, columns, paging back, export, suggestions, sets."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Any

import pytest
import yaml

from basefly.sim import Cluster
from tests.core.inventory.test_api import ask, berlin
from tests.core.inventory.test_pages import page
from tests.people import Person, house, hub, listener, owner, port, stranger, viewer
from tests.sim.fixtures import cluster, fleet

__all__ = ["berlin", "cluster", "fleet", "house", "hub", "listener", "owner", "port", "stranger", "viewer"]

pytestmark = pytest.mark.usefixtures("berlin")


def names(cluster: Cluster, **where: str) -> list[str]:
    found = [whole["metadata"] for whole in cluster.api.list("pods")]
    return sorted(one["name"] for one in found if all(one.get(key) == value for key, value in where.items()))


class TestQuery:
    async def test_narrows_a_list_as_the_api_does(self, viewer: Person, cluster: Cluster) -> None:
        namespace = cluster.api.list("pods")[0]["metadata"]["namespace"]
        wanted = names(cluster, namespace=namespace)
        found = await ask(viewer, "/objects/pods", q=f"ns:{namespace}", limit=1000)
        assert sorted(item["name"] for item in found["items"]) == wanted
        others = await ask(viewer, "/objects/pods", q=f"-ns:{namespace}", limit=1000)
        assert len(others["items"]) == len(names(cluster)) - len(wanted)

    @pytest.mark.parametrize(
        ("q", "words"),
        [
            ("status:", "status: has no value"),
            ("colour:red", "has no field 'colour'"),
            ("health:fine", "no such health"),
        ],
    )
    async def test_a_mistake_is_told_in_place(self, viewer: Person, q: str, words: str) -> None:
        text = await page(viewer, f"/pods?q={q}", status=422)
        assert words in text
        assert 'aria-describedby="mistake"' in text
        assert f'value="{q}"' in text

    async def test_numbers_and_ages_are_compared(self, viewer: Person, cluster: Cluster) -> None:
        everything = len(names(cluster))
        for q, count in (("restarts:>=0", everything), ("restarts:<0", 0), ("age:>0s", everything), ("age:>900d", 0)):
            assert (await ask(viewer, "/objects/pods", q=q))["total"] == count, q

    async def test_search_understands_it(self, viewer: Person) -> None:
        found = await ask(viewer, "/search", q="kind:ns kube")
        assert {item["kind"] for item in found["items"]} == {"Namespace"}
        assert found["missing"] == []
        assert not (await ask(viewer, "/search", q="kind:pod status:no-such-status"))["items"]


class TestFacets:
    async def test_counts_are_those_of_the_list(self, viewer: Person, cluster: Cluster) -> None:
        counts = await ask(viewer, "/objects/pods/facets")
        assert sum(counts["namespace"].values()) == len(names(cluster))
        namespace, count = next(iter(counts["namespace"].items()))
        narrowed = await ask(viewer, "/objects/pods/facets", namespace=namespace)
        assert narrowed["namespace"] == counts["namespace"]
        assert sum(narrowed["status"].values()) == count

    async def test_they_know_text_where_it_can_be_counted(self, viewer: Person, cluster: Cluster) -> None:
        name = names(cluster)[0]
        counts = await ask(viewer, "/objects/pods/facets", q=name)
        assert sum(counts["cluster"].values()) == 1
        assert counts["exact"]

    async def test_they_are_offered_as_boxes(self, viewer: Person, cluster: Cluster) -> None:
        namespace = cluster.api.list("pods")[0]["metadata"]["namespace"]
        text = await page(viewer, f"/pods?namespace={namespace}")
        assert f'name="namespace" value="{namespace}" checked' in text

    async def test_an_unknown_health_is_a_mistake(self, viewer: Person) -> None:
        assert "ok, warn, bad, idle" in await page(viewer, "/pods?health=fine", status=422)


class TestColumns:
    async def test_the_address_chooses_them_in_its_order(self, viewer: Person) -> None:
        text = await page(viewer, "/pods?columns=age,label:app&columns=status")
        head = text.partition("<thead")[2].partition("</thead")[0]
        assert re.findall(r'role="columnheader"[^>]*><a [^>]*>([^<]+)', head) == ["Name", "Age", "app", "Status"]

    async def test_wide_ones_are_off_until_chosen(self, viewer: Person) -> None:
        assert 'data-label="IP"' not in await page(viewer, "/pods")
        assert 'data-label="IP"' in await page(viewer, "/pods?columns=ip")


class TestPaging:
    async def test_back_is_the_way_one_came(self, viewer: Person, cluster: Cluster) -> None:
        seen: list[list[str]] = []
        found: dict[str, Any] = {"next": ""}
        for _ in range(3):
            found = await ask(viewer, "/objects/pods", limit=7, sort="-age", cursor=found["next"])
            seen.append([item["uid"] for item in found["items"]])
        for expected in reversed(seen[:-1]):
            found = await ask(viewer, "/objects/pods", limit=7, sort="-age", cursor=found["previous"])
            assert [item["uid"] for item in found["items"]] == expected
        assert found["previous"] is None
        assert found["next"]


class TestExport:
    async def test_csv_has_the_columns_and_the_rows(self, viewer: Person, cluster: Cluster) -> None:
        answer = await viewer.http.get("/pods/export?format=csv&columns=namespace,status,label:app")
        assert answer.headers["content-type"].startswith("text/csv")
        assert 'filename="pods-2' in answer.headers["content-disposition"]
        rows = list(csv.reader(io.StringIO(answer.text)))
        assert rows[0] == ["name", "namespace", "status", "label:app"]
        assert sorted(row[0] for row in rows[1:]) == names(cluster)

    async def test_json_is_one_document(self, viewer: Person, cluster: Cluster) -> None:
        answer = await viewer.http.get("/pods/export?format=json&columns=restarts")
        assert sorted(row["name"] for row in json.loads(answer.text)) == names(cluster)

    async def test_yaml_is_a_list_of_kubernetes(self, viewer: Person, cluster: Cluster) -> None:
        document = yaml.safe_load((await viewer.http.get("/pods/export?format=yaml")).text)
        assert (document["apiVersion"], document["kind"]) == ("v1", "List")
        assert {one["apiVersion"] for one in document["items"]} == {"v1"}
        assert sorted(one["metadata"]["name"] for one in document["items"]) == names(cluster)

    async def test_nothing_is_still_a_document(self, viewer: Person) -> None:
        assert json.loads((await viewer.http.get("/pods/export?format=json&q=no-such")).text) == []
        assert yaml.safe_load((await viewer.http.get("/pods/export?format=yaml&q=no-such")).text)["items"] == []

    async def test_what_is_selected_alone(self, viewer: Person, cluster: Cluster) -> None:
        one = cluster.api.list("pods")[0]["metadata"]
        answer = await viewer.http.get(f"/pods/export?format=json&selected={one['uid']}")
        assert [row["name"] for row in json.loads(answer.text)] == [one["name"]]

    async def test_a_strange_format_is_refused(self, viewer: Person) -> None:
        assert (await viewer.http.get("/pods/export?format=exe")).status_code == 422

    async def test_a_stranger_gets_nothing(self, stranger: Person) -> None:
        assert json.loads((await stranger.http.get("/pods/export?format=json")).text) == []


class TestSuggestions:
    async def items(self, person: Person, q: str) -> list[str]:
        return [one["insert"] for one in (await ask(person, "/objects/pods/suggestions", q=q))["items"]]

    async def test_fields_then_values_with_counts(self, viewer: Person, cluster: Cluster) -> None:
        assert "status:" in await self.items(viewer, "web st")
        assert "-status:" in await self.items(viewer, "-st")
        found = await ask(viewer, "/objects/pods/suggestions", q="web status:", at=11)
        assert (found["start"], found["end"]) == (4, 11)
        assert sum(one["count"] for one in found["items"]) == len([name for name in names(cluster) if "web" in name])
        found = await ask(viewer, "/objects/pods/suggestions", q="status:")
        assert sum(one["count"] for one in found["items"]) == len(names(cluster))

    async def test_labels_and_second_values(self, viewer: Person) -> None:
        labels = await self.items(viewer, "label:")
        assert labels
        assert all(each.startswith("label:") for each in labels)
        assert all(each.startswith("ns:a,") for each in await self.items(viewer, "ns:a,"))

    async def test_what_cannot_be_read_suggests_nothing(self, viewer: Person) -> None:
        assert await self.items(viewer, 'colour:red "x" st') == []


class TestScope:
    async def test_a_set_is_clusters_by_their_labels(
        self, owner: Person, viewer: Person, berlin: dict[str, Any]
    ) -> None:
        url = str(owner.http.base_url).rstrip("/")
        changed = await owner.http.patch(
            f"/api/v1/clusters/{berlin['id']}", json={"labels": {"env": "prod"}}, headers={"Origin": url}
        )
        assert changed.status_code == 200
        assert (await ask(viewer, "/objects/pods", set="env=prod"))["total"] > 0
        assert "No cluster in sight is in the set env=dev" in await page(viewer, "/pods?set=env%3Ddev", status=422)

    async def test_it_goes_along_from_page_to_page(self, viewer: Person) -> None:
        text = await page(viewer, "/pods?cluster=berlin&namespace=shop&q=web")
        assert 'href="/nodes?cluster=berlin&namespace=shop"' in text

    async def test_it_is_chosen_on_a_page_that_leads_back(self, viewer: Person) -> None:
        text = await page(viewer, "/scope?at=/pods%3Fq%3Dweb%26cluster%3Dberlin")
        assert 'action="/pods"' in text
        assert '<input type="hidden" name="q" value="web">' in text
        assert 'name="cluster" value="berlin" checked' in text

    async def test_the_page_where_one_chooses_is_no_place_to_come_back_to(self, viewer: Person) -> None:
        text = await page(viewer, "/scope?at=/pods%3Fq%3Dweb%26cluster%3Dberlin")
        assert set(re.findall(r'href="/scope\?at=([^"#]+)', text)) == {"/pods%3Fcluster%3Dberlin%26q%3Dweb"}

    @pytest.mark.parametrize("at", ["//evil.example/x", "https://evil.example", "/\\evil.example"])
    async def test_it_leads_nowhere_else(self, viewer: Person, at: str) -> None:
        answer = await viewer.http.get("/scope", params={"at": at}, headers={"Accept": "text/html"})
        assert 'action="&#x2f;"' in answer.text or 'action="/"' in answer.text

    async def test_the_closest_name_is_offered(self, viewer: Person, cluster: Cluster) -> None:
        name = names(cluster)[0]
        assert "Did you mean" in await page(viewer, f"/pods?q={name[:-1]}x{name[-1]}")
