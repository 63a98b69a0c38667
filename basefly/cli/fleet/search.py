"""`basefly search`, `unreadable`, `events` and `kinds`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.fleet.freshness import Freshness
from basefly.cli.fleet.kinds import Kinds
from basefly.cli.fleet.query import Asked
from basefly.cli.fleet.reference import name_of
from basefly.cli.show import documents, values
from basefly.cli.show.objects import COLOURS
from basefly.cli.show.table import Cell, Table


def search(hub: Hub, text: str, kind: str, *, limit: int, output: str) -> Exit:
    """Print what fits the query; NOT_FOUND if nothing does. The exit code says whether every cluster answered."""
    params: dict[str, Any] = {"q": text, "limit": limit}
    if kind:
        params["kind"] = Kinds(hub).named(kind)["name"]
    found = hub.get("/search", params)
    clusters = found["clusters"]
    fresh = Freshness()
    fresh.add({"missing": found.get("missing", [])})
    if output in ("json", "yaml"):
        terminal.write(documents.written(found, output))
        return fresh.tell()
    if not found["items"] and not clusters:
        fresh.tell()
        raise Failure(f"Nothing fits {text!r}.", exit_code=Exit.NOT_FOUND)
    if output == "name":
        for item in found["items"]:
            terminal.say(terminal.clean(name_of(item)))
        return fresh.tell()
    table = Table(["cluster", "kind", "namespace", "name", "status", "age"])
    places = [
        [terminal.clean(cluster["name"]), "Cluster", "", terminal.clean(cluster["name"]), "", ""]
        for cluster in clusters
    ]
    for line in table.draw([*places, *(_row(item) for item in found["items"])]):
        terminal.say(line)
    if len(found["items"]) == limit:
        terminal.note(f"The first {limit}; there may be more (--limit).", "dim")
    return fresh.tell()


def unreadable(hub: Hub, clusters: list[str], *, output: str) -> Exit:
    """Print what cannot be read, by cluster and kind; 0 also when there is nothing of it."""
    found = hub.get("/unreadable", {"cluster": clusters} if clusters else {})
    if output in ("json", "yaml"):
        terminal.write(documents.written(found, output))
        return Exit.OK
    if not found["items"]:
        terminal.note("Every object can be read.", "dim")
        return Exit.OK
    table = Table(["cluster", "kind", "objects", "without a name", "why"])
    rows = [
        [
            Cell(terminal.clean(one["cluster"]["name"]), "cyan"),
            one["resource"],
            Cell(str(one["count"]), "yellow"),
            str(one["unnamed"]),
            terminal.clean(one["reason"]) or f"basefly get {one['resource']} -A --match status:Unreadable",
        ]
        for one in found["items"]
    ]
    for line in table.draw(rows):
        terminal.say(line)
    return Exit.OK


def _row(item: dict[str, Any]) -> list[Cell | str]:
    return [
        Cell(terminal.clean(item["cluster"]["name"]), "cyan"),
        item["kind"],
        terminal.clean(item.get("namespace") or ""),
        terminal.clean(item["name"]),
        Cell(values.text(item.get("status")), COLOURS.get(item.get("health", ""))),
        values.age(item.get("created_at")),
    ]


def events(hub: Hub, asked: Asked, *, about: str, warnings: bool) -> Asked:
    """What was asked for, narrowed to the events about one object or to warnings, latest first."""
    where = [f"object={_as_told(hub, about)}"] if about else []
    where += ["status=Warning"] if warnings else []
    return replace(asked, where=where, sort="-last")


def _as_told(hub: Hub, about: str) -> str:
    """Events name their object ReplicaSet/web-1; people write rs/web-1."""
    kind, _, name = about.partition("/")
    if not kind or not name:
        raise misuse(f"--for {about!r} names no object.", "Write KIND/NAME, for example --for pod/web-1.")
    return f"{Kinds(hub).named(kind)['kind']}/{name}"


def kinds(hub: Hub, output: str) -> None:
    """Print every kind of the fleet."""
    resources = Kinds(hub).all()
    if output in ("json", "yaml"):
        whole = {"items": resources}
        terminal.write(documents.written(whole, output))
    elif output == "name":
        for resource in resources:
            terminal.say(resource["name"])
    else:
        table = Table(["name", "short", "group", "kind", "namespaced", "clusters", "objects"])
        for line in table.draw(_kind_row(resource) for resource in resources):
            terminal.say(line)


def _kind_row(resource: dict[str, Any]) -> list[str]:
    short = ",".join(resource["short"])
    namespaced = "true" if resource["namespaced"] else "false"
    counts = str(resource["clusters"]), str(resource["count"])
    return [
        resource["plural"],
        short,
        f"{resource['group'] or 'core'}/{resource['version']}",
        resource["kind"],
        namespaced,
        *counts,
    ]
