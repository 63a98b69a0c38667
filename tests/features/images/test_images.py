"""Images, over HTTP: one tag that was pulled as two digests, one that says latest, and the counts as rows change."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.base.db import Jsonb
from tests.features.rows import put, register
from tests.people import Hub, Person, house, hub, listener, owner, port, stranger, viewer

__all__ = ["house", "hub", "listener", "owner", "port", "stranger", "viewer"]


@pytest.fixture
async def running(hub: Hub, owner: Person) -> None:
    org = owner.by.org_id
    for name, digest in (("berlin", "aaaa"), ("paris", "bbbb")):
        cluster = await register(hub, org, name)
        await put(
            hub, org, cluster, "pods", "web-1", cells={"images": ["eu.example.com:5000/web:2"], "digests": [digest]}
        )
        await put(hub, org, cluster, "deployments.apps", "web", cells={"images": ["eu.example.com:5000/web:2"]})
        await put(hub, org, cluster, "pods", "db-1", cells={"images": ["postgres", "postgres"], "digests": ["", ""]})


async def images(person: Person, query: str = "") -> list[dict[str, Any]]:
    answer = await person.http.get(f"/api/v1/images{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.usefixtures("running")
class TestImages:
    async def test_a_repository_sums_up_tags_digests_and_places(self, viewer: Person) -> None:
        web, postgres = await images(viewer)
        assert (web["repository"], web["tags"], web["digests"], web["drifting"]) == ("eu.example.com:5000/web", 1, 2, 1)
        assert (web["clusters"], web["pods"], web["workloads"], web["floating"]) == (2, 2, 2, False)
        assert (postgres["repository"], postgres["pods"], postgres["floating"]) == ("postgres", 4, True)

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("?only=drift", ["eu.example.com:5000/web"]),
            ("?only=latest", ["postgres"]),
            ("?registry=docker.io", ["postgres"]),
            ("?registry=eu.example.com:5000", ["eu.example.com:5000/web"]),
            ("?q=web:2", ["eu.example.com:5000/web"]),
            ("?only=drift&cluster=berlin", []),
        ],
    )
    async def test_filters(self, viewer: Person, query: str, names: list[str]) -> None:
        assert [one["repository"] for one in await images(viewer, query)] == names

    async def test_the_uses_name_the_places(self, viewer: Person) -> None:
        answer = await viewer.http.get("/api/v1/images/uses?repository=eu.example.com:5000/web")
        places = [(u["cluster"], u["digest"], u["pods"], u["workloads"]) for u in answer.json()["items"]]
        assert places == [("paris", "bbbb", 1, 0), ("berlin", "aaaa", 1, 0), ("berlin", "", 0, 1), ("paris", "", 0, 1)]

    async def test_counts_follow_the_rows(self, hub: Hub, owner: Person) -> None:
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            cells = Jsonb({"images": ["postgres:17"], "digests": [""]})
            await tx.execute("update objects set cells = %s where name = 'db-1'", [cells])
            await tx.execute("delete from objects where name in ('web', 'web-1')")
        (postgres,) = await images(owner)
        assert (postgres["pods"], postgres["floating"], postgres["tags"]) == (2, False, 1)

    async def test_the_page_unfolds(self, viewer: Person) -> None:
        answer = await viewer.http.get("/images?open=postgres", headers={"Accept": "text/html"})
        assert answer.status_code == 200
        assert 'aria-expanded="true"' in answer.text
        assert "1 tag has several digests" in answer.text
        assert "2 images" in answer.text

    async def test_the_page_tells_the_registry_from_the_name_and_leaves_out_notes_where_there_are_none(
        self, viewer: Person
    ) -> None:
        answer = await viewer.http.get("/images?cluster=berlin&q=web", headers={"Accept": "text/html"})
        assert '<span class="muted">eu.example.com:5000/</span><wbr>web</span>' in answer.text
        assert "1 image<" in answer.text
        assert ">Notes<" not in answer.text
        assert ">Notes<" in (await viewer.http.get("/images?q=web", headers={"Accept": "text/html"})).text

    async def test_a_stranger_sees_none(self, stranger: Person) -> None:
        assert await images(stranger) == []
