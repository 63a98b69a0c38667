"""Everything kubectl sees, the hub shows: equal one by one, for every kind of every cluster."""

from __future__ import annotations

import json
from typing import Any

import pytest

from e2e.hub import Hub
from e2e.plane.cluster import Cluster
from e2e.plane.program import eventually
from e2e.population import custom, definition
from e2e.truth import compare, differences, kinds

NAMED = (
    "nodes namespaces pods deployments.apps replicasets.apps statefulsets.apps daemonsets.apps jobs.batch "
    "cronjobs.batch services endpointslices.discovery.k8s.io ingresses.networking.k8s.io configmaps secrets "
    "persistentvolumes persistentvolumeclaims storageclasses.storage.k8s.io horizontalpodautoscalers.autoscaling "
    "poddisruptionbudgets.policy networkpolicies.networking.k8s.io serviceaccounts roles.rbac.authorization.k8s.io "
    "rolebindings.rbac.authorization.k8s.io clusterroles.rbac.authorization.k8s.io events "
    "clusterrolebindings.rbac.authorization.k8s.io customresourcedefinitions.apiextensions.k8s.io"
).split()


def test_every_kind_equals_kubectl(hub: Hub, fleet: list[Cluster]) -> None:
    for cluster in fleet:
        assert set(NAMED) <= set(kinds(cluster).values())
        assert differences(hub, cluster) == []


def test_the_columns_equal_those_of_kubectl(hub: Hub, west: Cluster) -> None:
    theirs = {
        (row[0], row[1]): row[2]
        for row in _table(west, "pods", "NAMESPACE:.metadata.namespace,NAME:.metadata.name,PHASE:.status.phase")
    }
    ours = {(row["namespace"], row["name"]): row["status"] for row in hub.objects("pods", cluster=west.context)}
    assert theirs
    assert ours == theirs


def test_a_secret_is_known_by_name_and_keys_only(hub: Hub, west: Cluster) -> None:
    if not hub.objects("secrets", cluster=west.context, q="password"):
        pytest.fail("the secret is not shown at all")
    rows = json.dumps(hub.objects("secrets", cluster=west.context))
    cluster = hub.cluster(west.context)["id"]
    detail = json.dumps(hub.get(f"/clusters/{cluster}/objects/secrets/password", namespace="shop-0"))
    for value in ("bmV2ZXIgdG8gYmUgc2Vlbg==", "never to be seen"):
        assert value not in rows
        assert value not in detail
    assert "password" in detail


def test_a_custom_kind_comes_and_goes_while_watched(hub: Hub, west: Cluster) -> None:
    name = "widgets.shop.example.com"
    west.apply(definition())
    west.kubectl("wait", "--for=condition=Established", f"crd/{name}", "--timeout=30s")
    west.apply(custom("first"), custom("second"))
    eventually(lambda: _count(hub, west, name) == 2, seconds=15)
    west.apply(custom("third"))
    eventually(lambda: _count(hub, west, name) == 3, seconds=1)
    assert compare(hub, west, kinds(west), [name]) == {}
    west.kubectl("delete", "crd", name)
    eventually(lambda: _count(hub, west, name) == 0, seconds=15)
    assert name not in {r["name"] for r in hub.get("/resources")["items"] if r["count"]}


def test_the_owner_graph_leads_from_the_deployment_to_its_pods(hub: Hub, west: Cluster) -> None:
    cluster = hub.cluster(west.context)["id"]
    graph = hub.get(f"/clusters/{cluster}/objects/deployments.apps/deployment/graph", namespace="shop-0")
    kinds_seen = [node["kind"] for node in graph["nodes"]]
    assert sorted(kinds_seen) == ["Deployment", "Pod", "Pod", "Pod", "ReplicaSet"]
    assert len(graph["edges"]) == 4


def _count(hub: Hub, cluster: Cluster, resource: str) -> int:
    answer = hub.ask("GET", f"/objects/{resource}", params={"cluster": cluster.context, "limit": 500})
    return len(answer.json()["items"]) if answer.status_code == 200 else 0


def _table(cluster: Cluster, resource: str, columns: str) -> list[list[Any]]:
    text = cluster.kubectl("get", resource, "-A", "--no-headers", "-o", f"custom-columns={columns}")
    return [line.split() for line in text.splitlines()]
