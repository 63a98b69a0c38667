"""The life of an object and the changes of the fleet, on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure, misuse
from basefly.cli.fleet.kinds import Kinds
from basefly.cli.fleet.reference import Reference, name_of
from basefly.cli.history.moments import moment
from basefly.cli.show import documents
from basefly.cli.show.table import Cell, Table
from basefly.cli.show.values import NOTHING, age
from basefly.cli.terminal import Colour, clean

FIELDS = 3  # that are told on a line
_COLOURS: dict[str, Colour] = {"created": "green", "changed": "yellow"}

Entry = dict[str, Any]


class Life:
    """One object, wherever it is or was."""

    def __init__(self, hub: Hub, reference: Reference, clusters: list[str], namespace: str) -> None:
        self._hub = hub
        kind = Kinds(hub).named(reference.kind)
        where = (reference.namespace or namespace or "default") if kind["namespaced"] else ""
        self._params = {"namespace": where} if where else {}
        places = (
            [reference.cluster] if reference.cluster else clusters or _clusters(hub, kind["name"], reference, where)
        )
        if len(places) != 1:
            raise misuse(f"In which cluster is {reference.kind}/{reference.name}?", "Name one with --cluster.")
        named = f"{quote(kind['name'], safe='')}/{quote(reference.name, safe='')}"
        self._path = f"/clusters/{quote(places[0], safe='')}/objects/{named}/history"

    def entries(self, limit: int) -> list[Entry]:
        """Latest first; 0 for all."""
        return _limited(self._hub, self._path, self._params, limit)

    def past(self, at: str) -> Any:
        """What it was like."""
        return self._hub.get(f"{self._path}/past", self._params | {"at": moment(at)})["object"]

    def difference(self, before: str, after: str) -> str:
        """What differs between two moments, as `diff -u` prints it."""
        asked = self._params | {"after": moment(after)} | ({"before": moment(before)} if before else {})
        signs = {"added": "+", "removed": "-", "same": " ", "gap": ""}
        colours: dict[str, Colour] = {"added": "green", "removed": "red", "gap": "dim"}
        lines = self._hub.get(f"{self._path}/difference", asked)["lines"]
        told = ((signs[line["kind"]] + clean(line["text"]), colours.get(line["kind"])) for line in lines)
        return "\n".join(terminal.paint(text, colour) for text, colour in told)


def _clusters(hub: Hub, resource: str, reference: Reference, namespace: str) -> list[str]:
    """Where an object of this name is now."""
    asked: dict[str, Any] = {"q": f'"{reference.name}"', "limit": 50} | ({"namespace": namespace} if namespace else {})
    items = hub.get(f"/objects/{quote(resource, safe='')}", asked)["items"]
    found = list({item["cluster"]["id"] for item in items if item["name"] == reference.name})
    if not found:
        raise Failure(
            f"There is no {reference.kind} {reference.name!r} now.",
            cure="Of one that is gone name the cluster with --cluster, and the namespace with -n.",
            exit_code=Exit.NOT_FOUND,
        )
    return found


def show(entries: list[Entry], output: str) -> None:
    """The life of one object."""
    _print(entries, output, ["when", "what", "who", "version", "fields"], lambda entry: [
        *_when(entry), _who(entry), str(entry["version"]), _fields(entry)
    ])  # fmt: skip


def changes(hub: Hub, asked: dict[str, Any], *, since: str, limit: int, output: str) -> None:
    """What changed in the fleet since a moment."""
    entries = _limited(hub, "/history", asked | {"since": moment(since)}, limit)
    if not entries and output == "table":
        terminal.note(f"Nothing changed since {since}.")
        return
    _print(entries, output, ["when", "what", "object", "who", "fields"], lambda entry: [
        *_when(entry), clean(name_of(entry)), _who(entry), _fields(entry)
    ])  # fmt: skip


def _limited(hub: Hub, path: str, params: dict[str, Any], limit: int) -> list[Entry]:
    found: list[Entry] = []
    for page in hub.pages(path, params | {"limit": min(limit or 500, 500)}):
        found += page["items"]
        if limit and len(found) >= limit:
            break
    return found[:limit] if limit else found


def _print(
    entries: list[Entry], output: str, headings: list[str], row: Callable[[Entry], Iterable[Cell | str]]
) -> None:
    if output in ("json", "yaml"):
        whole = {"items": entries}
        terminal.write(documents.written(whole, output))
        return
    for line in Table(headings).draw([list(row(entry)) for entry in entries]):
        terminal.say(line)


def _when(entry: Entry) -> list[Cell | str]:
    return [age(entry["at"]), Cell(entry["what"], _COLOURS.get(entry["what"]))]


def _who(entry: Entry) -> str:
    """The person, where it came through the hub and the asker may know; else the field manager."""
    return clean((entry.get("act") or {}).get("actor") or entry["manager"] or NOTHING)


def _fields(entry: Entry) -> str:
    told = [_field(field) for field in entry["changes"][:FIELDS]]
    more = entry["changed"] - len(told)
    return ", ".join([*told, f"{more} more"] if more > 0 else told)


def _field(field: dict[str, Any]) -> str:
    before, after = (clean(field[side])[:40] if field.get(side) is not None else "" for side in ("before", "after"))
    sign = f"{before}→{after}" if before and after else f"+{after}" if after else f"-{before}"
    return f"{clean(field['path'])} {sign}"
