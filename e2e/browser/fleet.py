"""The fleet that the pages are looked at with: a living cluster, one that has died, and a pod that crash-loops."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from e2e.browser.pages import ACCOUNT, ALIVE, DEAD, PROVIDER
from e2e.hub import Hub
from e2e.plane.cluster import Cluster
from e2e.plane.program import Program, eventually

SEED = {ALIVE: 3, DEAD: 5}
SPARE = 7  # the seed of any further cluster
CRASHING = "a-crashing-pod"  # first of all by name
SPARE_NODE = "zz-spare"  # last of all by name


@contextmanager
def fleet(folder: Path) -> Iterator[Hub]:
    """A hub that follows one cluster, and another that has died."""
    folder.mkdir(parents=True, exist_ok=True)
    simulated = {name: simulate(folder, name) for name in SEED}
    try:
        with Hub.start(folder) as running:
            for name in simulated:
                running.register(cluster(running, name), name=name, region="eu-central-1")
                eventually(partial(_listed, running, name), seconds=30)
            simulated[DEAD].kill()
            _single_sign_on(running)
            running.post("/service-accounts", ACCOUNT)
            let_in(running, cluster(running, ALIVE))
            _crash(cluster(running, ALIVE))
            _hold_back(running, cluster(running, ALIVE))
            eventually(lambda: running.cluster(DEAD)["health"] == "unreachable", seconds=40)
            yield running
    finally:
        for program in simulated.values():
            program.kill()


def cluster(hub: Hub, name: str) -> Cluster:
    """One of the clusters, for kubectl."""
    return Cluster(hub.folder / f"{name}.kubeconfig", "sim-1")


def let_in(hub: Hub, there: Cluster) -> None:
    """Have a cluster let the hub's people in."""
    there.kubectl("apply", "-f", "-", stdin=hub.ask("GET", "/gateway/manifest").text)


def pod(name: str, **labels: str) -> str:
    """The manifest of a pod."""
    made = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "spec": {"containers": [{"name": "app", "image": "registry.example/app:1"}]},
    }
    return json.dumps(made)


def _crash(alive: Cluster) -> None:
    """A pod of the namespace default whose only container waits to be started once more."""
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container=app"}
    container = {"name": "app", "image": "registry.example/app:1", "imageID": "", "ready": False, "restartCount": 14}
    status = {"phase": "Running", "containerStatuses": [container | {"state": {"waiting": waiting}}]}
    alive.kubectl("create", "-f", "-", stdin=pod(CRASHING, app="crashing"))
    alive.kubectl(
        "patch", "pod", CRASHING, "-n", "default", "--subresource=status", "-p", json.dumps({"status": status})
    )


def _hold_back(hub: Hub, alive: Cluster) -> None:
    """A drain of a node of its own, with a pod that a budget holds back."""
    held = json.loads(pod("held-back", app="held-back"))
    held["spec"]["nodeName"] = SPARE_NODE
    guard = {"selector": {"matchLabels": {"app": "held-back"}}, "minAvailable": 1}
    made = [
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": SPARE_NODE}},
        {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "guard"}, "spec": guard},
        held,
    ]
    listing = {"apiVersion": "v1", "kind": "List", "items": made}
    alive.kubectl("create", "--validate=false", "-f", "-", stdin=json.dumps(listing))
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    alive.set_status("pods", "default", "held-back", status)
    hub.post("/drains", {"cluster": ALIVE, "nodes": [SPARE_NODE], "force": True})


def simulate(folder: Path, name: str) -> Program:
    """A cluster that runs, its kubeconfig beside those of the fleet; whoever started it ends it with `kill`."""
    kubeconfig = folder / f"{name}.kubeconfig"
    command = [sys.executable, "-m", "basefly.sim", "--nodes=4", "--pods=60", f"--seed={SEED.get(name, SPARE)}"]
    program = Program("simulator", [*command, f"--kubeconfig={kubeconfig}"], log=folder / f"{name}.log")
    program.start()
    program.wait_until(kubeconfig.exists, seconds=30)
    return program


def _single_sign_on(hub: Hub) -> None:
    """An identity provider that nobody asks, and the address to sign in at."""
    hub.post("/identity-providers", PROVIDER)
    hub.call("PUT", "/sign-in-address", json={"slug": "acme"})


def _listed(hub: Hub, name: str) -> bool:
    """Whether the first lists are in: pods are the largest of them."""
    return len(hub.objects("pods", cluster=name)) >= 50 and bool(hub.objects("events", cluster=name))
