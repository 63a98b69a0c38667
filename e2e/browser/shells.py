"""Shells in the pods of a fleet: where they are opened, and a session that was recorded."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from websockets.sync.client import connect

from e2e.hub import Hub


def running(hub: Hub, cluster: str) -> dict[str, Any]:
    """A pod that runs."""
    return next(pod for pod in hub.get("/objects/pods", cluster=cluster, limit=100)["items"] if _runs(pod))


def page(cluster: str, pod: dict[str, Any], part: str = "terminal") -> str:
    """The address of its terminal."""
    name, namespace = quote(pod["name"]), quote(pod["namespace"])
    return f"/clusters/{cluster}/objects/pods/{name}/{part}?namespace={namespace}"


def recording(hub: Hub, cluster: str) -> str:
    """The id of a recorded session, which is held where there is none."""
    if not hub.get("/recordings")["items"]:
        hub.call("PUT", "/recording-settings", json={"recorded": "shells", "retention_days": 90})
        where = page(cluster, running(hub, cluster), "terminal/socket")
        headers = {"Authorization": f"Bearer {hub.token}"}
        with connect(hub.url.replace("http", "ws") + where, additional_headers=headers) as socket:
            for line in (
                "echo heron",
                "ls /",
                "export API_TOKEN=abcdefghijkl",
                "env",
                "exit",
            ):  # pragma: allowlist secret
                socket.send(f"{line}\r".encode())
            for _ in socket:
                pass
    return str(hub.get("/recordings")["items"][0]["id"])


def _runs(pod: dict[str, Any]) -> bool:
    return bool(pod["name"] != "a-crashing-pod" and pod.get("row", {}).get("status", pod.get("status")) == "Running")
