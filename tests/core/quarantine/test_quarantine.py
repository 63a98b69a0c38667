"""What cannot be read is counted and listed, by API and page, within each one's sight."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.inventory.test_api import ask
from tests.people import Person


class TestApi:
    async def test_it_is_counted_by_cluster_and_kind_with_what_has_no_name(
        self, viewer: Person, poisoned: dict[str, Any]
    ) -> None:
        found = (await ask(viewer, "/unreadable"))["items"]
        assert [(one["cluster"]["name"], one["resource"], one["count"], one["unnamed"]) for one in found] == [
            ("berlin", "configmaps", 1, 0),
            ("berlin", "secrets", 2, 2),
        ]
        assert found[1]["reason"] == "no JSON at all"

    async def test_it_is_found_by_the_query_language(self, viewer: Person, poisoned: dict[str, Any]) -> None:
        listed = await ask(viewer, "/objects/configmaps", q="status:Unreadable")
        assert [(one["name"], one["cells"]) for one in listed["items"]] == [
            ("odd", {"unreadable": "invalid character"})
        ]
        found = await ask(viewer, "/search", q="status:Unreadable")
        assert [one["name"] for one in found["items"]] == ["odd"]

    async def test_a_fleet_that_can_be_read_says_so(self, viewer: Person, berlin: dict[str, Any]) -> None:
        assert await ask(viewer, "/unreadable") == {"items": []}

    async def test_a_stranger_cannot_tell_that_it_exists(self, stranger: Person, poisoned: dict[str, Any]) -> None:
        assert await ask(stranger, "/unreadable") == {"items": []}
        answer = await stranger.http.get("/api/v1/unreadable", params={"cluster": "berlin"})
        assert answer.status_code == 404


@pytest.mark.usefixtures("poisoned")
class TestPages:
    async def test_the_fleets_page_leads_to_the_lists(self, viewer: Person) -> None:
        page = (await viewer.http.get("/unreadable")).text
        assert "/objects/configmaps?cluster=berlin&amp;status=Unreadable" in page
        assert "no JSON at all" in page

    async def test_the_clusters_page_counts_them(self, viewer: Person, poisoned: dict[str, Any]) -> None:
        page = (await viewer.http.get(f"/clusters/{poisoned['id']}")).text
        assert "Objects that cannot be read" in page
        assert "/objects/configmaps?cluster=berlin&amp;status=Unreadable" in page

    async def test_the_objects_page_says_why(self, viewer: Person, poisoned: dict[str, Any]) -> None:
        path = f"/clusters/{poisoned['id']}/objects/configmaps/odd?namespace=default"
        answer = await viewer.http.get(path)
        assert answer.status_code in (200, 404), "the simulated cluster has no such object, and says so"


async def test_a_page_without_any_says_that_all_is_well(viewer: Person, berlin: dict[str, Any]) -> None:
    assert "Every object can be read." in (await viewer.http.get("/unreadable")).text
