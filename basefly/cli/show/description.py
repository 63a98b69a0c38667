"""An object told to people, in the manner of `kubectl describe`, with its place in the fleet and its family."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from basefly.cli.show import documents, values
from basefly.cli.show.objects import COLOURS, Layout
from basefly.cli.show.table import Table
from basefly.cli.terminal import clean, clean_lines, paint

WIDTH = 15  # of the names of fields
_TOLD = ("apiVersion", "kind", "metadata", "conditions", "managedFields")
_HIDDEN = ("kubectl.kubernetes.io/last-applied-configuration",)

Item = dict[str, Any]


def text(row: Item, whole: Item, age: str, graph: Item, events: list[Item]) -> str:
    """Everything about one object. `age` is "live", or says from when the object is."""
    meta = whole.get("metadata") or {}
    status: Item = whole["status"] if isinstance(whole.get("status"), dict) else {}
    parts = [
        _head(row, whole, meta, age),
        _family(row, graph),
        _containers(whole, status),
        _conditions(status.get("conditions")),
        *(_section(name, value) for name, value in whole.items() if name not in _TOLD),
        _events(events),
    ]
    return "\n".join(part for part in parts if part)


def _head(row: Item, whole: Item, meta: Item, age: str) -> str:
    status = paint(values.text(row.get("status")), COLOURS.get(row.get("health", "")))
    fields = [
        ("Name", clean(str(row["name"]))),
        ("Namespace", clean(str(row.get("namespace") or ""))),
        ("Cluster", paint(clean(str(row["cluster"]["name"])), "cyan")),
        ("Kind", clean(f"{row['kind']} ({whole.get('apiVersion', '')})")),
        ("Status", status),
        ("Created", f"{clean(str(row.get('created_at')))} ({values.age(row.get('created_at'))} ago)"),
        ("Seen", age if age == "live" else paint(age, "yellow")),
        *_pairs("Labels", meta.get("labels")),
        *_pairs("Annotations", meta.get("annotations")),
    ]
    return "\n".join(f"{name + ':' if name else '':<{WIDTH}} {value}" for name, value in fields if value) + "\n"


def _pairs(title: str, given: Any) -> list[tuple[str, str]]:
    """Labels or annotations, one a line, the first beside the title."""
    if not isinstance(given, dict):
        return []
    lines = [f"{clean(str(key))}={_short(str(value))}" for key, value in sorted(given.items()) if key not in _HIDDEN]
    return [(title if place == 0 else "", line) for place, line in enumerate(lines)]


def _short(value: str) -> str:
    return clean(value if len(value) <= 120 else f"{value[:117]}...")


def _family(row: Item, graph: Item) -> str:
    """Owners above it and what it owns, as a tree."""
    nodes = {node["uid"]: node for node in graph.get("nodes") or ()}
    children: dict[str, list[str]] = {}
    owned: set[str] = set()
    for edge in graph.get("edges") or ():
        children.setdefault(edge["from"], []).append(edge["to"])
        owned.add(edge["to"])
    if len(nodes) < 2:
        return ""
    roots = [uid for uid in nodes if uid not in owned]
    lines = [line for root in roots for line in _branch(root, nodes, children, row["uid"], 0)]
    return _titled("Family", lines)


def _branch(uid: str, nodes: dict[str, Item], children: dict[str, list[str]], me: str, depth: int) -> Iterable[str]:
    node = nodes[uid]
    name = f"{node['kind']}/{clean(node['name'])}"
    status = paint(values.text(node.get("status")), COLOURS.get(node.get("health", "")))
    yield f"{'  ' * depth}{paint(name, 'bold') if uid == me else name}  {status}"
    for child in children.get(uid, ()):
        if child in nodes and depth < 10:
            yield from _branch(child, nodes, children, me, depth + 1)


def _containers(whole: Item, status: Item) -> str:
    """The containers of a pod, with how they are."""
    if whole.get("kind") != "Pod":
        return ""
    states = {
        s.get("name"): s for part in ("initContainerStatuses", "containerStatuses") for s in status.get(part) or ()
    }
    spec = whole.get("spec") or {}
    table = Table(["name", "image", "ready", "state", "restarts"])
    found = [c for part in ("initContainers", "containers") for c in spec.get(part) or ()]
    drawn = table.draw(_container(c, states.get(c.get("name")) or {}) for c in found)
    return _titled("Containers", drawn if found else [])


def _container(container: Item, state: Item) -> list[str]:
    kind, told = next(iter((state.get("state") or {}).items()), ("unknown", None))
    details: Item = told if isinstance(told, dict) else {}
    reason = details.get("reason") or str(kind).capitalize()
    code = details.get("exitCode")
    return [
        clean(str(container.get("name"))),
        clean(str(container.get("image"))),
        str(state.get("ready", False)).lower(),
        clean(f"{reason} ({code})" if code else reason),
        str(state.get("restartCount", 0)),
    ]


def _conditions(conditions: Any) -> str:
    if not isinstance(conditions, list) or not all(isinstance(condition, dict) for condition in conditions):
        return ""
    table = Table(["type", "status", "since", "reason", "message"])
    drawn = table.draw(
        [
            clean(str(c.get("type", ""))),
            clean(str(c.get("status", ""))),
            values.age(c.get("lastTransitionTime")),
            clean(str(c.get("reason", ""))),
            clean(str(c.get("message", ""))),
        ]
        for c in conditions
    )
    return _titled("Conditions", drawn if conditions else [])


def _section(name: str, value: Any) -> str:
    """A field of the object as YAML, without what has been told already."""
    if isinstance(value, dict):
        value = {key: child for key, child in value.items() if key not in _TOLD}
    if value in ({}, [], None, ""):
        return ""
    return _titled(name[:1].upper() + name[1:], clean_lines(documents.as_yaml(value)).splitlines())


def _events(events: list[Item]) -> str:
    layout = Layout("events", (), namespaced=False)
    table = Table(layout.headings()[1:])
    return _titled("Events", table.draw(layout.row(event)[1:] for event in events) if events else [])


def _titled(title: str, lines: list[str]) -> str:
    return "\n".join([f"{paint(title, 'bold')}:", *(f"  {line}" for line in lines), ""]) if lines else ""
