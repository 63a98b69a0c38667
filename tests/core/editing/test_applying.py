"""Files applied over the API: to one cluster and many, tried first, ordered, contested, refused, failing, on record."""

from __future__ import annotations

from typing import Any

from basefly.core.editing import applying
from basefly.core.editing.reading import File, read
from basefly.sim import Cluster
from tests.core.gateway.test_proxy import latest
from tests.people import Person

MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: '1'}\n"
SPACE = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"


def maps(cluster: Cluster) -> list[str]:
    """Those that were made here; every namespace has one of its own."""
    names = [each["metadata"]["name"] for each in cluster.api.list("configmaps", "default")]
    return [name for name in names if name != "kube-root-ca.crt"]


async def apply(person: Person, *texts: str, **more: Any) -> list[dict[str, Any]]:
    files = [{"name": f"{place}.yaml", "text": text} for place, text in enumerate(texts)]
    answer = await person.http.post("/api/v1/manifests", json={"files": files, "clusters": ["prod"], **more})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def test_what_others_stand_on_comes_first() -> None:
    kinds = ("Deployment", "CustomResourceDefinition", "Pod", "Namespace")
    text = "---\n".join(f"{{apiVersion: v1, kind: {kind}, metadata: {{name: a}}}}\n" for kind in kinds)
    found = applying.ordered(read([File("a", text)]))
    assert [each.object["kind"] for each in found] == [
        "Namespace", "CustomResourceDefinition", "Deployment", "Pod",
    ]  # fmt: skip


class TestApplying:
    async def test_makes_changes_and_leaves_alone(self, owner: Person, prod: str, cluster: Cluster) -> None:
        (made,) = await apply(owner, MAP)
        assert (made["outcome"], made["namespace"], made["file"], made["line"]) == ("created", "default", "0.yaml", 1)
        held = cluster.api.get("configmaps", "a", "default")
        assert held["data"] == {"x": "1"}
        assert [(each["manager"], each["operation"]) for each in held["metadata"]["managedFields"]] == [
            ("basefly", "Apply")
        ]
        assert (await apply(owner, MAP))[0]["outcome"] == "unchanged"
        (changed,) = await apply(owner, MAP.replace("'1'", "'2'"))
        assert changed["outcome"] == "changed"
        assert "-  x: '1'\n+  x: '2'\n" in changed["difference"]
        record = await latest(owner, "object.changed")
        assert record["object"] == f"clusters/{prod}/configmaps/default/a"

    async def test_a_trial_changes_nothing(self, owner: Person, prod: str, cluster: Cluster) -> None:
        (tried,) = await apply(owner, MAP, dry_run=True)
        assert tried["outcome"] == "created"
        assert maps(cluster) == []

    async def test_namespaces_come_first_wherever_they_stand(self, owner: Person, prod: str, cluster: Cluster) -> None:
        text = f"{MAP.replace('name: a', 'name: a, namespace: shop')}---\n{SPACE}"
        tried = await apply(owner, text, dry_run=True)
        assert [each["outcome"] for each in tried] == ["created", "created"], tried
        done = await apply(owner, text)
        assert [(each["kind"], each["outcome"]) for each in done] == [
            ("Namespace", "created"),
            ("ConfigMap", "created"),
        ]
        assert cluster.api.get("configmaps", "a", "shop")["data"] == {"x": "1"}

    async def test_each_object_has_its_own_result(self, owner: Person, prod: str) -> None:
        unknown = "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n"
        wrong = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: WRONG}\n"
        results = await apply(owner, unknown, wrong, MAP)
        assert [each["outcome"] for each in results] == ["refused", "failed", "created"]
        assert "serves no Widget of example.com/v1" in results[0]["detail"]

    async def test_what_others_own_is_a_conflict(self, owner: Person, prod: str, cluster: Cluster) -> None:
        meta = {"name": "a", "namespace": "default"}
        cluster.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"x": "theirs"}})
        (refused,) = await apply(owner, MAP)
        assert refused["outcome"] == "conflict"
        assert "owns .data.x" in refused["detail"]
        assert cluster.api.get("configmaps", "a", "default")["data"] == {"x": "theirs"}
        (taken,) = await apply(owner, MAP, take_over=True)
        assert taken["outcome"] == "changed"
        assert cluster.api.get("configmaps", "a", "default")["data"] == {"x": "1"}

    async def test_values_of_secrets_are_not_shown(self, owner: Person, prod: str) -> None:
        text = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {x: c2VjcmV0}\n"
        (made,) = await apply(owner, text)
        assert made["outcome"] == "created"
        assert "c2VjcmV0" not in made["difference"]

    async def test_a_reader_is_refused(self, viewer: Person, prod: str, cluster: Cluster) -> None:
        body = {"files": [{"name": "a", "text": MAP}], "clusters": ["prod"]}
        assert (await viewer.http.post("/api/v1/manifests", json=body)).status_code == 403
        assert maps(cluster) == []

    async def test_a_stranger_cannot_tell_that_it_exists(self, stranger: Person, prod: str) -> None:
        for cluster in (prod, "no-such-cluster"):
            body = {"files": [{"name": "a", "text": MAP}], "clusters": [cluster]}
            answer = await stranger.http.post("/api/v1/manifests", json=body)
            assert answer.status_code == 404
            assert f"There is no cluster '{cluster}' here." in answer.text

    async def test_what_is_asked_wrong_is_told(self, owner: Person, prod: str) -> None:
        for body, told in (
            ({"files": [], "clusters": ["prod"]}, "no object"),
            ({"files": [{"name": "a.yaml", "text": MAP}], "clusters": []}, "clusters"),
            ({"files": [{"name": "a.yaml", "text": f"{MAP}data: {{}}"}], "clusters": ["prod"]}, "a.yaml, line 5"),
        ):
            answer = await owner.http.post("/api/v1/manifests", json=body)
            assert answer.status_code == 422
            assert told in answer.text
