"""`basefly workloads`, `images` and `events --grouped`: one line for what many clusters have alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit
from basefly.cli.fleet.freshness import Freshness
from basefly.cli.fleet.kinds import Kinds
from basefly.cli.show import documents, values
from basefly.cli.show.objects import COLOURS
from basefly.cli.show.table import Cell, Table
from basefly.cli.terminal import clean

PAGE = 200
SHOWN = 3  # clusters or versions that a line names; the others are counted

Group = dict[str, Any]
Asked = dict[str, str | list[str]]


def workloads(hub: Hub, asked: Asked, *, kind: str, limit: int, output: str) -> Exit:
    """Print workloads by name or by app."""
    asked = {**asked, "kind": Kinds(hub).named(kind)["name"] if kind else ""}
    fresh = Freshness()
    found = _all(hub, "/workloads", asked, limit, fresh)
    headings = ["name", "namespace", "kind", "clusters", "status", "ready", "versions", "restarts", "changed"]
    _show(found, headings, _workload, output)
    return fresh.tell()


def images(hub: Hub, asked: Asked, *, limit: int, output: str) -> Exit:
    """Print images by repository."""
    fresh = Freshness()
    found = _all(hub, "/images", asked, limit, fresh)
    headings = ["repository", "tags", "digests", "notes", "clusters", "namespaces", "pods", "workloads"]
    _show(found, headings, _image, output)
    return fresh.tell()


def events(hub: Hub, asked: Asked, *, warnings: bool, output: str) -> Exit:
    """Print events by reason and kind, warnings first."""
    fresh = Freshness()
    answer = hub.get("/events/groups", _given(asked) | ({"type": "Warning"} if warnings else {}))
    fresh.add(answer)
    headings = ["last seen", "type", "reason", "kind", "events", "times", "clusters", "last about", "message"]
    _show(answer["items"], headings, _event, output)
    if answer["more"]:
        terminal.note("There are more kinds of events than are shown: narrow them down.", "dim")
    return fresh.tell()


def _all(hub: Hub, path: str, asked: Asked, limit: int, fresh: Freshness) -> list[Group]:
    """Every group, page by page, or the first so many."""

    def each() -> Any:
        params = _given(asked) | {"limit": min(limit or PAGE, PAGE)}
        for page in hub.pages(path, params):
            fresh.add(page)
            yield from page["items"]

    return list(islice(each(), limit or None))


def _given(asked: Asked) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value}


def _show(found: list[Group], headings: Sequence[str], row: Callable[[Group], list[Cell | str]], output: str) -> None:
    if output in ("json", "yaml"):
        whole = {"items": found}
        terminal.write(documents.written(whole, output))
    elif output == "name":
        for group in found:
            terminal.say(clean(str(group.get("name") or group.get("repository") or group.get("reason"))))
    elif not found:
        terminal.note("Nothing fits.")
    else:
        for line in Table(headings).draw(row(group) for group in found):
            terminal.say(line)


def _workload(group: Group) -> list[Cell | str]:
    failing = [clean(cluster["name"]) for cluster in group["failing"]]
    status = Cell(f"failing on {_few(failing)}", "red") if failing else Cell(group["health"], COLOURS[group["health"]])
    versions = [f"{clean(version['name'])} on {version['clusters']}" for version in group["versions"]]
    return [
        clean(group["name"]),
        clean(group["namespace"]),
        group["kind"] or f"{group['workloads']} workloads",
        str(group["clusters"]),
        status,
        "" if group["desired"] is None else f"{group['ready']}/{group['desired']}",
        Cell(_few(versions), "yellow" if len(versions) > 1 else None),
        values.text(group["restarts"]),
        values.age(group["changed_at"]),
    ]


def _image(group: Group) -> list[Cell | str]:
    notes = [f"{group['drifting']} with several digests"] if group["drifting"] else []
    notes += ["latest or untagged"] if group["floating"] else []
    return [
        clean(group["repository"]),
        str(group["tags"]),
        str(group["digests"]),
        Cell(", ".join(notes), "yellow"),
        str(group["clusters"]),
        str(group["namespaces"]),
        str(group["pods"]),
        str(group["workloads"]),
    ]


def _event(group: Group) -> list[Cell | str]:
    return [
        values.age(group["last"]),
        Cell(group["type"], "yellow" if group["type"] == "Warning" else None),
        clean(group["reason"]),
        clean(group["kind"]),
        str(group["events"]),
        str(group["times"]),
        str(group["clusters"]),
        clean(group["about"]),
        clean(group["message"]),
    ]


def _few(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
