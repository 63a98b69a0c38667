"""The inventory over HTTP: a registered cluster, followed by the real controllers, asked as people would."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from basefly.base.runtime.controllers import supervise
from basefly.core.inventory import detail
from basefly.core.sync.controller import SyncController
from basefly.core.sync.model import Place
from basefly.core.sync.store import streams
from basefly.core.sync.store.merge import Change, upsert_objects
from basefly.sim import Cluster
from basefly.sim.faults import Effect
from tests.core.sync.conftest import eventually, running
from tests.core.sync.test_cluster import pod
from tests.core.sync.writing.test_writer import row
from tests.people import Hub, Person, house, hub, listener, owner, port, stranger, viewer

__all__ = ["house", "hub", "listener", "owner", "port", "stranger", "viewer"]


@pytest.fixture
async def berlin(cluster: Cluster, hub: Hub, owner: Person) -> AsyncIterator[dict[str, Any]]:
    """The simulated cluster, registered and followed until all that it serves has been read."""
    cluster.seed(nodes=2, pods=25, seed=4)
    asked = {"name": "berlin", "kubeconfig": cluster.kubeconfig(), "context": cluster.name}
    registered = await owner.http.post("/api/v1/clusters", json=asked, headers={"Origin": hub.url})
    assert registered.status_code == 201, registered.text
    async with running(supervise([SyncController(hub.house)])):

        async def followed() -> bool:
            async with hub.house.db.transaction(owner.by.org_id) as tx:
                found = await streams.get_streams(tx)
            return bool(found) and all(stream.listed_at for stream in found)

        await eventually(followed, within=20)
        yield registered.json()


async def ask(person: Person, path: str, **params: Any) -> Any:
    answer = await person.http.get(f"/api/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def problem(answer: httpx.Response, status: int) -> Any:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    return answer.json()


@pytest.mark.usefixtures("berlin")
class TestLists:
    async def test_says_where_how_and_how_old(self, viewer: Person, berlin: dict[str, Any]) -> None:
        found = await ask(viewer, "/objects/po", limit=5, sort="-restarts")
        assert len(found["items"]) == 5
        assert found["next"]
        assert found["as_of"][berlin["id"]] is not None
        first = found["items"][0]
        assert first["cluster"] == {"id": berlin["id"], "name": "berlin"}
        assert (first["resource"], first["kind"]) == ("pods", "Pod")
        assert {"ready", "restarts", "node", "images"} <= first["cells"].keys()
        restarts = [item["cells"]["restarts"] for item in found["items"]]
        assert restarts == sorted(restarts, reverse=True)

    async def test_filters_by_column_namespace_and_cluster(self, viewer: Person, cluster: Cluster) -> None:
        node = cluster.api.list("nodes")[0]["metadata"]["name"]
        wanted = [whole for whole in cluster.api.list("pods") if whole["spec"].get("nodeName") == node]
        found = await ask(viewer, "/objects/pods", node=node, cluster="BERLIN", limit=1000)
        assert found["total"] == len(wanted)
        namespace = wanted[0]["metadata"]["namespace"]
        inside = await ask(viewer, "/objects/pods", node=node, namespace=namespace)
        assert inside["total"] == sum(whole["metadata"]["namespace"] == namespace for whole in wanted)

    @pytest.mark.parametrize(
        ("params", "status", "told"),
        [
            ({"sort": "shoe_size"}, 422, "shoe_size"),
            ({"labels": "a in b"}, 422, "label selector"),
            ({"shoe_size": "42"}, 422, "shoe_size"),
            ({"cursor": "nonsense"}, 422, "cursor"),
            ({"cluster": "atlantis"}, 404, "atlantis"),
        ],
    )
    async def test_bad_questions_get_a_reason_and_a_cure(
        self, viewer: Person, params: dict[str, str], status: int, told: str
    ) -> None:
        found = problem(await viewer.http.get("/api/v1/objects/pods", params=params), status)
        assert told in found["detail"]
        assert found["cure"]

    async def test_a_kind_nobody_serves_is_not_found(self, viewer: Person) -> None:
        for path in ("/objects/unicorns", "/objects/unicorns/facets"):
            found = problem(await viewer.http.get(f"/api/v1{path}"), 404)
            assert "unicorns" in found["detail"]
            assert found["cure"]

    async def test_a_stranger_sees_an_empty_fleet(self, stranger: Person, berlin: dict[str, Any]) -> None:
        assert (await ask(stranger, "/objects/pods"))["items"] == []
        problem(await stranger.http.get("/api/v1/objects/pods", params={"cluster": berlin["id"]}), 404)
        assert (await ask(stranger, "/search", q="a"))["items"] == []
        assert (await ask(stranger, "/overview"))["clusters"] == []
        assert (await ask(stranger, "/resources"))["items"] == []

    async def test_nobody_sees_nothing(self, hub: Hub) -> None:
        async with hub.browser() as nobody:
            problem(await nobody.get("/api/v1/objects/pods"), 401)


@pytest.mark.usefixtures("berlin")
class TestCounts:
    async def test_resources_facets_and_overview_agree_with_the_cluster(self, viewer: Person, cluster: Cluster) -> None:
        resources = {each["name"]: each for each in (await ask(viewer, "/resources"))["items"]}
        assert resources["pods"]["count"] == len(cluster.api.list("pods"))
        assert resources["deployments.apps"]["kind"] == "Deployment"
        facets = await ask(viewer, "/objects/pods/facets")
        assert sum(facets["status"].values()) == resources["pods"]["count"] == facets["cluster"]["berlin"]
        overview = await ask(viewer, "/overview")
        tallies = {tally["resource"]: tally["total"] for tally in overview["tallies"]}
        assert tallies["nodes"] == overview["clusters"][0]["nodes"] == 2

    async def test_the_list_of_clusters_counts_what_runs_in_them(self, viewer: Person, cluster: Cluster) -> None:
        (listed,) = (await ask(viewer, "/clusters"))["items"]
        assert listed["counts"]["pods"] == len(cluster.api.list("pods"))


@pytest.mark.usefixtures("berlin")
class TestOneObject:
    async def test_is_live_while_its_cluster_answers(self, viewer: Person, cluster: Cluster) -> None:
        meta = cluster.api.list("pods")[0]["metadata"]
        path = f"/clusters/berlin/objects/pods/{meta['name']}"
        found = await ask(viewer, path, namespace=meta["namespace"])
        assert found["live"] is True
        assert found["object"]["metadata"]["uid"] == found["row"]["uid"] == meta["uid"]

    async def test_is_as_last_known_while_it_does_not(self, viewer: Person, cluster: Cluster) -> None:
        meta = cluster.api.list("pods")[0]["metadata"]
        await cluster.stop()
        found = await ask(viewer, f"/clusters/berlin/objects/pods/{meta['name']}", namespace=meta["namespace"])
        assert found["live"] is False
        assert found["as_of"]
        assert found["reason"]
        assert found["row"]["uid"] == meta["uid"]

    async def test_nobody_waits_long_for_a_cluster_that_hangs(
        self, viewer: Person, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(detail, "PATIENCE", 0.05)
        meta = cluster.api.list("pods")[0]["metadata"]
        with cluster.faults.inject(Effect.HANG, verb="get"):
            found = await ask(viewer, f"/clusters/berlin/objects/pods/{meta['name']}", namespace=meta["namespace"])
        assert (found["live"], found["row"]["uid"]) == (False, meta["uid"])
        assert "not answered" in found["reason"]

    async def test_a_secret_comes_without_its_values(self, viewer: Person, cluster: Cluster) -> None:
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "db", "namespace": "default"},
            "data": {"password": "aHVudGVyMg=="},
        }
        cluster.api.create(secret)

        async def there() -> bool:
            found = await viewer.http.get("/api/v1/objects/secrets", params={"q": "db", "namespace": "default"})
            return bool(found.json()["total"])

        await eventually(there)
        found = await viewer.http.get("/api/v1/clusters/berlin/objects/secrets/db", params={"namespace": "default"})
        assert found.json()["object"]["data"] == {"password": ""}
        page = await viewer.http.get("/clusters/berlin/objects/secrets/db", params={"namespace": "default"})
        assert page.status_code == 200
        assert "aHVudGVyMg" not in found.text + page.text

    async def test_family_and_events(self, viewer: Person, cluster: Cluster) -> None:
        owned = next(w for w in cluster.api.list("pods") if w["metadata"].get("ownerReferences"))
        meta = owned["metadata"]
        path = f"/clusters/berlin/objects/pods/{meta['name']}"
        graph = await ask(viewer, f"{path}/graph", namespace=meta["namespace"])
        assert {"from": meta["ownerReferences"][0]["uid"], "to": meta["uid"]} in graph["edges"]
        event = {
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": meta["namespace"]},
            "type": "Warning", "reason": "BackOff", "message": "again",
            "involvedObject": {"kind": "Pod", "name": meta["name"], "namespace": meta["namespace"], "uid": meta["uid"]},
        }  # fmt: skip
        cluster.api.create(event)

        async def told() -> bool:
            events = (await ask(viewer, f"{path}/events", namespace=meta["namespace"]))["items"]
            return any(e["cells"]["message"] == "again" for e in events)

        await eventually(told)

    async def test_what_is_not_there_is_not_found(self, viewer: Person, stranger: Person) -> None:
        missing = problem(await viewer.http.get("/api/v1/clusters/berlin/objects/pods/nope?namespace=default"), 404)
        foreign = problem(await stranger.http.get("/api/v1/clusters/berlin/objects/pods/nope?namespace=default"), 404)
        assert missing["code"] == foreign["code"] == "not_found"


@pytest.mark.usefixtures("berlin")
class TestPages:
    @pytest.mark.parametrize(
        "path", ["/", "/clusters", "/nodes", "/workloads", "/pods", "/objects", "/events", "/search?q=a", "/objects/cm"]
    )
    async def test_answer_with_html(self, viewer: Person, path: str) -> None:
        page = await viewer.http.get(path, headers={"Accept": "text/html"}, follow_redirects=True)
        assert page.status_code == 200, page.text
        assert "<h1" in page.text

    async def test_a_list_shows_the_objects_as_text_whatever_their_names(
        self, viewer: Person, hub: Hub, berlin: dict[str, Any]
    ) -> None:
        hostile = "<script>alert(1)</script>"
        async with hub.house.db.transaction(viewer.by.org_id) as tx:
            change = Change(Place(berlin["id"], "pods"), row("u-hostile", hostile, cells=json.dumps({"node": hostile})))
            await upsert_objects(tx, [change])
        page = await viewer.http.get("/pods", params={"q": "script"})
        assert page.status_code == 200
        assert hostile not in page.text
        assert "&lt;script&gt;" in page.text


class TestTrouble:
    async def test_a_kind_that_may_not_be_read_is_owned_up_to(
        self, cluster: Cluster, hub: Hub, viewer: Person, berlin: dict[str, Any]
    ) -> None:
        cluster.faults.add(Effect.FORBIDDEN, resource="configmaps")
        cluster.faults.drop_watches()

        async def told() -> bool:
            found = (await ask(viewer, "/objects/configmaps"))["missing"]
            return bool(found) and found[0]["reason"].startswith("not permitted")

        await eventually(told, within=20)
        assert (await ask(viewer, "/objects/pods"))["missing"] == []

    async def test_a_removed_cluster_takes_its_objects_along_and_brings_them_back(
        self, hub: Hub, owner: Person, cluster: Cluster, berlin: dict[str, Any]
    ) -> None:
        here = {"Origin": hub.url}
        removed = await owner.http.delete(f"/api/v1/clusters/{berlin['id']}", headers=here)
        assert removed.status_code in (200, 202, 204), removed.text
        assert (await ask(owner, "/objects/pods"))["items"] == []

        async def swept() -> bool:
            async with hub.house.db.transaction(owner.by.org_id) as tx:
                return bool(await tx.value("select count(*) from objects") == 0)

        await eventually(swept, within=20)
        restored = await owner.http.post(f"/api/v1/clusters/{berlin['id']}/restorations", headers=here)
        assert restored.status_code in (200, 201), restored.text

        async def back() -> bool:
            return bool((await ask(owner, "/objects/pods"))["total"] == len(cluster.api.list("pods")))

        await eventually(back, within=20)

    async def test_changes_reach_the_list_in_no_time(
        self, cluster: Cluster, viewer: Person, berlin: dict[str, Any]
    ) -> None:
        cluster.api.create(pod("fresh"))

        async def there() -> bool:
            return bool((await ask(viewer, "/objects/pods", q="fresh"))["total"] == 1)

        await eventually(there, within=3)
