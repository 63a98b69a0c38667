"""An object edited over the API: opened, tried, made; stale, contested, refused, unseen, failing; on record."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.sim import Cluster
from tests.core.editing.conftest import WEB, draft
from tests.core.gateway.test_proxy import allow, latest
from tests.people import Person
from tests.sim.asking import asking

FLUX = {"manager": "flux", "operation": "Apply", "fields": [".spec.replicas"]}
PATH = "/apis/apps/v1/namespaces/default/deployments/web"


def live(cluster: Cluster) -> dict[str, Any]:
    return cluster.api.get("deployments.apps", "web", "default")


async def ask(person: Person, what: str, original: str, text: str, **more: Any) -> Any:
    body = {"namespace": "default", "original": original, "text": text, **more}
    return await person.http.post(f"/api/v1/{WEB}/{what}", json=body)


async def owned_by_flux(cluster: Cluster) -> None:
    """Its replicas are what somebody else applies."""
    config = {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": 1}}
    media = {"Content-Type": "application/apply-patch+yaml"}
    async with asking(cluster) as asker:
        status, told = await asker.ask(
            f"{PATH}?fieldManager=flux&force=true", method="PATCH", body=config, headers=media
        )
    assert status == 200, told


class TestOpening:
    async def test_without_what_the_cluster_keeps(self, owner: Person, prod: str) -> None:
        text = await draft(owner)
        assert "kind: Deployment" in text
        assert not any(word in text for word in ("managedFields", "resourceVersion", "status:", "uid:"))

    async def test_a_secret_takes_the_permission_for_secrets(
        self, owner: Person, viewer: Person, prod: str, cluster: Cluster
    ) -> None:
        meta = {"name": "key", "namespace": "default"}
        cluster.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"a": "c2VjcmV0"}})
        assert "c2VjcmV0" in await draft(owner, "clusters/prod/objects/secrets/key")
        path = "/api/v1/clusters/prod/objects/secrets/key/draft?namespace=default"
        assert (await viewer.http.get(path)).status_code == 403
        record = await latest(owner, "object.read")
        assert (record["outcome"], "c2VjcmV0" in str(record)) == ("done", False)

    async def test_a_stranger_cannot_tell_that_it_exists(self, stranger: Person, prod: str) -> None:
        assert (await stranger.http.get(f"/api/v1/{WEB}/draft?namespace=default")).status_code == 404


class TestTrying:
    async def test_shows_what_would_change_and_changes_nothing(
        self, owner: Person, prod: str, cluster: Cluster
    ) -> None:
        text = await draft(owner)
        before = live(cluster)
        answer = await ask(owner, "reviews", text, text.replace("replicas: 1", "replicas: 4"))
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert "-  replicas: 1\n+  replicas: 4\n" in told["difference"]
        assert (told["owners"], told["moved"]) == ([], "")
        assert live(cluster) == before
        assert (await latest(owner, "object.changed"))["detail"]["dry_run"] is True

    async def test_what_the_cluster_would_not_take(self, owner: Person, prod: str) -> None:
        text = await draft(owner)
        answer = await ask(owner, "reviews", text, text.replace("replicas: 1", "replicas: -4"))
        assert answer.status_code == 422
        assert (await latest(owner, "object.changed"))["outcome"] == "failed"

    async def test_a_reader_is_refused(self, viewer: Person, prod: str) -> None:
        assert (await ask(viewer, "reviews", "", "")).status_code == 403

    async def test_a_stranger_cannot_tell_that_it_exists(self, stranger: Person, prod: str) -> None:
        assert (await ask(stranger, "reviews", "", "")).status_code == 404

    async def test_who_owns_what_would_change(self, owner: Person, prod: str, cluster: Cluster) -> None:
        await owned_by_flux(cluster)
        text = await draft(owner)
        told = (await ask(owner, "reviews", text, text.replace("replicas: 1", "replicas: 4"))).json()
        assert FLUX in told["owners"]  # beside whoever made it


class TestMaking:
    async def test_works_and_leaves_a_record(self, owner: Person, prod: str, cluster: Cluster) -> None:
        text = await draft(owner)
        answer = await ask(owner, "edits", text, text.replace("replicas: 1", "replicas: 4"))
        assert answer.status_code == 200, answer.text
        assert "replicas: 4" in answer.json()["text"]
        assert live(cluster)["spec"]["replicas"] == 4
        record = await latest(owner, "object.changed")
        assert record["object"] == f"clusters/{prod}/deployments.apps/default/web"
        assert (record["outcome"], "dry_run" in record["detail"]) == ("done", False)

    async def test_what_was_taken_out_is_gone(self, owner: Person, prod: str, cluster: Cluster) -> None:
        found = live(cluster)
        found["metadata"]["labels"] = {"a": "1", "b": "2"}
        cluster.api.replace(found)
        text = await draft(owner)
        assert (await ask(owner, "edits", text, text.replace("    a: '1'\n", ""))).status_code == 200
        assert live(cluster)["metadata"]["labels"] == {"b": "2"}

    async def test_a_reader_is_refused(self, viewer: Person, owner: Person, prod: str, cluster: Cluster) -> None:
        text = await draft(owner)
        assert (await ask(viewer, "edits", text, text.replace("replicas: 1", "replicas: 4"))).status_code == 403
        assert live(cluster)["spec"]["replicas"] == 1

    async def test_a_stranger_cannot_tell_that_it_exists(self, stranger: Person, owner: Person, prod: str) -> None:
        text = await draft(owner)
        assert (await ask(stranger, "edits", text, text)).status_code == 404

    async def test_what_the_cluster_refuses_is_on_record(self, owner: Person, prod: str, cluster: Cluster) -> None:
        text = await draft(owner)
        assert (await ask(owner, "edits", text, text.replace("replicas: 1", "replicas: -4"))).status_code == 422
        assert (await latest(owner, "object.changed"))["outcome"] == "failed"

    async def test_others_are_not_overwritten_unseen(self, owner: Person, prod: str, cluster: Cluster) -> None:
        await owned_by_flux(cluster)
        text = await draft(owner)
        mine = text.replace("replicas: 1", "replicas: 4")
        refused = await ask(owner, "edits", text, mine)
        assert (refused.status_code, refused.json()["code"]) == (409, "fields_owned")
        assert "flux owns .spec.replicas" in refused.json()["detail"]
        assert live(cluster)["spec"]["replicas"] == 1
        assert (await ask(owner, "edits", text, mine, take_over=True)).status_code == 200
        assert live(cluster)["spec"]["replicas"] == 4

    async def test_what_moved_meanwhile_is_shown(self, owner: Person, prod: str, cluster: Cluster) -> None:
        text = await draft(owner)
        found = live(cluster)
        found["spec"]["minReadySeconds"] = 7
        cluster.api.replace(found)
        mine = text.replace("replicas: 1", "replicas: 4")
        refused = await ask(owner, "edits", text, mine)
        assert (refused.status_code, refused.json()["code"]) == (409, "object_moved")
        assert live(cluster)["spec"]["replicas"] == 1
        told = (await ask(owner, "reviews", text, mine)).json()
        assert "minReadySeconds: 7" in told["moved"]
        assert told["both"] == []
        done = await ask(owner, "edits", told["original"], told["text"])
        assert done.status_code == 200, done.text
        assert (live(cluster)["spec"]["minReadySeconds"], live(cluster)["spec"]["replicas"]) == (7, 4)

    async def test_a_status_that_moves_is_in_nobodys_way(self, owner: Person, prod: str, cluster: Cluster) -> None:
        text = await draft(owner)
        changed = live(cluster) | {"status": {"replicas": 1}}
        async with asking(cluster) as asker:
            status, told = await asker.ask(f"{PATH}/status", method="PUT", body=changed)
        assert status == 200, told
        assert (await ask(owner, "edits", text, text.replace("replicas: 1", "replicas: 4"))).status_code == 200

    @pytest.mark.parametrize(
        ("old", "new"), [("name: web", "name: other"), ("namespace: default", "namespace: shop"), ("apps/v1", "v2")]
    )
    async def test_it_stays_the_same_object(self, owner: Person, prod: str, old: str, new: str) -> None:
        text = await draft(owner)
        answer = await ask(owner, "edits", text, text.replace(old, new))
        assert answer.status_code == 422
        assert "another object" in answer.text

    async def test_a_mistake_says_its_line(self, owner: Person, prod: str) -> None:
        text = await draft(owner)
        answer = await ask(owner, "edits", text, text + "spec: {}\n")
        assert answer.status_code == 422
        assert f"line {len(text.splitlines()) + 1}" in answer.json()["detail"]


class TestFields:
    async def test_are_those_of_the_cluster(self, viewer: Person, prod: str) -> None:
        async def names(at: str, kind: str = "deploy") -> dict[str, Any]:
            answer = await viewer.http.get(f"/api/v1/clusters/prod/kinds/{kind}/fields", params={"at": at})
            assert answer.status_code == 200, answer.text
            return {each["name"]: each for each in answer.json()["items"]}

        assert {"apiVersion", "kind", "metadata", "spec"} <= (await names("")).keys()
        containers = await names("spec.template.spec.containers")
        assert (containers["image"]["type"], containers["ports"]["type"]) == ("string", "[]object")
        assert (await names("metadata"))["labels"]["type"] == "map[string]string"
        assert await names("metadata.labels") == {}
        assert await names("spec.nonsense.more") == {}

    async def test_a_kind_that_is_not_there(self, viewer: Person, prod: str) -> None:
        assert (await viewer.http.get("/api/v1/clusters/prod/kinds/nonsense/fields")).status_code == 404

    async def test_a_stranger_cannot_tell_that_it_exists(self, stranger: Person, prod: str) -> None:
        assert (await stranger.http.get("/api/v1/clusters/prod/kinds/deploy/fields")).status_code == 404


async def test_the_cluster_has_the_last_word(owner: Person, viewer: Person, prod: str, cluster: Cluster) -> None:
    allow(cluster, "basefly:nobody", "view")
    for held in cluster.api.list("clusterrolebindings.rbac.authorization.k8s.io"):
        if held["metadata"]["name"].startswith("basefly-admin"):
            cluster.api.delete("clusterrolebindings.rbac.authorization.k8s.io", held["metadata"]["name"])
    text = await draft(owner)
    answer = await ask(owner, "edits", text, text.replace("replicas: 1", "replicas: 4"))
    assert (answer.status_code, answer.json()["code"]) == (403, "cluster_forbidden")
