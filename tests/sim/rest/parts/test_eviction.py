"""Evictions: budgets are counted when asked, and refusals are the real server's."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.sim import Cluster
from tests.sim.asking import asking
from tests.sim.rest.parts.pods import POD, plant
from tests.sim.test_clients import Kubectl

EVICTION = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "web", "namespace": "default"}}
SUCCESS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def budget(cluster: Cluster, name: str = "guard", **spec: Any) -> None:
    selector = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]}
    held = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}}
    cluster.api.create(held | {"spec": {"selector": selector} | spec})


def deployment(cluster: Cluster, replicas: int) -> dict[str, Any]:
    """A deployment with a replica set; returns the owner for its pods."""
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "template": {}}
    owner: dict[str, Any] = {}
    for kind in ("Deployment", "ReplicaSet"):
        meta = {"name": "web"} | ({"ownerReferences": [owner]} if owner else {})
        made = cluster.api.create({"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": dict(spec)})
        uid = made["metadata"]["uid"]
        owner = {"apiVersion": "apps/v1", "kind": kind, "name": "web", "uid": uid, "controller": True}
    return owner


async def evict(cluster: Cluster, query: str = "", **more: Any) -> tuple[int, Any]:
    async with asking(cluster) as asker:
        return await asker.ask(f"{POD}/eviction{query}", method="POST", body=EVICTION | more)


async def test_without_a_budget_the_pod_is_deleted(cluster: Cluster) -> None:
    plant(cluster)
    assert await evict(cluster) == (201, SUCCESS)
    assert all(pod["metadata"].get("deletionTimestamp") for pod in cluster.api.list("pods"))


@pytest.mark.parametrize(
    ("spec", "needed"),
    [
        ({"minAvailable": 3}, 3),
        ({"minAvailable": "75%"}, 3),
        ({"maxUnavailable": 0}, 4),
        ({"maxUnavailable": 1}, 3),
        ({"maxUnavailable": "25%"}, 3),
        ({"minAvailable": 2}, 0),
        ({"minAvailable": "50%"}, 0),
        ({"maxUnavailable": "26%"}, 0),
    ],
)
async def test_a_budget_is_counted_when_asked(cluster: Cluster, spec: dict[str, Any], needed: int) -> None:
    owner = deployment(cluster, 4)
    for name in ("web", "two", "three"):
        plant(cluster, name, owner=owner)
    plant(cluster, "four", owner=owner, ready=False)
    budget(cluster, **spec)
    status, told = await evict(cluster)
    if not needed:
        assert (status, told) == (201, SUCCESS)
        return
    assert (status, told["reason"]) == (429, "TooManyRequests")
    assert told["message"] == "Cannot evict pod as it would violate the pod's disruption budget."
    why = f"The disruption budget guard needs {needed} healthy pods and has 3 currently"
    assert told["details"] == {"causes": [{"reason": "DisruptionBudget", "message": why}]}
    assert len(cluster.api.list("pods")) == 4


@pytest.mark.parametrize(("policy", "healthy", "goes"), [("", 1, True), ("", 2, False), ("AlwaysAllow", 2, True)])
async def test_a_pod_that_is_not_ready(cluster: Cluster, policy: str, healthy: int, goes: bool) -> None:
    plant(cluster, ready=False)
    plant(cluster, "two")
    budget(cluster, minAvailable=healthy, **({"unhealthyPodEvictionPolicy": policy} if policy else {}))
    assert (await evict(cluster))[0] == (201 if goes else 429)


async def test_an_empty_selector_covers_every_pod(cluster: Cluster) -> None:
    plant(cluster)
    budget(cluster, selector={}, minAvailable=1)
    assert (await evict(cluster))[0] == 429


async def test_a_pod_that_serves_nobody_needs_no_budget(cluster: Cluster) -> None:
    plant(cluster, phase="Succeeded")
    budget(cluster, minAvailable=5)
    assert (await evict(cluster))[0] == 201


async def test_two_budgets_are_one_too_many(cluster: Cluster) -> None:
    plant(cluster)
    for name in ("a", "b"):
        budget(cluster, name, minAvailable=0)
    status, told = await evict(cluster)
    assert status == 500
    assert told["message"].startswith("This pod has more than one PodDisruptionBudget")


async def test_options_are_heeded(cluster: Cluster) -> None:
    plant(cluster)
    assert await evict(cluster, "?dryRun=All") == (201, SUCCESS)
    assert await evict(cluster, deleteOptions={"dryRun": ["All"]}) == (201, SUCCESS)
    assert cluster.api.get("pods", "web")["metadata"].get("deletionTimestamp") is None
    assert (await evict(cluster, deleteOptions={"preconditions": {"uid": "other"}}))[0] == 409
    assert (await evict(cluster, metadata={"name": "other"}))[0] == 400
    assert await evict(cluster, deleteOptions={"gracePeriodSeconds": 0}) == (201, SUCCESS)
    assert cluster.api.list("pods") == []


async def test_kubectl_drains_what_the_budgets_allow(cluster: Cluster, kubectl: Kubectl) -> None:
    cluster.api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}})
    owner = deployment(cluster, 2)
    plant(cluster, owner=owner)
    plant(cluster, "two", owner=owner)
    plant(cluster, "free", labels={"app": "other"}, owner=owner)
    budget(cluster, maxUnavailable=0)
    code, told = await kubectl.run("drain", "node-1", "--timeout=2s", "--grace-period=0")
    assert code == 1
    assert "Cannot evict pod as it would violate the pod's disruption budget." in told
    assert {pod["metadata"]["name"] for pod in cluster.api.list("pods")} == {"web", "two"}
    cluster.api.delete("poddisruptionbudgets.policy", "guard")
    assert "node/node-1 drained" in await kubectl("drain", "node-1", "--timeout=20s", "--grace-period=0")
