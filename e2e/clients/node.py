"""A node whose kubelet is ours: shells, forwarded ports and logs are real, and pods run when they are told to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from e2e.control_plane import ControlPlane
from e2e.plane.program import Program, free_port, listens

NAME = "hand"


class Node:
    """A kubelet's door, and the node by which the API server finds it."""

    def __init__(self, plane: ControlPlane, root: Path) -> None:
        self.plane = plane
        self.root = root

    @classmethod
    @contextmanager
    def start(cls, plane: ControlPlane, binary: Path) -> Iterator[Node]:
        """The node is there for as long as the block; `binary` is the built kubelet."""
        port, root = free_port(), plane.folder / "containers"
        root.mkdir()
        plane.issue("kubelet")
        files = {name: str(plane.folder / f"kubelet.{end}") for name, end in (("-cert", "crt"), ("-key", "key"))}
        words = {"-listen": f"127.0.0.1:{port}", "-root": str(root), "-ca": str(plane.folder / "ca.crt"), **files}
        command = [str(binary), *(word for pair in words.items() for word in pair)]
        program = Program("kubelet", command, log=plane.folder / "kubelet.log")
        program.start()
        try:
            program.wait_until(lambda: listens(port), seconds=10)
            plane.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": NAME}})
            plane.set_status("node", "default", NAME, _status(port))
            yield cls(plane, root)
        finally:
            program.kill()

    def run(self, name: str, namespace: str = "default") -> None:
        """A pod of this node, running."""
        container = {"name": "main", "image": "registry.example/main:1"}
        self.plane.apply(
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": namespace},
                "spec": {"nodeName": NAME, "containers": [container]},
            }
        )
        self.say(name, "hello", namespace=namespace)
        self.begin(namespace)

    def say(self, pod: str, line: str, *, namespace: str = "default") -> None:
        """One more line in the log of a pod."""
        folder = self.root / namespace / pod
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "log").open("a") as log:
            log.write(f"{line}\n")

    def begin(self, namespace: str) -> int:
        """Have every pod of a namespace that waits on this node run, as a kubelet reports it; how many that were."""
        listed = json.loads(self.plane.kubectl("get", "pods", "-n", namespace, "-o", "json"))["items"]
        waiting = [pod for pod in listed if pod["status"].get("phase") == "Pending"]
        for pod in waiting:
            self.plane.set_status("pod", namespace, pod["metadata"]["name"], _running(pod))
        return len(waiting)


def _status(port: int) -> dict[str, Any]:
    return {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "conditions": [{"type": "Ready", "status": "True"}],
    }


def _running(pod: Mapping[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    containers = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": True,
            "started": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": now}},
        }
        for container in pod["spec"]["containers"]
    ]
    conditions = [
        {"type": kind, "status": "True"} for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    ]
    return {"phase": "Running", "startTime": now, "conditions": conditions, "containerStatuses": containers}
