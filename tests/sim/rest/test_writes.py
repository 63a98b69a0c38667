"""Create, update, patch, scale and delete, with the refusals of a real server."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.sim import Cluster
from tests.sim.asking import Asker, asking

MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
MERGE = {"Content-Type": "application/merge-patch+json"}
DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.shop.example.com"},
    "spec": {
        "group": "shop.example.com",
        "names": {"kind": "Widget", "plural": "widgets"},
        "scope": "Namespaced",
        "versions": [{"name": "v1", "served": True, "storage": True, "subresources": {"status": {}}}],
    },
}
WIDGETS = "/apis/shop.example.com/v1/namespaces/default/widgets"


def deployment(name: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "nginx:1"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


async def refusal(asker: Asker, path: str, method: str, body: Any, **headers: str) -> tuple[int, str]:
    status, answer = await asker.ask(path, method=method, body=body, headers=headers)
    return status, answer["message"]


async def test_creation_fills_in_and_happens_once(cluster: Cluster) -> None:
    async with asking(cluster) as asker:
        status, made = await asker.ask(MAPS, method="POST", body={"metadata": {"generateName": "a-"}})
        assert status == 201
        assert made["metadata"]["name"].startswith("a-")
        assert {"uid", "resourceVersion", "creationTimestamp"} <= set(made["metadata"])
        again = {"metadata": {"name": made["metadata"]["name"]}}
        expected = f'configmaps "{again["metadata"]["name"]}" already exists'
        assert await refusal(asker, MAPS, "POST", again) == (409, expected)
        nowhere = "/api/v1/namespaces/nope/configmaps"
        assert await refusal(asker, nowhere, "POST", again) == (404, 'namespaces "nope" not found')


async def test_an_update_of_an_older_version_conflicts(cluster: Cluster) -> None:
    made = cluster.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})
    async with asking(cluster) as asker:
        status, changed = await asker.ask(f"{MAPS}/a", method="PUT", body=made | {"data": {"k": "v"}})
        assert (status, changed["data"]) == (200, {"k": "v"})
        code, message = await refusal(asker, f"{MAPS}/a", "PUT", made)
        assert (code, message[:51]) == (409, 'Operation cannot be fulfilled on configmaps "a": th')
        status, unchanged = await asker.ask(f"{MAPS}/a", method="PUT", body=changed)
    assert unchanged["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]


async def test_status_and_spec_have_paths_of_their_own(cluster: Cluster) -> None:
    async with asking(cluster) as asker:
        _, made = await asker.ask(DEPLOYMENTS, method="POST", body=deployment("web") | {"status": {"replicas": 7}})
        assert made["status"] == {}
        patch = {"spec": {"replicas": 5}, "status": {"replicas": 1}}
        _, through = await asker.ask(f"{DEPLOYMENTS}/web/status", method="PATCH", body=patch, headers=MERGE)
        assert (through["spec"]["replicas"], through["status"]["replicas"]) == (2, 1)
        assert through["metadata"]["generation"] == 1
        _, direct = await asker.ask(f"{DEPLOYMENTS}/web", method="PATCH", body=patch, headers=MERGE)
        assert (direct["spec"]["replicas"], direct["status"]["replicas"]) == (5, 1)
        assert direct["metadata"]["generation"] == 2


async def test_scale(cluster: Cluster) -> None:
    cluster.api.create(deployment("web"))
    async with asking(cluster) as asker:
        scale = await asker.get(f"{DEPLOYMENTS}/web/scale")
        assert (scale["spec"], scale["status"]) == ({"replicas": 2}, {"replicas": 0, "selector": "app=web"})
        await asker.ask(f"{DEPLOYMENTS}/web/scale", method="PUT", body=scale | {"spec": {"replicas": 6}})
    assert cluster.api.get("deployments.apps", "web", "default")["spec"]["replicas"] == 6


async def test_deletion_heeds_preconditions_and_finalizers(cluster: Cluster) -> None:
    meta = {"name": "a", "finalizers": ["example.com/hold"]}
    cluster.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})
    async with asking(cluster) as asker:
        code, message = await refusal(asker, f"{MAPS}/a", "DELETE", {"preconditions": {"uid": "other"}})
        assert (code, "the UID in the precondition (other)" in message) == (409, True)
        _, held = await asker.ask(f"{MAPS}/a", method="DELETE")
        assert held["metadata"]["deletionTimestamp"]
        await asker.ask(f"{MAPS}/a", method="PATCH", body={"metadata": {"finalizers": None}}, headers=MERGE)
        assert await refusal(asker, f"{MAPS}/a", "GET", None) == (404, 'configmaps "a" not found')


async def test_what_is_owned_goes_with_its_owner(cluster: Cluster) -> None:
    cluster.seed(nodes=2, pods=30)
    [*_, owner] = cluster.api.list("deployments.apps", "shop")
    selector = owner["spec"]["selector"]["matchLabels"]["app.kubernetes.io/name"]
    async with asking(cluster) as asker:
        name = owner["metadata"]["name"]
        await asker.ask(f"/apis/apps/v1/namespaces/shop/deployments/{name}", method="DELETE")
        left = await asker.get(f"/api/v1/namespaces/shop/pods?labelSelector=app.kubernetes.io/name={selector}")
    assert left["items"] == []
    assert cluster.api.list("pods") != []


async def test_a_definition_brings_its_kind_and_takes_it_away(cluster: Cluster) -> None:
    cluster.api.create(DEFINITION)
    async with asking(cluster) as asker:
        groups = await asker.get("/apis")
        assert "shop.example.com" in [group["name"] for group in groups["groups"]]
        body = {"apiVersion": "shop.example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}
        await asker.ask(WIDGETS, method="POST", body=body)
        events = asker.watch(f"{WIDGETS}?watch=1")
        assert (await anext(events))["type"] == "ADDED"
        cluster.api.delete("customresourcedefinitions", "widgets.shop.example.com")
        assert [event["type"] async for event in events] == ["DELETED"]
        assert (await asker.ask(WIDGETS))[0] == 404


async def test_a_namespace_goes_with_everything_in_it(cluster: Cluster) -> None:
    cluster.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gone"}})
    cluster.api.create(deployment("web"), "gone")
    async with asking(cluster) as asker:
        status, answer = await asker.ask("/api/v1/namespaces/gone", method="DELETE")
    assert (status, answer["status"]["phase"]) == (200, "Terminating")
    assert cluster.api.list("deployments.apps", "gone") == []


@pytest.mark.parametrize(
    ("path", "method", "body", "code", "words"),
    [
        (MAPS, "PUT", {}, 405, "the server does not allow this method"),
        (MAPS, "POST", {"metadata": {"name": "A_b"}}, 422, 'ConfigMap "A_b" is invalid: metadata.name: Invalid value'),
        (MAPS, "POST", {"kind": "Secret", "apiVersion": "v1"}, 400, 'Secret in version "v1" cannot be handled'),
        ("/api/v1/namespaces/default/things", "POST", {}, 404, "the server could not find the requested resource"),
        (f"{MAPS}/kube-root-ca.crt", "PATCH", {}, 415, "415: Unsupported Media Type"),
    ],
)
async def test_refusals(
    cluster: Cluster,
    path: str,
    method: str,
    body: Any,
    code: int,
    words: str,
) -> None:
    async with asking(cluster) as asker:
        status, message = await refusal(asker, path, method, body)
    assert status == code
    assert message.startswith(words)


async def test_what_is_not_simulated_says_so(cluster: Cluster) -> None:
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}}
    cluster.api.create({"apiVersion": "v1", "kind": "Pod"} | pod)
    async with asking(cluster) as asker:
        code, message = await refusal(asker, "/api/v1/namespaces/default/pods/p/proxy", "GET", None)
        assert (code, message) == (501, "the simulated cluster does not implement pods/proxy; ask a real API server")
