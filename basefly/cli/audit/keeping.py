"""How long records are kept, and where they are sent."""

from __future__ import annotations

from typing import Any

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.fleet.connection import connect
from basefly.cli.show import documents, values
from basefly.cli.show.table import Cell, Table


def retention(days: str) -> None:
    """Say or set the days."""
    if days not in ("", "forever") and not days.isdecimal():
        raise misuse(f"{days!r} is no number of days.", "Give one of at least 30, or `forever`.")
    with connect() as hub:
        if days:
            hub.put("/audit/settings", {"retention_days": None if days == "forever" else int(days)})
        kept = hub.get("/audit/settings")
    said = f"for {kept['retention_days']} days" if kept["retention_days"] else "for ever"
    terminal.say(f"Records are kept {said}.")
    if kept["trimmed_before"]:
        terminal.say(f"What was older than {kept['trimmed_before'][:10]} is gone.")


def show(output: str) -> None:
    """Every stream."""
    with connect() as hub:
        items = hub.get("/audit/streams")["items"]
    if output in ("json", "yaml"):
        terminal.write(documents.written({"items": items}, output))
    elif output == "name":
        for stream in items:
            terminal.say(terminal.clean(stream["name"]))
    else:
        table = Table(["name", "kind", "address", "behind", "arrived", "state"])
        for line in table.draw(_row(stream) for stream in items):
            terminal.say(line)


def create(name: str, kind: str, address: str) -> None:
    """Make a stream; its secret alone goes to stdout."""
    with connect() as hub:
        made = hub.post("/audit/streams", {"name": name, "kind": kind, "address": address})
    terminal.note(f"Records are sent to {terminal.clean(made['stream']['address'])} from now on.")
    if made["secret"]:
        terminal.note("Its secret is shown this once:")
        terminal.say(made["secret"])


def resume(name: str) -> None:
    """Let a stream go on."""
    with connect() as hub:
        hub.post(f"/audit/streams/{_find(hub, name)['id']}/resumptions")
    terminal.note(f"{terminal.clean(name)} goes on from where it stood.")


def end(name: str, *, yes: bool) -> None:
    """End a stream, after asking."""
    with connect() as hub:
        stream = _find(hub, name)
        terminal.sure(f"Stop sending records to {terminal.clean(stream['address'])}?", yes=yes)
        hub.delete(f"/audit/streams/{stream['id']}")
    terminal.note(f"Ended {terminal.clean(stream['name'])}.")


def _find(hub: Hub, name: str) -> dict[str, Any]:
    items: list[dict[str, Any]] = hub.get("/audit/streams")["items"]
    for stream in items:
        if name == stream["id"] or name.lower() == stream["name"].lower():
            return stream
    cure = "`basefly audit streams list` shows them."
    raise Failure(f"There is no stream {name!r}.", cure=cure, exit_code=Exit.NOT_FOUND)


def _row(stream: dict[str, Any]) -> list[Cell | str]:
    state: Cell | str = Cell("well", "green")
    if stream["dead_at"]:
        state = Cell(f"stands still: {terminal.clean(stream['error'])}", "red")
    elif stream["failures"]:
        state = Cell(f"failing: {terminal.clean(stream['error'])}", "yellow")
    arrived = values.age(stream["delivered_at"]) if stream["delivered_at"] else "never"
    words = [terminal.clean(stream[name]) for name in ("name", "kind", "address")]
    return [*words, str(stream["behind"]), arrived, state]
