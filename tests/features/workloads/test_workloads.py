"""Workloads over clusters, over HTTP: two clusters with rows, of whom one fails and runs an older version."""

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
async def fleet(hub: Hub, owner: Person) -> dict[str, UUID]:
    """`web` runs in berlin and paris; paris fails, and is behind."""
    org = owner.by.org_id
    ids = {name: await register(hub, org, name) for name in ("berlin", "paris")}
    label = {"app.kubernetes.io/name": "store"}
    for name, ready, health, image in (("berlin", "2/2", "ok", "web:2"), ("paris", "0/3", "bad", "web:1")):
        cells = {"ready": ready, "images": [image]}
        await put(hub, org, ids[name], "deployments.apps", "web", health=health, labels=label, cells=cells)
        await put(hub, org, ids[name], "replicasets.apps", "web-1", owner="deployments.apps-web")
        pod = {"restarts": 4, "images": [image], "digests": ["abc"]}
        await put(hub, org, ids[name], "pods", "web-1-x", owner="replicasets.apps-web-1", cells=pod)
    await put(hub, org, ids["berlin"], "daemonsets.apps", "agent", cells={"ready": "1/1", "images": ["agent:1"]})
    return ids


async def groups(person: Person, query: str = "") -> list[dict[str, Any]]:
    answer = await person.http.get(f"/api/v1/workloads{query}")
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.usefixtures("fleet")
class TestGroups:
    async def test_one_line_sums_up_every_cluster(self, viewer: Person) -> None:
        agent, web = await groups(viewer)
        assert (agent["name"], agent["clusters"], agent["health"]) == ("agent", 1, "ok")
        assert (web["clusters"], web["ready"], web["desired"], web["health"]) == (2, 2, 5, "bad")
        assert [one["name"] for one in web["failing"]] == ["paris"]
        assert web["versions"] == [{"name": "1", "clusters": 1}, {"name": "2", "clusters": 1}]
        assert web["restarts"] == 8

    @pytest.mark.parametrize(
        ("query", "names"),
        [
            ("?kind=daemonsets.apps", ["agent"]),
            ("?skewed=true", ["web"]),
            ("?failing=true", ["web"]),
            ("?q=ag", ["agent"]),
            ("?namespace=other", []),
            ("?cluster=paris", ["web"]),
            ("?group=app", ["store"]),
        ],
    )
    async def test_filters_leave_what_was_asked_for(self, viewer: Person, query: str, names: list[str]) -> None:
        assert [one["name"] for one in await groups(viewer, query)] == names

    async def test_an_app_sums_up_its_workloads_and_tells_no_version(self, viewer: Person) -> None:
        (store,) = await groups(viewer, "?group=app")
        assert (store["workloads"], store["clusters"], store["ready"], store["desired"]) == (2, 2, 2, 5)
        assert ([one["name"] for one in store["failing"]], store["health"]) == (["paris"], "bad")
        assert (store["versions"], store["restarts"]) == ([], None)

    @pytest.mark.parametrize("query", ["&namespace=shop", "&kind=deployments.apps"])
    async def test_apps_summed_up_and_read_are_the_same(self, viewer: Person, query: str) -> None:
        assert await groups(viewer, f"?group=app{query}") == await groups(viewer, "?group=app")

    @pytest.mark.parametrize(
        ("query", "names"),
        [("&failing=true", ["store"]), ("&q=stor", ["store"]), ("&q=x", []), ("&cluster=berlin", ["store"])],
    )
    async def test_apps_are_filtered(self, viewer: Person, query: str, names: list[str]) -> None:
        assert [one["name"] for one in await groups(viewer, f"?group=app{query}")] == names

    async def test_pages_follow_one_another(self, viewer: Person) -> None:
        first = (await viewer.http.get("/api/v1/workloads?limit=1")).json()
        second = (await viewer.http.get(f"/api/v1/workloads?limit=1&cursor={first['next']}")).json()
        assert [page["items"][0]["name"] for page in (first, second)] == ["agent", "web"]
        assert second["next"] is None

    async def test_members_say_what_each_cluster_runs(self, viewer: Person) -> None:
        answer = await viewer.http.get("/api/v1/workloads/web/members?namespace=shop&resource=deployments.apps")
        members = [(m["object"]["cluster"]["name"], m["version"], m["restarts"]) for m in answer.json()["items"]]
        assert members == [("paris", "1", 4), ("berlin", "2", 4)]

    async def test_an_unknown_kind_is_told_with_the_cure(self, viewer: Person) -> None:
        answer = await viewer.http.get("/api/v1/workloads?kind=pods")
        assert answer.status_code == 422
        assert "deployments.apps" in answer.json()["cure"]

    async def test_a_stranger_sees_none_of_it(self, stranger: Person) -> None:
        assert await groups(stranger) == []
        assert (await stranger.http.get("/api/v1/workloads?cluster=paris")).status_code == 404


