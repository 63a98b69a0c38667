"""Pods for the tests of what is below a pod: they run on a node, or fare as they are told to."""

from __future__ import annotations

import time
from typing import Any

from basefly.sim import Cluster
from basefly.sim.clock import written

POD = "/api/v1/namespaces/default/pods/web"
SECOND, HOUR = 1.0, 3600.0


def ago(seconds: float) -> str:
    return written(time.time() - seconds)


def plant(cluster: Cluster, name: str = "web", **given: Any) -> dict[str, Any]:
    """A pod that runs for an hour; given are `containers`, `labels`, `ready`, `owner`, `node`, `state` and `last`."""
    names = given.get("containers", ("app",))
    state = given.get("state", {"running": {"startedAt": ago(HOUR)}})
    ready = given.get("ready", True)
    port = {"containerPort": 8080, "name": "http"}
    pod: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": given.get("labels", {"app": "web"})},
        "spec": {"containers": [{"name": held, "image": "app:1", "ports": [port]} for held in names]},
        "status": {
            "phase": given.get("phase", "Running"),
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "containerStatuses": [{"name": held, "state": state, "lastState": given.get("last", {})} for held in names],
        },
    }
    pod["spec"] |= {"nodeName": given.get("node", "node-1")} if given.get("node", "node-1") else {}
    pod["metadata"] |= {"ownerReferences": [given["owner"]]} if "owner" in given else {}
    return cluster.api.create(pod)
