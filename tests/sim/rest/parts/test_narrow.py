"""Bindings, and the parts that take a whole object and change one thing of it."""

from __future__ import annotations

from typing import Any

from basefly.sim import Cluster
from tests.sim.asking import asking
from tests.sim.rest.parts.pods import POD, plant
from tests.sim.test_clients import Kubectl

BINDING = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "web"}, "target": {"kind": "Node", "name": "n"}}


async def test_a_pod_is_bound_once(cluster: Cluster) -> None:
    plant(cluster, node="", phase="Pending")
    async with asking(cluster) as asker:
        status, told = await asker.ask(f"{POD}/binding", method="POST", body=BINDING)
        assert (status, told["status"]) == (201, "Success")
        status, told = await asker.ask(f"{POD}/binding", method="POST", body=BINDING)
    assert (status, told["reason"]) == (409, "Conflict")
    assert told["message"].endswith('pod web is already assigned to node "n"')
    pod = cluster.api.get("pods", "web")
    assert pod["spec"]["nodeName"] == "n"
    assert {held["type"]: held["status"] for held in pod["status"]["conditions"]}["PodScheduled"] == "True"


async def test_kubectl_resizes_a_pod_and_nothing_else(cluster: Cluster) -> None:
    plant(cluster)
    wanted: dict[str, Any] = {"requests": {"cpu": "200m"}}
    patch = {"spec": {"containers": [{"name": "app", "image": "other:2", "resources": wanted}]}}
    media = {"Content-Type": "application/strategic-merge-patch+json"}
    async with asking(cluster) as asker:
        status, told = await asker.ask(f"{POD}/resize", method="PATCH", body=patch, headers=media)
    assert status == 200
    assert told["spec"]["containers"][0]["resources"] == wanted
    assert told["spec"]["containers"][0]["image"] == "app:1"


async def test_kubectl_debugs_with_an_ephemeral_container(cluster: Cluster, kubectl: Kubectl) -> None:
    plant(cluster)
    await kubectl("debug", "web", "--image=busybox", "-c", "probe", "--attach=false", "--profile=general")
    assert [held["name"] for held in cluster.api.get("pods", "web")["spec"]["ephemeralContainers"]] == ["probe"]


async def test_a_namespace_gives_up_its_finalizers(cluster: Cluster) -> None:
    cluster.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "old"}})
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "old"}, "spec": {"finalizers": []}}
    async with asking(cluster) as asker:
        status, told = await asker.ask("/api/v1/namespaces/old/finalize", method="PUT", body=body)
    assert status == 200
    assert told["spec"].get("finalizers", []) == []


async def test_what_is_not_simulated_is_refused(cluster: Cluster) -> None:
    plant(cluster)
    async with asking(cluster) as asker:
        assert (await asker.ask(f"{POD}/proxy"))[0] == 501
        assert (await asker.ask(f"{POD}/nothing"))[0] == 404
        assert (await asker.ask(f"{POD}/eviction"))[0] == 405
