"""List, save, change and delete saved views."""

from __future__ import annotations

from typing import Any

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure
from basefly.cli.fleet.connection import connect
from basefly.cli.show import documents, values
from basefly.cli.show.table import Table


def show(output: str) -> None:
    """Views in sight."""
    with connect() as hub:
        items = hub.get("/views")["items"]
    if output in ("json", "yaml"):
        terminal.write(documents.written({"items": items}, output))
    elif output == "name":
        for view in items:
            terminal.say(terminal.clean(view["name"]))
    else:
        table = Table(["name", "of", "shared", "default", "address", "age"])
        for line in table.draw(_row(view) for view in items):
            terminal.say(line)


def _row(view: dict[str, Any]) -> list[str]:
    of = "you" if view["mine"] else terminal.clean(view["owner"])
    marks = ["yes" if view[mark] else "" for mark in ("shared", "default")]
    return [terminal.clean(view["name"]), of, *marks, terminal.clean(view["address"]), values.age(view["created_at"])]


def save(name: str, address: str, *, shared: bool) -> None:
    """Save an address under a name."""
    with connect() as hub:
        view = hub.post("/views", {"name": name, "address": address, "shared": shared})
    terminal.note(f"Saved {terminal.clean(view['name'])}: {terminal.clean(view['address'])}")


def change(name: str, wanted: dict[str, Any]) -> None:
    """Change a view."""
    with connect() as hub:
        view = hub.patch(f"/views/{_find(hub, name)['id']}", wanted)
    terminal.note(f"Changed {terminal.clean(view['name'])}.")


def delete(name: str, *, yes: bool) -> None:
    """Delete a view, after asking."""
    with connect() as hub:
        view = _find(hub, name)
        terminal.sure(f"Delete the view {terminal.clean(view['name'])}?", yes=yes)
        hub.delete(f"/views/{view['id']}")
    terminal.note(f"Deleted {terminal.clean(view['name'])}.")


def _find(hub: Hub, name: str) -> dict[str, Any]:
    """The view of that id, or of that name: one's own before those of others."""
    items: list[dict[str, Any]] = hub.get("/views")["items"]
    for view in items:
        if name == view["id"] or name.lower() == view["name"].lower():
            return view
    raise Failure(f"There is no view {name!r}.", cure="`basefly views list` shows them.", exit_code=Exit.NOT_FOUND)
