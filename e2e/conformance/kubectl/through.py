"""The same commands asked of a cluster directly and through the hub: real control planes, and simulated ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from e2e.conformance.kubectl.run import Outcome, ask_all, compared, written
from e2e.conformance.sides import simulated_cluster
from e2e.control_plane import ControlPlane
from e2e.hub import Hub
from e2e.plane.cluster import Cluster

# Where a cluster is, as its kubeconfig says: the hub adds the cluster's id.
_PLACE = re.compile(r"(https://<server>)/clusters/<uid>")
_USER = re.compile(r"basefly:<uid>")


def run_through(folder: Path, binaries: Sequence[str]) -> list[Outcome]:
    """Every command against two pairs of clusters that are alike; one of each is behind the hub."""
    with ExitStack() as stack:
        hub = stack.enter_context(Hub.start(folder / "hub"))
        direct = stack.enter_context(ControlPlane.start(folder / "direct"))
        behind = stack.enter_context(ControlPlane.start(folder / "behind"))
        alive, hidden = (_simulated(stack, folder / name) for name in ("alive", "hidden"))
        outcomes: list[Outcome] = []
        for number, binary in enumerate(binaries):
            for name, one, other, real in (("real", direct, behind, True), ("simulated", alive, hidden, False)):
                files = written(folder / f"files-{name}-{number}", number)
                configs = (one.kubeconfig, opened(hub, other, name))
                with ThreadPoolExecutor(2) as pool:
                    sides = [pool.submit(ask_all, binary, config, files, number, real) for config in configs]
                    plain, through = (side.result() for side in sides)
                outcomes += compared(binary, plain, {command: _plain(text) for command, text in through.items()})
    return outcomes


def opened(hub: Hub, cluster: Cluster, name: str) -> Path:
    """The cluster behind the hub, with the hub's groups bound in it; the kubeconfig that leads to it."""
    if not any(each["name"] == name for each in hub.get("/clusters")["items"]):
        hub.register(cluster, name=name)
        cluster.kubectl("apply", "-f", "-", stdin=hub.ask("GET", "/gateway/manifest").text)
    file = hub.folder / f"{name}.kubeconfig"
    done = hub.cli("kubeconfig", name, "--file", str(file), "--token")
    assert done.returncode == 0, done.stderr
    return file


def _simulated(stack: ExitStack, folder: Path) -> Cluster:
    simulated = stack.enter_context(simulated_cluster(alive=True))
    folder.mkdir()
    (folder / "kubeconfig").write_text(simulated.kubeconfig())
    return Cluster(folder / "kubeconfig", simulated.name)


def _plain(text: str) -> str:
    return _USER.sub("<user>", _PLACE.sub(r"\1", text))
