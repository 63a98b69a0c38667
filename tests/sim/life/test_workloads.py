"""What kubectl does to workloads has its effect, and kubectl sees it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from basefly.sim import Cluster
from tests.sim.life.conftest import deployment, is_ready, pods, reasons, until
from tests.sim.test_clients import Kubectl


async def test_a_cluster_without_life_stays_still(cluster: Cluster) -> None:
    cluster.api.create(deployment())
    await asyncio.sleep(0.05)
    assert not cluster.life.running
    assert cluster.api.list("replicasets.apps") == []


async def test_a_living_cluster_in_which_nothing_happens_only_beats(living: Cluster) -> None:
    before = living.store.version
    await until(lambda: living.store.version >= before + 12)
    written = [event.record for resource in living.catalog for event in living.store.of(resource.name).since(before)]
    assert {record.uid for record in written} == {node["metadata"]["uid"] for node in living.api.list("nodes")}


async def test_a_deployment_is_rolled_out_undone_and_restarted(living: Cluster, kubectl: Kubectl) -> None:
    await kubectl("create", "deployment", "web", "--image=nginx:1", "--replicas=3")
    told = await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert "successfully rolled out" in told
    assert {"Scheduled", "Pulling", "Pulled", "Created", "Started", "ScalingReplicaSet"} <= reasons(living)
    await kubectl("set", "image", "deployment/web", "nginx=nginx:2")
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert {pod["spec"]["containers"][0]["image"] for pod in pods(living)} == {"nginx:2"}
    history = await kubectl("rollout", "history", "deployment/web")
    assert [line.split()[0] for line in history.splitlines()[2:4]] == ["1", "2"]
    await kubectl("rollout", "undo", "deployment/web")
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert {pod["spec"]["containers"][0]["image"] for pod in pods(living)} == {"nginx:1"}
    before = {pod["metadata"]["uid"] for pod in pods(living)}
    await kubectl("rollout", "restart", "deployment/web")
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert not before & {pod["metadata"]["uid"] for pod in pods(living)}
    assert (
        living.api.get("deployments.apps", "web")["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "4"
    )


async def test_a_paused_deployment_waits_for_its_resumption(living: Cluster, kubectl: Kubectl) -> None:
    living.api.create(deployment())
    await until(lambda: len([pod for pod in pods(living) if is_ready(pod)]) == 3)
    await kubectl("rollout", "pause", "deployment/web")
    await kubectl("set", "image", "deployment/web", "main=nginx:2")
    await kubectl("scale", "deployment/web", "--replicas=4")
    await until(lambda: len(pods(living)) == 4)
    assert {pod["spec"]["containers"][0]["image"] for pod in pods(living)} == {"nginx:1"}
    await kubectl("rollout", "resume", "deployment/web")
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    assert {pod["spec"]["containers"][0]["image"] for pod in pods(living)} == {"nginx:2"}


async def test_scaling_waiting_and_deleting(living: Cluster, kubectl: Kubectl) -> None:
    living.api.create(deployment(replicas=1))
    await kubectl("scale", "deployment/web", "--replicas=4")
    await kubectl("wait", "--for=jsonpath={.status.readyReplicas}=4", "deployment/web", "--timeout=30s")
    await kubectl("scale", "deployment/web", "--replicas=2")
    await kubectl("wait", "--for=jsonpath={.status.replicas}=2", "deployment/web", "--timeout=30s")
    await kubectl("wait", "--for=condition=Ready", "pod", "-l", "app=web", "--timeout=30s")
    gone = pods(living)[0]["metadata"]["name"]
    await kubectl("delete", "pod", gone, "--timeout=30s")
    await until(lambda: len([pod for pod in pods(living) if is_ready(pod)]) == 2)
    assert gone not in {pod["metadata"]["name"] for pod in pods(living)}
    await kubectl("delete", "deployment", "web")
    await until(lambda: not pods(living) and not living.api.list("replicasets.apps", "default"))


async def test_a_version_that_crashes_does_not_replace_the_one_that_runs(living: Cluster, kubectl: Kubectl) -> None:
    living.api.create(deployment())
    await kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    await kubectl("set", "image", "deployment/web", "main=nginx:crash")
    code, told = await kubectl.run("rollout", "status", "deployment/web", "--timeout=30s")
    assert (code, "exceeded its progress deadline" in told) == (1, True), told
    assert len([pod for pod in pods(living) if is_ready(pod)]) == 3

    def waits() -> set[str]:
        states = [held["state"] for pod in pods(living) for held in pod["status"]["containerStatuses"]]
        return {held["waiting"]["reason"] for held in states if "waiting" in held}

    await until(lambda: waits() == {"CrashLoopBackOff"})
    assert "BackOff" in reasons(living)
    [event] = [held for held in living.api.list("events", "default") if held["reason"] == "BackOff"]
    assert event["count"] > 1


async def test_an_image_that_is_missing_keeps_its_pod_from_running(living: Cluster, kubectl: Kubectl) -> None:
    await kubectl("run", "lone", "--image=example.com/missing:1")
    await until(lambda: "BackOff" in reasons(living))
    [held] = living.api.get("pods", "lone", "default")["status"]["containerStatuses"]
    assert held["state"]["waiting"]["reason"] in ("ErrImagePull", "ImagePullBackOff")


async def test_recreate_leaves_no_two_versions_at_once(living: Cluster) -> None:
    living.api.create(deployment(strategy={"type": "Recreate"}))
    await until(lambda: len([pod for pod in pods(living) if is_ready(pod)]) == 3)
    from_version = living.store.version

    def to_two(held: dict[str, Any]) -> None:
        held["spec"]["template"]["spec"]["containers"][0]["image"] = "nginx:2"

    living.api.change("deployments.apps", "web", by=to_two)
    await until(
        lambda: [pod["spec"]["containers"][0]["image"] for pod in pods(living) if is_ready(pod)] == ["nginx:2"] * 3
    )
    kinds = [
        (event.change.value, event.record.load()["spec"]["containers"][0]["image"])
        for event in living.store.of("pods").since(from_version)
        if event.record.labels.get("app") == "web"
    ]
    assert kinds.index(("ADDED", "nginx:2")) > max(n for n, kind in enumerate(kinds) if kind == ("DELETED", "nginx:1"))


async def test_a_stateful_set_keeps_order_names_and_volumes(living: Cluster, kubectl: Kubectl) -> None:
    held = deployment(serviceName="web")
    claim = {
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    held["kind"], held["spec"]["volumeClaimTemplates"] = "StatefulSet", [claim]
    living.api.create(held)
    await kubectl("rollout", "status", "statefulset/web", "--timeout=30s")
    assert [pod["metadata"]["name"] for pod in pods(living)] == ["web-0", "web-1", "web-2"]
    await until(
        lambda: {c["status"]["phase"] for c in living.api.list("persistentvolumeclaims", "default")} == {"Bound"}
    )
    before = [pod["metadata"]["uid"] for pod in pods(living)]
    await kubectl("rollout", "restart", "statefulset/web")
    await kubectl("rollout", "status", "statefulset/web", "--timeout=30s")
    await until(lambda: not set(before) & {pod["metadata"]["uid"] for pod in pods(living)})
    await kubectl("scale", "statefulset/web", "--replicas=1")
    await until(lambda: [pod["metadata"]["name"] for pod in living.api.list("pods", "default")] == ["web-0"])
    assert len(living.api.list("persistentvolumeclaims", "default")) == 3
    await kubectl("delete", "pvc", "data-web-2", "--timeout=30s")


async def test_a_seeded_stateful_set_is_not_rolled_by_what_is_no_new_template(
    living: Cluster, kubectl: Kubectl
) -> None:
    held = living.api.list("statefulsets.apps")[0]["metadata"]
    namespace, name = held["namespace"], held["name"]

    def uids() -> list[str]:
        found = living.api.list("pods", namespace)
        return [pod["metadata"]["uid"] for pod in found if pod["metadata"]["name"].startswith(f"{name}-")]

    before = uids()
    await kubectl("scale", "-n", namespace, f"statefulset/{name}", f"--replicas={len(before) + 1}")
    await until(lambda: len(uids()) == len(before) + 1)
    assert set(before) < set(uids())
    await kubectl("rollout", "restart", "-n", namespace, f"statefulset/{name}")
    await until(lambda: not set(before) & set(uids()) and len(uids()) == len(before) + 1)


async def test_a_daemon_set_is_on_every_node_and_on_a_new_one(living: Cluster, kubectl: Kubectl) -> None:
    nodes = living.api.list("nodes")
    held = deployment()
    held["kind"] = "DaemonSet"
    del held["spec"]["replicas"]
    living.api.create(held)
    await kubectl("rollout", "status", "daemonset/web", "--timeout=30s")
    assert {pod["spec"]["nodeName"] for pod in pods(living)} == {node["metadata"]["name"] for node in nodes}
    await kubectl("set", "image", "daemonset/web", "main=nginx:2")
    await kubectl("rollout", "status", "daemonset/web", "--timeout=30s")
    assert {pod["spec"]["containers"][0]["image"] for pod in pods(living)} == {"nginx:2"}
    meta = {"name": "new", "labels": {"kubernetes.io/hostname": "new"}}
    living.api.create({"apiVersion": "v1", "kind": "Node", "metadata": meta, "spec": {}, "status": nodes[0]["status"]})
    await until(lambda: "new" in {pod["spec"]["nodeName"] for pod in pods(living) if is_ready(pod)})


async def test_jobs_complete_or_fail_and_cron_jobs_make_them(living: Cluster, kubectl: Kubectl) -> None:
    await kubectl("create", "job", "good", "--image=busybox")
    await kubectl("wait", "--for=condition=complete", "job/good", "--timeout=30s")
    await kubectl("create", "job", "bad", "--image=crash:1")
    await kubectl("wait", "--for=condition=failed", "job/bad", "--timeout=30s")
    await kubectl("create", "cronjob", "often", "--image=busybox", "--schedule=*/2 * * * *")
    await until(lambda: "lastSuccessfulTime" in living.api.get("cronjobs.batch", "often", "default").get("status", {}))

    def finished() -> list[str]:
        jobs = json.loads(json.dumps(living.api.list("jobs.batch", "default")))
        return [job["metadata"]["name"] for job in jobs if job["metadata"]["name"].startswith("often-")]

    names = await until(lambda: len(finished()) >= 3 and finished())
    await until(lambda: names[0] not in finished())
    assert len(finished()) <= 4
    await kubectl("patch", "cronjob", "often", "-p", '{"spec":{"suspend":true}}')
    await kubectl("create", "job", "now", "--from=cronjob/often")
    await kubectl("wait", "--for=condition=complete", "job/now", "--timeout=30s")


async def test_the_same_seed_chooses_the_same_names() -> None:
    def chosen(cluster: Cluster) -> set[str]:
        return {pod["metadata"]["name"] for pod in pods(cluster)}

    names = []
    for _ in range(2):
        cluster = Cluster("twin", seed=7)
        cluster.life.start()
        cluster.api.create(deployment())
        await until(lambda cluster=cluster: len(chosen(cluster)) == 3)  # type: ignore[misc]
        names.append(chosen(cluster))
        await cluster.stop()
    assert names[0] == names[1]


async def test_a_restart_of_the_server_does_not_end_its_life(living: Cluster) -> None:
    await living.restart()
    living.api.create(deployment())
    await until(lambda: len([pod for pod in pods(living) if is_ready(pod)]) == 3)


async def test_what_makes_no_sense_stops_no_other(cluster: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    cluster.life.start()
    broken = deployment("broken")
    broken["spec"]["replicas"] = "many"
    cluster.api.create(broken)
    container = {"name": "main", "image": "nginx:1", "resources": {"requests": {"cpu": None}}}
    lone = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "odd"}, "spec": {"containers": [container]}}
    cluster.api.create(lone)
    cluster.api.create(deployment())
    await until(lambda: len(pods(cluster)) == 3)
    assert "makes no sense" in caplog.text


async def test_a_large_deployment_is_not_dear(living: Cluster) -> None:
    living.api.create(deployment(replicas=400))
    await until(lambda: living.api.get("deployments.apps", "web", "default")["status"].get("readyReplicas") == 400)
