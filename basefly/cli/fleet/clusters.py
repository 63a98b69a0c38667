"""The clusters that the hub knows: list, show, change, remove, restore."""

from __future__ import annotations

from typing import Any

from basefly.cli import terminal
from basefly.cli.exits import misuse
from basefly.cli.fleet.connection import connect, find_cluster
from basefly.cli.show import documents, values
from basefly.cli.show.table import Cell, Table
from basefly.cli.terminal import Colour, clean, paint

PAGE = 500
COLOURS: dict[str, Colour] = {"healthy": "green", "degraded": "yellow", "unreachable": "red", "unknown": "dim"}

Cluster = dict[str, Any]


def show_all(query: dict[str, str], *, removed: bool, output: str) -> None:
    """Print the clusters that fit."""
    params: dict[str, Any] = {name: value for name, value in query.items() if value} | {"limit": PAGE}
    if removed:
        params["removed"] = True
    with connect() as hub:
        items = [cluster for page in hub.pages("/clusters", params) for cluster in page["items"]]
    if output in ("json", "yaml"):
        terminal.write(documents.written({"items": items}, output))
    elif output == "name":
        for cluster in items:
            terminal.say(clean(cluster["name"]))
    elif not items:
        hint = "" if removed or len(params) > 1 else " `basefly clusters register` brings the first."
        terminal.note(f"No clusters.{hint}")
    else:
        _draw(items, wide=output == "wide")


def _draw(items: list[Cluster], *, wide: bool) -> None:
    headings = ["name", "health", "version", "provider", "region", "nodes", "pods", "as of"]
    table = Table([*headings, "age", "server", "labels", "id"] if wide else headings)
    for line in table.draw(_row(cluster, wide=wide) for cluster in items):
        terminal.say(line)


def _row(cluster: Cluster, *, wide: bool) -> list[Cell | str]:
    counts = cluster.get("counts") or {}
    row: list[Cell | str] = [
        Cell(clean(cluster["name"]), "cyan"),
        Cell(cluster["health"], COLOURS.get(cluster["health"])),
        values.text(cluster.get("version")),
        values.text(cluster.get("provider")),
        values.text(cluster.get("region")),
        str(counts.get("nodes", 0)),
        str(counts.get("pods", 0)),
        _ago(cluster),
    ]
    if wide:
        server, labels = clean(cluster.get("server", "")), values.labels(cluster.get("labels"))
        row += [values.age(cluster.get("created_at")), server, labels, cluster["id"]]
    return row


def _ago(cluster: Cluster) -> str:
    return f"{values.age(cluster['as_of'])} ago" if cluster.get("as_of") else "never"


def show_one(word: str, output: str) -> None:
    """Print all about one cluster."""
    with connect() as hub:
        found = find_cluster(hub, word)
        cluster = hub.get(f"/clusters/{found['id']}")
    if output in ("json", "yaml"):
        terminal.write(documents.written(cluster, output))
        return
    reason = f": {clean(cluster['health_reason'])}" if cluster.get("health_reason") else ""
    counts = sorted((cluster.get("counts") or {}).items(), key=lambda count: (-count[1], count[0]))
    fields = [
        ("Name", paint(clean(cluster["name"]), "cyan")),
        ("Health", paint(cluster["health"], COLOURS.get(cluster["health"])) + reason),
        ("As of", _ago(cluster)),
        ("Server", clean(cluster.get("server", ""))),
        ("Version", clean(cluster.get("version") or "unknown")),
        ("Provider", clean(cluster.get("provider") or "unknown")),
        ("Region", clean(cluster.get("region") or "unknown")),
        ("Labels", values.labels(cluster.get("labels"))),
        ("Objects", ", ".join(f"{number:,} {clean(kind)}" for kind, number in counts) or "none yet"),
        ("Registered", f"{cluster.get('created_at')} ({values.age(cluster.get('created_at'))} ago)"),
        ("Id", cluster["id"]),
    ]
    for name, value in fields:
        terminal.say(f"{name + ':':<12} {value}")


def change(word: str, changes: dict[str, Any]) -> None:
    """Change what the hub says of a cluster."""
    with connect() as hub:
        cluster = hub.patch(f"/clusters/{find_cluster(hub, word)['id']}", changes)
    _told(cluster, changes)


def label(word: str, wishes: list[str]) -> None:
    """Set KEY=VALUE, remove KEY-."""
    given = dict(wish.split("=", 1) for wish in wishes if "=" in wish)
    gone = {wish.removesuffix("-") for wish in wishes if "=" not in wish}
    wrong = next((wish for wish in wishes if "=" not in wish and not wish.endswith("-")), "")
    if wrong:
        raise misuse(f"{wrong!r} is neither KEY=VALUE nor KEY-.")
    with connect() as hub:
        cluster = find_cluster(hub, word)
        kept = {key: value for key, value in cluster["labels"].items() if key not in gone}
        changed = hub.patch(f"/clusters/{cluster['id']}", {"labels": kept | given})
    terminal.say(f"{clean(changed['name'])}: {values.labels(changed['labels'])}")


def _told(cluster: Cluster, changes: dict[str, Any]) -> None:
    told = ", ".join(f"{name} {clean(str(cluster.get(name) or '–'))}" for name in changes)
    terminal.say(f"{clean(cluster['name'])}: {told}")


def remove(word: str, *, yes: bool) -> None:
    """Remove a cluster; the hub keeps it for `restore`."""
    with connect() as hub:
        cluster = find_cluster(hub, word)
        terminal.sure(f"Remove {cluster['name']} ({_counted(cluster)}) from the hub?", yes=yes)
        hub.delete(f"/clusters/{cluster['id']}")
    terminal.say(f"Removed {clean(cluster['name'])}.")
    terminal.note(f"`basefly clusters restore {cluster['id']}` brings it back.", "dim")


def _counted(cluster: Cluster) -> str:
    counts = cluster.get("counts") or {}
    return f"{counts.get('nodes', 0)} nodes, {counts.get('pods', 0)} pods"


def restore(word: str) -> None:
    """Bring a removed cluster back."""
    with connect() as hub:
        cluster = find_cluster(hub, word, removed=True)
        back = hub.post(f"/clusters/{cluster['id']}/restorations")
    terminal.say(f"{clean((back or cluster)['name'])} is back.")
