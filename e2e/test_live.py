"""What kubectl does is shown in under a second, by the API, by the stream and by the command line."""

from __future__ import annotations

import json
import threading
import time

import httpx

from e2e.hub import Hub
from e2e.plane.cluster import Cluster
from e2e.plane.program import eventually

SOON = 1.0


def test_create_scale_and_delete_are_seen_within_a_second(hub: Hub, west: Cluster) -> None:
    with west.namespace("live") as namespace:
        west.kubectl("create", "deployment", "web", "-n", namespace, "--image=registry.example/web:1", "--replicas=1")
        eventually(lambda: _names(hub, west, "deployments.apps") == ["web"], seconds=SOON)
        eventually(lambda: len(_names(hub, west, "pods")) == 1, seconds=2 * SOON)  # the controllers need time too
        west.kubectl("scale", "deployment", "web", "-n", namespace, "--replicas=4")
        west.kubectl("wait", "-n", namespace, "deployment/web", "--for=jsonpath={.status.replicas}=4", "--timeout=20s")
        eventually(lambda: len(_names(hub, west, "pods")) == 4, seconds=SOON)
        west.kubectl("delete", "deployment", "web", "-n", namespace, "--wait=true")
        eventually(lambda: _names(hub, west, "deployments.apps") == [], seconds=SOON)


def test_a_pod_that_turns_ready_is_shown_so_within_a_second(hub: Hub, west: Cluster) -> None:
    with west.namespace("ready") as namespace:
        west.kubectl("run", "one", "-n", namespace, "--image=registry.example/one:1")
        west.set_status("pod", namespace, "one", {"phase": "Running", "podIP": "10.1.2.3"})
        eventually(lambda: _status(hub, west, namespace) == "Running", seconds=SOON)


def test_a_label_and_its_removal_are_seen(hub: Hub, west: Cluster) -> None:
    with west.namespace("labels") as namespace:
        west.kubectl("create", "configmap", "one", "-n", namespace)
        west.kubectl("label", "configmap", "one", "-n", namespace, "tier=gold")
        selected = {"cluster": west.context, "labels": "tier=gold"}
        eventually(lambda: len(hub.objects("configmaps", **selected)) == 1, seconds=SOON)
        west.kubectl("label", "configmap", "one", "-n", namespace, "tier-")
        eventually(lambda: hub.objects("configmaps", **selected) == [], seconds=SOON)


def test_a_name_used_again_is_a_new_object(hub: Hub, west: Cluster) -> None:
    with west.namespace("again") as namespace:
        uids = set()
        for _ in range(3):
            west.kubectl("create", "configmap", "same", "-n", namespace)
            uids.add(_uid(west, namespace))
            eventually(
                lambda: [row["uid"] for row in _rows(hub, west, namespace)] == [_uid(west, namespace)], seconds=SOON
            )
            west.kubectl("delete", "configmap", "same", "-n", namespace)
        assert len(uids) == 3


def test_the_stream_of_changes_wakes_within_a_second(hub: Hub, west: Cluster) -> None:
    woken: list[float] = []
    listening = threading.Event()

    def listen() -> None:
        headers = {"Authorization": f"Bearer {hub.token}"}
        topics = {"topic": "inventory/*/configmaps"}
        with httpx.stream("GET", f"{hub.url}/api/v1/changes", params=topics, headers=headers, timeout=30) as stream:
            listening.set()
            for line in stream.iter_lines():
                if "/configmaps" in line:
                    woken.append(time.monotonic())  # noqa: PERF401  # each counts when it rings, not at the end

    threading.Thread(target=listen, daemon=True).start()
    assert listening.wait(10)
    with west.namespace("stream") as namespace:
        time.sleep(1)  # the namespace's own config map has been announced by now
        announced = len(woken)
        west.kubectl("create", "configmap", "bell", "-n", namespace)
        eventually(lambda: len(woken) > announced, seconds=SOON)


def test_the_command_line_shows_the_same(hub: Hub, west: Cluster) -> None:
    done = hub.cli("get", "pods", "-A", "--cluster", west.context, "-o", "json")
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    names = {row["name"] for row in (shown["items"] if isinstance(shown, dict) else shown)}
    assert names == {item["metadata"]["name"] for item in west.get("pods")}


def _rows(hub: Hub, cluster: Cluster, namespace: str) -> list[dict[str, str]]:
    return [r for r in hub.objects("configmaps", cluster=cluster.context, namespace=namespace) if r["name"] == "same"]


def _uid(cluster: Cluster, namespace: str) -> str:
    return cluster.kubectl("get", "configmap", "same", "-n", namespace, "-o", "jsonpath={.metadata.uid}")


def _names(hub: Hub, cluster: Cluster, resource: str) -> list[str]:
    return [row["name"] for row in hub.objects(resource, cluster=cluster.context, namespace="live")]


def _status(hub: Hub, cluster: Cluster, namespace: str) -> str:
    rows = hub.objects("pods", cluster=cluster.context, namespace=namespace)
    return str(rows[0]["status"]) if rows else ""
