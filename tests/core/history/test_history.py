"""The life of objects: through a followed cluster to what people read."""

from __future__ import annotations

from typing import Any

from basefly.sim import Cluster
from tests.core.history.conftest import History, deployment
from tests.people import Person

APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def scaled(to: int) -> Any:
    return lambda whole: whole["spec"].update(replicas=to)


def path(cluster: str, name: str, kind: str = "deployments.apps") -> str:
    return f"/api/v1/clusters/{cluster}/objects/{kind}/{name}"


class TestLife:
    async def test_what_was_there_is_seen_and_what_comes_is_created_changed_and_deleted(
        self, cluster: Cluster, berlin: str, history: History, owner: Person
    ) -> None:
        assert [entry["what"] for entry in await history("deployments.apps", "old")] == ["seen"]
        cluster.api.create(deployment("web"))
        await history("deployments.apps", "web")
        cluster.api.change("deployments.apps", "web", "shop", by=scaled(5))
        await history("deployments.apps", "web", entries=2)
        cluster.api.delete("deployments.apps", "web", "shop")
        entries = await history("deployments.apps", "web", entries=3)
        assert [entry["what"] for entry in entries] == ["deleted", "changed", "created"]
        assert entries[1]["changes"] == [{"path": "spec.replicas", "before": "2", "after": "5"}]

    async def test_status_and_heartbeats_are_no_changes(
        self, cluster: Cluster, berlin: str, history: History, owner: Person
    ) -> None:
        def beat(whole: dict[str, Any]) -> None:
            whole["status"] = {"replicas": 2, "readyReplicas": 2}
            whole["metadata"].setdefault("annotations", {})["deployment.kubernetes.io/revision"] = "7"

        cluster.api.change("deployments.apps", "old", "shop", by=beat)
        cluster.api.change("deployments.apps", "old", "shop", by=scaled(1))
        entries = await history("deployments.apps", "old", entries=2)
        assert [entry["what"] for entry in entries] == ["changed", "seen"]

    async def test_a_label_is_a_change(self, cluster: Cluster, history: History) -> None:
        cluster.api.change(
            "deployments.apps", "old", "shop", by=lambda whole: whole["metadata"]["labels"].update({"a.io/tier": "x"})
        )
        latest = (await history("deployments.apps", "old", entries=2))[0]
        assert latest["changes"] == [{"path": "metadata.labels[a.io/tier]", "after": "x"}]

    async def test_made_anew_it_is_another_object_of_the_same_life(self, cluster: Cluster, history: History) -> None:
        cluster.api.delete("deployments.apps", "old", "shop")
        await history("deployments.apps", "old", entries=2)
        cluster.api.create(deployment("old", replicas=9))
        entries = await history("deployments.apps", "old", entries=3)
        assert [entry["what"] for entry in entries] == ["created", "deleted", "seen"]
        assert len({entry["uid"] for entry in entries}) == 2


class TestSecrets:
    async def test_of_a_value_nothing_is_kept_but_that_it_changed(
        self, cluster: Cluster, berlin: str, history: History, owner: Person
    ) -> None:
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {
                "name": "login",
                "namespace": "shop",
                "annotations": {APPLIED: '{"data":{"password":"aHVudGVyMg=="}}'},
            },
            "data": {"password": "aHVudGVyMg==", "user": "bWlh"},
        }  # fmt: skip
        cluster.api.create(secret)
        await history("secrets", "login")
        cluster.api.change("secrets", "login", "shop", by=lambda whole: whole["data"].update(password="bmV3"))
        latest = (await history("secrets", "login", entries=2))[0]
        assert [change["path"] for change in latest["changes"]] == ["data.password"]
        past = await owner.http.get(
            f"{path(berlin, 'login', 'secrets')}/history/past", params={"namespace": "shop", "at": latest["version"]}
        )
        assert set(past.json()["object"]["data"]) == {"password", "user"}
        assert "aHVudGVyMg" not in past.text
        assert "bmV3" not in past.text
        assert "last-applied" not in past.text


