"""Drains of a real cluster: its own eviction API, with budgets that its controllers keep count of."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from e2e.conftest import NewPlane
from e2e.control_plane import ControlPlane
from e2e.hub import Hub
from e2e.plane.program import eventually
from e2e.test_faults import registered

pytestmark = pytest.mark.upsets
NODE = "node-drained"
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}


def populated(plane: ControlPlane) -> None:
    """A node with two ready pods of a replica set, whose budget wants both."""
    container = {"name": "app", "image": "registry.example/app:1"}
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"nodeName": NODE, "containers": [container]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    guard = {"selector": {"matchLabels": {"app": "web"}}, "minAvailable": 2}
    plane.apply(
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}},
        {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": _named("web"), "spec": spec},
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": _named("guard"), "spec": guard},
    )
    eventually(lambda: len(pods(plane)) == 2, seconds=60)
    for pod in pods(plane):
        plane.set_status("pods", "default", pod["metadata"]["name"], READY)
    eventually(lambda: _budget(plane).get("currentHealthy") == 2, seconds=60)


def _named(name: str) -> dict[str, str]:
    return {"name": name, "namespace": "default"}


def _budget(plane: ControlPlane) -> dict[str, Any]:
    (found,) = plane.get("poddisruptionbudgets")
    status: dict[str, Any] = found.get("status", {})
    return status


def pods(plane: ControlPlane) -> list[dict[str, Any]]:
    return [pod for pod in plane.get("pods") if pod["spec"].get("nodeName") == NODE]


def look(hub: Hub, drain: str) -> dict[str, Any]:
    found: dict[str, Any] = hub.get(f"/drains/{drain}")
    return found


def test_a_budget_holds_pods_back_and_each_is_evicted_once_though_the_hub_dies(hub: Hub, new_plane: NewPlane) -> None:
    plane = new_plane("drained")
    populated(plane)
    with registered(hub, plane):
        plane.kubectl("apply", "-f", "-", stdin=hub.ask("GET", "/gateway/manifest").text)
        before = {pod["metadata"]["uid"] for pod in pods(plane)}
        wish = {"cluster": plane.context, "nodes": [NODE], "grace": 0}
        drain = hub.post("/drains", wish)["id"]
        eventually(lambda: [pod["reason"] for pod in look(hub, drain)["pods"]] == ["budget", "budget"], seconds=60)
        (why, *_) = {pod["why"] for pod in look(hub, drain)["pods"]}
        assert why == "The budget guard (minAvailable 2) needs 2 healthy pods and has 2."
        hub.program.kill()
        plane.kubectl("delete", "replicaset", "web", "-n", "default", "--cascade=orphan")
        plane.kubectl("patch", "pdb", "guard", "-n", "default", "--type=merge", "-p",
                      json.dumps({"spec": {"minAvailable": 0}}))  # fmt: skip
        hub.begin()
        for _ in range(3):
            time.sleep(0.5)
            hub.program.kill()
            hub.begin()
        eventually(lambda: look(hub, drain)["drain"]["state"] == "done", seconds=90)
        assert pods(plane) == []
        evicted = [
            entry
            for entry in plane.audit_log()
            if entry.stage == "ResponseComplete" and entry.request_uri.endswith("/eviction")
        ]
        done = [entry.request_uri for entry in evicted if entry.response_status.code == 201]
        assert len(done) == len(set(done)) == len(before)
