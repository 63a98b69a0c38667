"""Custom resources with the columns of their definition: in the API, on their list, and on the page of one."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.sim import Cluster
from tests.core.inventory.test_api import ask, berlin
from tests.core.inventory.test_pages import page, where
from tests.core.sync.conftest import eventually
from tests.core.sync.test_printed import BACKUPS, COLUMNS, backup, backups
from tests.people import Person, house, hub, listener, owner, port, stranger, viewer

__all__ = ["berlin", "house", "hub", "listener", "owner", "port", "stranger", "viewer"]


@pytest.fixture
async def kept(cluster: Cluster, viewer: Person, berlin: dict[str, Any]) -> dict[str, Any]:
    """A backup with three copies and another with ten, in the inventory with their columns."""
    cluster.api.create(backups(COLUMNS))
    large = backup("weekly")
    large["spec"]["copies"] = 10
    whole = cluster.api.create(backup())
    cluster.api.create(large)

    async def listed() -> bool:
        answer = await viewer.http.get(f"/api/v1/objects/{BACKUPS}")
        return answer.status_code == 200 and [len(item["cells"]) for item in answer.json()["items"]] == [3, 3]

    await eventually(listed, within=20)
    return whole


@pytest.mark.usefixtures("kept")
class TestPrinted:
    async def test_programs_learn_the_columns_and_can_sort_and_filter_by_them(self, viewer: Person) -> None:
        summary = next(one for one in (await ask(viewer, "/resources"))["items"] if one["name"] == BACKUPS)
        shown = [(column["name"], column["title"], column["type"], column["wide"]) for column in summary["columns"]]
        assert shown == [
            ("ready", "Ready", "text", False),
            ("copies", "Copies", "number", False),
            ("last-run", "Last Run", "time", True),
        ]
        falling = (await ask(viewer, "/objects/backups", sort="-copies"))["items"]
        assert [item["name"] for item in falling] == ["weekly", "nightly"]
        few = (await ask(viewer, "/objects/backups", copies="3"))["items"]
        assert [item["name"] for item in few] == ["nightly"]

    async def test_the_list_has_them(self, viewer: Person) -> None:
        text = await page(viewer, f"/objects/{BACKUPS}")
        for title in ("Ready", "Copies"):
            assert f'data-label="{title}"' in text
        assert "sort=copies" in text

    async def test_the_page_of_one_has_them(
        self, viewer: Person, berlin: dict[str, Any], kept: dict[str, Any], cluster: Cluster
    ) -> None:
        path = where(berlin, BACKUPS, kept)
        for text in (await page(viewer, path), await _when_silent(viewer, cluster, path)):
            assert "<dt>Copies</dt><dd>3</dd>" in text
            assert "<dt>Last Run</dt><dd>" in text

    async def test_a_stranger_learns_nothing_of_them(self, stranger: Person) -> None:
        assert (await stranger.http.get(f"/api/v1/objects/{BACKUPS}")).status_code == 404


async def _when_silent(viewer: Person, cluster: Cluster, path: str) -> str:
    """The page as it is when the cluster does not answer."""
    await cluster.stop()
    text = await page(viewer, path)
    assert "data-stale" in text
    return text
