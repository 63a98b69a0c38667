"""What a page says of one object: its facts, conditions and containers, and the tree it stands in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from basefly.core.inventory.detail import Graph
from basefly.core.inventory.display.address import WORKLOADS, object_path
from basefly.core.inventory.display.cells import Cell, cell, metered, moment
from basefly.core.inventory.model import InventoryObject
from basefly.core.sync.kind import Column

GOOD_WHEN_FALSE = ("Pressure", "Unavailable", "Failed", "Failure", "Stalled", "Denied")
CHILDREN_SHOWN = 40
ANNOTATION_SHOWN = 200  # characters; the whole of it is in the YAML


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """A condition, and whether what it says is good."""

    type: str
    status: str
    health: str
    reason: str
    message: str
    since: datetime | None


class Container(msgspec.Struct, frozen=True, kw_only=True):
    """A container, as its template says and, in a pod, as it fares."""

    name: str
    image: str
    init: bool
    word: str = ""
    health: str = "idle"
    restarts: int | None = None
    requests: str = ""
    limits: str = ""


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """An object in its family tree; `more` counts the children that are not listed."""

    kind: str
    name: str
    href: str
    status: str
    health: str
    here: bool
    children: list[Branch]
    more: int = 0


def facts(row: InventoryObject | None, columns: Sequence[Column]) -> list[Cell]:
    """The kind's own columns as facts."""
    if row is None:
        return []
    shown = []
    for column in columns:
        value = row.cells.get(column.name)
        one = metered(cell(msgspec.structs.replace(column, wide=False), value), column, row.cells)
        if isinstance(value, list):
            one = msgspec.structs.replace(one, text=", ".join(map(str, value)) or one.text, full="")
        if column.name == "node" and value:
            one = msgspec.structs.replace(one, href=object_path(row.cluster.id, "nodes", "", str(value)))
        shown.append(one)
    return shown


def remarks(whole: dict[str, Any]) -> list[tuple[str, str]]:
    """The annotations in order, long ones cut."""
    found = (whole.get("metadata") or {}).get("annotations") or {}
    texts = [(key, str(text)) for key, text in sorted(found.items())]
    return [(key, text if len(text) <= ANNOTATION_SHOWN else f"{text[:ANNOTATION_SHOWN]}…") for key, text in texts]


def conditions(whole: dict[str, Any]) -> list[Condition]:
    """The conditions of a live object, what is wrong first."""
    status = whole.get("status")
    found = status.get("conditions") if isinstance(status, dict) else None
    shown = [_condition(one) for one in found or () if isinstance(one, dict)]
    return sorted(shown, key=lambda one: one.health == "ok")


def _condition(one: dict[str, Any]) -> Condition:
    kind, status = str(one.get("type", "")), str(one.get("status", ""))
    wanted = "False" if kind.endswith(GOOD_WHEN_FALSE) else "True"
    return Condition(
        type=kind,
        status=status,
        health="ok" if status == wanted else "idle" if status == "Unknown" else "warn",
        reason=str(one.get("reason") or ""),
        message=str(one.get("message") or ""),
        since=moment(one.get("lastTransitionTime") or ""),
    )


def containers(resource: str, whole: dict[str, Any]) -> list[Container]:
    """The containers of a pod, or of the pods that a workload makes; none for other kinds."""
    if resource != "pods" and resource not in WORKLOADS:
        return []
    spec, status = whole.get("spec") or {}, whole.get("status") or {}
    job = (spec.get("jobTemplate") or {}).get("spec") or spec
    template = (job.get("template") or {}).get("spec") or {}
    pod = spec if "containers" in spec else template
    states = {
        one.get("name"): one
        for one in [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    }
    first = [_container(one, states, init=True) for one in pod.get("initContainers") or ()]
    return first + [_container(one, states, init=False) for one in pod.get("containers") or ()]


def _container(one: dict[str, Any], states: dict[Any, dict[str, Any]], *, init: bool) -> Container:
    resources = one.get("resources") or {}
    state = states.get(one.get("name"))
    word, health = _state(state) if state else ("", "idle")
    return Container(
        name=str(one.get("name", "")),
        image=str(one.get("image", "")),
        init=init,
        word=word,
        health=health,
        restarts=state.get("restartCount") if state else None,
        requests=_amounts(resources.get("requests")),
        limits=_amounts(resources.get("limits")),
    )


def _state(status: dict[str, Any]) -> tuple[str, str]:
    state = status.get("state") or {}
    if waiting := state.get("waiting"):
        reason = str(waiting.get("reason") or "Waiting")
        return reason, "warn" if reason in ("ContainerCreating", "PodInitializing") else "bad"
    if ended := state.get("terminated"):
        reason = str(ended.get("reason") or "Terminated")
        return f"{reason} ({ended.get('exitCode')})", "idle" if ended.get("exitCode") == 0 else "bad"
    return ("Running", "ok") if status.get("ready") else ("Running, not ready", "warn")


def _amounts(amounts: dict[str, Any] | None) -> str:
    return ", ".join(f"{name} {amount}" for name, amount in (amounts or {}).items())


def family(graph: Graph, uid: str) -> list[Branch]:
    """The trees of a graph, from the roots down; empty when the object stands alone."""
    if len(graph.nodes) < 2:
        return []
    children: dict[str, list[str]] = defaultdict(list)
    for edge in graph.edges:
        children[edge.owner].append(edge.owned)
    owned = {edge.owned for edge in graph.edges}
    by_uid = {node.uid: node for node in graph.nodes}
    return [_branch(root, by_uid, children, uid) for root in by_uid if root not in owned]


def _branch(node: str, by_uid: dict[str, InventoryObject], children: dict[str, list[str]], here: str) -> Branch:
    one, below = by_uid[node], children[node]
    shown = below[:CHILDREN_SHOWN]
    if here in below and here not in shown:
        shown[-1] = here
    return Branch(
        kind=one.kind,
        name=one.name,
        href=object_path(one.cluster.id, one.resource, one.namespace, one.name),
        status=one.status,
        health=one.health,
        here=node == here,
        children=[_branch(child, by_uid, children, here) for child in shown],
        more=len(below) - len(shown),
    )
