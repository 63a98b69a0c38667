"""Nodes take pods or do not, and what follows pods follows them."""

from __future__ import annotations

from basefly.sim import Cluster
from basefly.sim.life import nodes
from tests.sim.life.conftest import deployment, is_ready, pods, reasons, until
from tests.sim.test_clients import Kubectl


def ready(cluster: Cluster) -> list[str]:
    return sorted(pod["spec"]["nodeName"] for pod in pods(cluster) if is_ready(pod))


async def test_a_drained_node_is_empty_until_it_is_uncordoned(living: Cluster, kubectl: Kubectl) -> None:
    living.api.create(deployment(replicas=6))
    await until(lambda: len(ready(living)) == 6)
    node = ready(living)[0]
    await kubectl(
        "drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--force", "--disable-eviction", "--timeout=50s"
    )
    await until(lambda: len(ready(living)) == 6)
    assert node not in ready(living)
    await kubectl("uncordon", node)
    await kubectl("rollout", "restart", "deployment/web")
    await until(lambda: node in ready(living))


async def test_a_pod_that_fits_nowhere_waits_until_it_does(living: Cluster, kubectl: Kubectl) -> None:
    living.api.create(deployment(replicas=1))
    await until(lambda: len(ready(living)) == 1)
    patch = '{"spec":{"template":{"spec":{"nodeSelector":{"disk":"fast"}}}}}'
    await kubectl("patch", "deployment", "web", "-p", patch)
    waiting = await until(
        lambda: [pod for pod in pods(living) if pod["status"].get("conditions") and not is_ready(pod)]
    )
    [condition] = waiting[0]["status"]["conditions"]
    assert (condition["type"], condition["status"], condition["reason"]) == ("PodScheduled", "False", "Unschedulable")
    assert "6 node(s) didn't match Pod's node affinity/selector" in condition["message"]
    assert "FailedScheduling" in reasons(living)
    node = living.api.list("nodes")[2]["metadata"]["name"]
    await kubectl("label", "node", node, "disk=fast")
    await until(lambda: ready(living) == [node])


async def test_what_asks_for_more_than_there_is_is_not_placed(living: Cluster, kubectl: Kubectl) -> None:
    await kubectl("create", "deployment", "web", "--image=nginx:1")
    await kubectl("set", "resources", "deployment/web", "--requests=cpu=900")
    await until(lambda: "FailedScheduling" in reasons(living))
    told = [event["message"] for event in living.api.list("events", "default") if event["reason"] == "FailedScheduling"]
    assert told == ["0/6 nodes are available: 6 Insufficient cpu."]


async def test_a_taint_drives_away_who_does_not_tolerate_it(living: Cluster, kubectl: Kubectl) -> None:
    living.api.create(deployment(replicas=6))
    await until(lambda: len(ready(living)) == 6)
    node = ready(living)[0]
    await kubectl("taint", "node", node, "team=ml:NoExecute")
    await until(lambda: len(ready(living)) == 6 and node not in ready(living))
    assert "TaintManagerEviction" in reasons(living)


async def test_pods_of_a_deleted_node_are_made_anew_elsewhere(living: Cluster, kubectl: Kubectl) -> None:
    living.api.create(deployment(replicas=6))
    await until(lambda: len(ready(living)) == 6)
    node = ready(living)[0]
    await kubectl("delete", "node", node)
    await until(lambda: len(ready(living)) == 6 and node not in ready(living))


async def test_a_lost_node_returns_with_its_pods(living: Cluster) -> None:
    living.api.create(deployment(replicas=6))
    await until(lambda: len(ready(living)) == 6)
    node = ready(living)[0]
    living.clock.pace = 100
    nodes.lose(living.life.work, node)
    await until(lambda: len(ready(living)) < 6)
    assert [taint["key"] for taint in living.api.get("nodes", node)["spec"]["taints"]] == [
        "node.kubernetes.io/unreachable"
    ] * 2
    nodes.find(living.life.work, node)
    await until(lambda: len(ready(living)) == 6)
    assert node in ready(living)
    assert "taints" not in living.api.get("nodes", node)["spec"]


async def test_endpoints_and_budgets_follow_the_pods(living: Cluster, kubectl: Kubectl) -> None:
    living.api.create(deployment(replicas=3))
    await kubectl("expose", "deployment", "web", "--port=80", "--target-port=8080")
    await kubectl("create", "poddisruptionbudget", "web", "--selector=app=web", "--min-available=2")

    def endpoints() -> list[str]:
        slices = living.api.list("endpointslices.discovery.k8s.io", "default")
        mine = [one for one in slices if one["metadata"]["labels"].get("kubernetes.io/service-name") == "web"]
        return sorted(e["addresses"][0] for one in mine for e in one["endpoints"] if e["conditions"]["ready"])

    await until(lambda: endpoints() == sorted(pod["status"].get("podIP", "") for pod in pods(living)))
    budget = await until(lambda: living.api.get("poddisruptionbudgets.policy", "web", "default").get("status"))
    assert (budget["expectedPods"], budget["desiredHealthy"]) == (3, 2)
    await kubectl("scale", "deployment", "web", "--replicas=5")
    await until(lambda: len(endpoints()) == 5)
    await until(
        lambda: living.api.get("poddisruptionbudgets.policy", "web", "default")["status"]["disruptionsAllowed"] == 3
    )
