"""The same commands asked of a cluster directly and through the hub: real control planes, and simulated ones."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path

from e2e.agent.program import Agent
from e2e.browser.fleet import let_in
from e2e.conformance.kubectl.run import Outcome, Side, compared, written
from e2e.conformance.sides import simulated_cluster
from e2e.control_plane import ControlPlane
from e2e.hub import Hub
from e2e.plane.cluster import Cluster

# Where a cluster is, as its kubeconfig says: the hub adds the cluster's id.
_PLACE = re.compile(r"(https://<server>)/clusters/<uid>")
REASONS = {
    "*--as=*": "nobody acts as someone else through the hub",
    "auth whoami*": "the cluster sees the person, not its administrator",
    "get --raw /version": "kubectl before 1.37 leaves out the path of the server's address; tokens name no cluster",
    "describe configmap *": "kubectl prints keys in any order",
    "describe poddisruptionbudget *": "the controllers have got that far, or not yet",
    "describe deployment *": "the controllers have got that far, or not yet",
    "get replicasets *": "a hash without a digit is not taken for one",
    "logs *": "what a simulated container says depends on when it began",
    "top *": "what a simulated container uses depends on when it began",
    "describe pod *": "ids and the order of events that happened in one second",
    "events*": "the order of events that happened in one second",
}
_USER = re.compile(r"basefly:<uid>")


def run_through(folder: Path, binaries: Sequence[str], *, simulated: bool = True, agent: bool = False) -> list[Outcome]:
    """Every command against pairs of clusters that are alike, of which one is behind the hub: real and simulated.

    With `agent` the hub reaches the real one through its agent only.
    """
    with ExitStack() as stack:
        hub = stack.enter_context(Hub.start(folder / "hub"))
        planes = [stack.enter_context(ControlPlane.start(folder / name)) for name in ("direct", "behind")]
        if agent:
            stack.enter_context(Agent.start(hub, planes[1], folder / "agent", "real"))
            let_in(hub, planes[1])
        pairs: list[tuple[str, Sequence[Cluster]]] = [("real", planes)]
        if simulated:
            pairs.append(("simulated", [_simulated(stack, folder / name) for name in ("alive", "hidden")]))
        outcomes: list[Outcome] = []
        for number, binary in enumerate(binaries):
            for name, (direct, behind) in pairs:
                files = written(folder / f"files-{name}-{number}", number)
                real, config = name == "real", opened(hub, behind, name)
                sides = (Side(direct.kubeconfig, real), Side(config, real, _plain))
                outcomes += compared(binary, sides, files, number, explained)
    return outcomes


def explained(command: str) -> str:
    """Why a command may print something else through the hub; empty if that is not known."""
    return next((why for pattern, why in REASONS.items() if fnmatchcase(command, pattern)), "")


def unexplained(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those that differ without a reason that is known here."""
    return [outcome for outcome in outcomes if outcome.verdict != "equal" and not explained(outcome.command)]


def opened(hub: Hub, cluster: Cluster, name: str) -> Path:
    """The cluster behind the hub, with the hub's groups bound in it; the kubeconfig that leads to it."""
    if not any(each["name"] == name for each in hub.get("/clusters")["items"]):
        hub.register(cluster, name=name)
        let_in(hub, cluster)
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