SUMMED = "select app, cluster_id, workloads, bad, warned, counted, ready, desired from app_rollups"
TRUE = """
    select labels ->> 'app.kubernetes.io/name', cluster_id, count(*), count(*) filter (where health = 'bad'),
           count(*) filter (where health = 'warn'), count(*) filter (where cells ->> 'ready' <> ''),
           coalesce(sum(split_part(cells ->> 'ready', '/', 1)::integer), 0),
           coalesce(sum(split_part(cells ->> 'ready', '/', 2)::integer), 0)
    from objects where resource in ('deployments.apps', 'daemonsets.apps') and labels ->> 'app.kubernetes.io/name' <> ''
    group by 1, 2"""


@pytest.mark.usefixtures("fleet")
class TestAppRollups:
    @pytest.mark.parametrize(
        "change",
        [
            """update objects set labels = '{"app.kubernetes.io/name": "store"}'""",
            """update objects set labels = '{"app.kubernetes.io/name": "shop"}' where name = 'web'""",
            """update objects set health = 'warn', cells = cells || '{"ready": "1/4"}' where name = 'web'""",
            "update objects set cells = '{}'",
            "update objects set labels = '{}'",
            "delete from objects where resource = 'deployments.apps' and health = 'bad'",
            "delete from objects",
        ],
    )
    async def test_they_hold_what_there_is_after_every_change(self, hub: Hub, owner: Person, change: str) -> None:
        async with hub.house.db.transaction(owner.by.org_id) as tx:
            await tx.execute(change)
            query = f"""
                with summed as ({SUMMED}), true_ as ({TRUE})
                select count(*) from (
                    (select * from summed except all select * from true_)
                    union all (select * from true_ except all select * from summed)
                ) as different"""
            assert await tx.value(query) == 0


@pytest.mark.usefixtures("fleet")
class TestPage:
    async def test_skew_is_shown_in_words_and_a_group_unfolds(self, viewer: Person) -> None:
        answer = await viewer.http.get("/workloads?open=deployments.apps/shop/web", headers=HTML)
        text = html.unescape(answer.text)
        assert answer.status_code == 200
        assert "1 on 1, 2 on 1" in text
        assert 'aria-expanded="true"' in text
        assert ">paris</a>" in text

    async def test_what_matches_nothing_says_what_was_asked_and_offers_to_clear_once(self, viewer: Person) -> None:
        text = (await viewer.http.get("/workloads?q=nope", headers=HTML)).text
        assert "Nothing matches “nope”" in text
        assert text.count("Clear filters") == 1

    async def test_apps_have_no_column_that_says_nothing_until_one_is_unfolded(self, viewer: Person) -> None:
        folded = (await viewer.http.get("/workloads?group=app", headers=HTML)).text
        assert not re.search(">(Namespace|Version|Restarts)</th>", folded)
        mark = re.search(r'href="([^"]*open=[^"]*)"', folded)
        assert mark
        unfolded = (await viewer.http.get(html.unescape(mark[1]), headers=HTML)).text
        assert set(re.findall(">(Namespace|Version|Restarts)</th>", unfolded)) == {"Namespace", "Version", "Restarts"}

    async def test_the_kinds_lead_to_one_another_and_back_to_all(self, viewer: Person) -> None:
        grouped = html.unescape((await viewer.http.get("/workloads", headers=HTML)).text)
        assert re.search(r'<a href="/workloads\?kind=statefulsets.apps">Stateful sets</a>', grouped)
        listed = html.unescape((await viewer.http.get("/workloads/deployments.apps", headers=HTML)).text)
        assert re.search(r'<a href="/workloads">All</a>', listed)

    async def test_without_clusters_the_way_to_the_first_is_shown(self, stranger: Person) -> None:
        assert 'href="/connect"' in (await stranger.http.get("/workloads", headers=HTML)).text