class TestPast:
    async def test_as_it_was_and_what_differs(
        self, cluster: Cluster, berlin: str, history: History, owner: Person
    ) -> None:
        cluster.api.change("deployments.apps", "old", "shop", by=scaled(7))
        late, early = await history("deployments.apps", "old", entries=2)
        asked = {"namespace": "shop", "at": early["at"]}
        past = (await owner.http.get(f"{path(berlin, 'old')}/history/past", params=asked)).json()
        assert past["object"]["spec"]["replicas"] == 2
        assert past["until"] == late["at"]
        asked = {"namespace": "shop", "after": late["version"]}
        compared = (await owner.http.get(f"{path(berlin, 'old')}/history/difference", params=asked)).json()
        differ = [(each["kind"], each["text"].strip()) for each in compared["lines"] if each["kind"] != "same"]
        assert differ[-2:] == [("removed", "replicas: 2"), ("added", "replicas: 7")]

    async def test_before_its_time_nothing_is_known(self, berlin: str, history: History, owner: Person) -> None:
        await history("deployments.apps", "old")
        asked = {"namespace": "shop", "at": "2001-01-01T00:00:00Z"}
        answer = await owner.http.get(f"{path(berlin, 'old')}/history/past", params=asked)
        assert answer.status_code == 404
        assert (
            await owner.http.get(f"{path(berlin, 'old')}/history/past", params=asked | {"at": "noon"})
        ).status_code == 422


class TestLately:
    async def test_what_changed_is_listed_with_its_filters(
        self, cluster: Cluster, berlin: str, history: History, owner: Person
    ) -> None:
        for replicas in (3, 4, 5):
            cluster.api.change("deployments.apps", "old", "shop", by=scaled(replicas))
            await history("deployments.apps", "old", entries=replicas - 1)
        cluster.api.delete("deployments.apps", "old", "shop")
        await history("deployments.apps", "old", entries=5)
        first = (await owner.http.get("/api/v1/history", params={"namespace": "shop", "limit": 3})).json()
        assert [entry["what"] for entry in first["items"]] == ["deleted", "changed", "changed"]
        rest = (await owner.http.get("/api/v1/history", params={"namespace": "shop", "cursor": first["next"]})).json()
        assert [entry["changes"][0]["after"] for entry in rest["items"] if entry["what"] == "changed"] == ["3"]
        none = (await owner.http.get("/api/v1/history", params={"resource": "cm", "q": "old"})).json()
        assert none == {"items": [], "next": None}


class TestRights:
    async def test_a_stranger_cannot_tell_that_it_exists(self, berlin: str, history: History, stranger: Person) -> None:
        (entry,) = await history("deployments.apps", "old")
        for more in ("history", f"history/past?at={entry['version']}", f"history/difference?after={entry['version']}"):
            assert (await stranger.http.get(f"{path(berlin, 'old')}/{more}")).status_code == 404
        assert (await stranger.http.get("/api/v1/history")).json()["items"] == []


class TestSettings:
    async def test_whoever_may_decides_and_it_is_on_record(self, owner: Person, viewer: Person) -> None:
        assert (await viewer.http.get("/api/v1/history/settings")).json() == {"days": 30, "versions": 100}
        wanted = {"days": 7, "versions": 20}
        assert (await viewer.http.put("/api/v1/history/settings", json=wanted)).status_code == 403
        assert (await owner.http.put("/api/v1/history/settings", json={"days": 0, "versions": 5})).status_code == 422
        assert (await owner.http.put("/api/v1/history/settings", json=wanted)).json() == wanted
        assert (await owner.http.get("/api/v1/history/settings")).json() == wanted
        acts = (await owner.http.get("/api/v1/audit", params={"act": "history.retention_changed"})).json()["items"]
        assert [act["after"] for act in acts] == [wanted]
