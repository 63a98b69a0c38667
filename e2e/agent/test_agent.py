"""The agent against a real API server: set up by its manifest with no more rights than that gives, killed, renewed."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from e2e.agent.program import Agent
from e2e.browser.fleet import let_in
from e2e.conftest import NewPlane
from e2e.hub import Hub
from e2e.plane.cluster import Cluster
from e2e.plane.program import eventually


def test_a_cluster_is_connected_followed_and_used_through_its_agent(
    hub: Hub, new_plane: NewPlane, folder: Path
) -> None:
    plane = new_plane("hidden")
    with Agent.start(hub, plane, folder / "agent", "hidden") as agent:
        eventually(lambda: hub.cluster("hidden")["health"] == "healthy", seconds=30)
        plane.kubectl("create", "configmap", "seen", "-n", "default")
        eventually(lambda: _names(hub, "configmaps") >= {"seen"}, seconds=60)
        through = _opened(hub, plane, folder / "hidden.kubeconfig")
        through.kubectl("create", "configmap", "through", "-n", "default")
        assert "through" in plane.kubectl("get", "configmaps", "-n", "default")
        assert agent.program is not None
        agent.program.kill()
        plane.kubectl("create", "configmap", "meanwhile", "-n", "default")
        agent.program.start()
        eventually(lambda: _names(hub, "configmaps") >= {"seen", "through", "meanwhile"}, seconds=60)
        eventually(lambda: hub.cluster("hidden")["health"] == "healthy", seconds=30)
        hub.restart()
        eventually(lambda: hub.cluster("hidden")["health"] == "healthy", seconds=60)
        plane.kubectl("create", "configmap", "afterwards", "-n", "default")
        eventually(lambda: _names(hub, "configmaps") >= {"afterwards"}, seconds=60)
    state = json.loads(plane.kubectl("get", "secret", "basefly-agent", "-n", "basefly", "-o", "json"))["data"]
    assert {"token", "current", "organization"} <= state.keys()


def _names(hub: Hub, resource: str) -> set[str]:
    cluster = hub.cluster("hidden")["id"]
    return {each["name"] for each in hub.objects(resource, cluster=cluster, namespace="default")}


def _opened(hub: Hub, plane: Cluster, kubeconfig: Path) -> Cluster:
    """The cluster as the hub's owner reaches it."""
    let_in(hub, plane)
    done = hub.cli("kubeconfig", "hidden", "--file", str(kubeconfig), "--token")
    assert done.returncode == 0, done.stderr
    return Cluster(kubeconfig, yaml.safe_load(kubeconfig.read_text())["current-context"])
