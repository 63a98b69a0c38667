"""List records, look at the history of a thing, and take records along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from basefly.cli import terminal
from basefly.cli.client.hub import Params
from basefly.cli.fleet.connection import connect, find_cluster
from basefly.cli.show import documents, values
from basefly.cli.show.table import Cell, Table
from basefly.cli.terminal import Colour

_COLOURS: dict[str, Colour] = {"failed": "red", "refused": "yellow"}
PAGE = 200


def show(given: dict[str, str], *, limit: int, output: str) -> None:
    """Records that match, newest first."""
    items = list(_records(given, limit))
    if output in ("json", "yaml"):
        terminal.write(documents.written({"items": items}, output))
    elif output == "name":
        for item in items:
            terminal.say(item["id"])
    elif items:
        headings = ["seq", "age", "who", "act", "object", "outcome"]
        table = Table([*headings, "from", "request", "id"] if output == "wide" else headings)
        for line in table.draw(_row(item, wide=output == "wide") for item in items):
            terminal.say(line)
    else:
        terminal.note("No record matches.")


def history(thing: str, *, limit: int, output: str) -> None:
    """What was done to one thing: its path, or a cluster by its name."""
    if "/" not in thing:
        with connect() as hub:
            thing = f"clusters/{find_cluster(hub, thing)['id']}"
    show({"object": thing}, limit=limit, output=output)


def export(given: dict[str, str], form: str, file: Path | None) -> None:
    """Records as a file, or to stdout."""
    path = "/audit/export/csv" if form == "csv" else "/audit/export"
    with connect() as hub, hub.lines(path, _asked(given)) as lines:
        if file is None:
            for line in lines:
                terminal.write(terminal.clean(line))
            return
        with file.open("w", encoding="utf-8", newline="") as out:
            out.writelines(f"{line}\n" for line in lines)
    terminal.note(f"Written to {file}.")


def _records(given: dict[str, str], limit: int) -> Iterator[dict[str, Any]]:
    left = limit
    with connect() as hub:
        for page in hub.pages("/audit", {**_asked(given), "limit": min(PAGE, limit)}):
            yield from page["items"][:left]
            left -= len(page["items"])
            if left <= 0:
                return


def _asked(given: dict[str, str]) -> Params:
    return {name: value for name, value in given.items() if value}


def _row(item: dict[str, Any], *, wide: bool) -> list[Cell | str]:
    who = item["actor"] or item["actor_id"] or "the hub"
    row: list[Cell | str] = [
        str(item["seq"] or "-"),
        values.age(item["at"]),
        terminal.clean(who),
        terminal.clean(item["act"]),
        terminal.clean(item["object"]),
        Cell(item["outcome"], _COLOURS.get(item["outcome"])),
    ]
    return (
        [*row, terminal.clean(item["address"] or "-"), terminal.clean(item["request_id"]), item["id"]] if wide else row
    )
