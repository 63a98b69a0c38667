"""metrics.k8s.io: nodes and pods as metrics-server tells them, and kubectl top."""

from __future__ import annotations

import pytest

from basefly.sim import Cluster
from basefly.sim.usage import quantity
from tests.sim.asking import asking
from tests.sim.rest.parts.pods import plant
from tests.sim.test_clients import Kubectl

ROOT = "/apis/metrics.k8s.io/v1beta1"


async def test_kubectl_shows_the_top(cluster: Cluster, kubectl: Kubectl) -> None:
    cluster.seed(nodes=2, pods=30)
    nodes = (await kubectl("top", "nodes", "--no-headers")).splitlines()
    assert [line.split()[0] for line in nodes] == [node["metadata"]["name"] for node in cluster.api.list("nodes")]
    pods = (await kubectl("top", "pods", "-A", "--no-headers")).splitlines()
    assert 20 < len(pods) <= 30
    assert all(line.split()[2].endswith("m") and line.split()[3].endswith("Mi") for line in pods)


async def test_a_node_that_never_reported_is_not_measured(cluster: Cluster) -> None:
    cluster.seed(nodes=1, pods=3)
    cluster.api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "silent"}})
    async with asking(cluster) as asker:
        listed = await asker.get(f"{ROOT}/nodes")
    assert len(listed["items"]) == 1


async def test_only_running_containers_are_measured(cluster: Cluster) -> None:
    plant(cluster, containers=("app", "side"))
    plant(cluster, "waits", state={"waiting": {}})
    plant(cluster, "other", labels={"app": "other"})
    async with asking(cluster) as asker:
        listed = await asker.get(f"{ROOT}/pods?labelSelector=app%3Dweb")
        one = await asker.get(f"{ROOT}/namespaces/default/pods/web")
        status, told = await asker.ask(f"{ROOT}/namespaces/default/pods/waits")
        assert (await asker.ask(f"{ROOT}/pods", method="POST", body={}))[0] == 405
    assert [held["metadata"]["name"] for held in listed["items"]] == ["web"]
    assert (listed["kind"], one["kind"]) == ("PodMetricsList", "PodMetrics")
    assert one["containers"] == listed["items"][0]["containers"]
    assert [held["name"] for held in one["containers"]] == ["app", "side"]
    assert one["window"].startswith("15.")
    assert (status, told["message"]) == (404, 'podmetrics.metrics.k8s.io "default/waits" not found')


@pytest.mark.parametrize("factor", [1.0, 3.0])
async def test_a_node_uses_what_its_pods_do_and_more(cluster: Cluster, factor: float) -> None:
    capacity = {"cpu": "8", "memory": "16Gi"}
    cluster.api.create(
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"}, "status": {"capacity": capacity}}
    )
    uid = plant(cluster)["metadata"]["uid"]
    plant(cluster, "away", node="node-2")
    cluster.clock.pace = 1e-9  # the clock stands still: both answers are of one moment
    async with asking(cluster) as asker:
        usual = (await asker.get(f"{ROOT}/namespaces/default/pods/web"))["containers"][0]["usage"]
        cluster.life.load[uid] = factor
        pod = (await asker.get(f"{ROOT}/namespaces/default/pods/web"))["containers"][0]["usage"]
        node = (await asker.get(f"{ROOT}/nodes/node-1"))["usage"]
    assert quantity(pod["cpu"]) == pytest.approx(factor * quantity(usual["cpu"]), rel=0.01)
    assert 0.1 < quantity(node["cpu"]) - quantity(pod["cpu"]) < 0.4
    assert quantity(node["memory"]) > quantity(pod["memory"]) + 2**29
