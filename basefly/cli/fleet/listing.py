"""`basefly get`: lists of any kind over any clusters, page by page."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable
from itertools import islice
from typing import Any

from basefly.cli import terminal
from basefly.cli.client.hub import Hub
from basefly.cli.exits import Exit, Failure
from basefly.cli.fleet import detail
from basefly.cli.fleet.freshness import Freshness
from basefly.cli.fleet.kinds import Kinds, Resource
from basefly.cli.fleet.query import Asked, rows
from basefly.cli.fleet.reference import Reference, name_of
from basefly.cli.show import documents
from basefly.cli.show.objects import Layout
from basefly.cli.show.table import Table

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run instead of showing


def show(hub: Hub, asked: Asked) -> Exit:
    """Print what was asked for; the exit code says whether all of it is there."""
    kinds = Kinds(hub)
    wanted = [(resource, ref) for ref in asked.references for resource in kinds.expand(ref.kind)]
    fresh = Freshness()
    found = _printer(asked.output)(hub, asked, wanted, fresh)
    exit_code = fresh.tell()
    names = [ref for _, ref in wanted if ref.name]
    if not found and names:
        raise _absent(names[0])
    if not found:
        _explain_nothing(hub, asked, wanted)
    return exit_code


def _absent(ref: Reference) -> Failure:
    place = "".join(
        (f" in namespace {ref.namespace}" if ref.namespace else "", f" of {ref.cluster}" if ref.cluster else "")
    )
    return Failure(
        f"There is no {ref.kind} {ref.name!r}{place}.",
        cure=f"`basefly search {ref.name}` looks for it everywhere.",
        exit_code=Exit.NOT_FOUND,
    )


Wanted = list[tuple[Resource, Reference]]
Printer = Callable[[Hub, Asked, Wanted, Freshness], int]


def _printer(output: str) -> Printer:
    printers = {"name": _print_names, "csv": _print_csv, "json": _print_document, "yaml": _print_document}
    return printers.get(output, _print_tables)


def _print_tables(hub: Hub, asked: Asked, wanted: Wanted, fresh: Freshness) -> int:
    """A table for each kind; neighbours of the same kind share one."""
    found = 0
    several = len({resource["name"] for resource, _ in wanted}) > 1
    drawn: dict[str, tuple[Layout, Table]] = {}
    for resource, ref in wanted:
        layout, table = drawn.get(resource["name"]) or _blank(asked, resource, prefixed=several)
        for items in rows(hub, asked, resource, ref, fresh):
            if not items:
                continue
            if found and resource["name"] not in drawn:
                terminal.say()
            drawn[resource["name"]] = layout, table
            found += len(items)
            for line in table.draw(layout.row(item) for item in items):
                terminal.say(line)
    return found


def _blank(asked: Asked, resource: Resource, *, prefixed: bool) -> tuple[Layout, Table]:
    layout = asked.layout(resource, prefixed=prefixed)
    return layout, Table(layout.headings(), headed=asked.headed)


def _print_csv(hub: Hub, asked: Asked, wanted: Wanted, fresh: Freshness) -> int:
    """The rows for a spreadsheet, every column of the kind; a heading wherever the kind changes."""
    found, kind = 0, ""
    table = csv.writer(sys.stdout, lineterminator="\n")
    for resource, ref in wanted:
        columns = [column["name"] for column in resource["columns"]]
        for items in rows(hub, asked, resource, ref, fresh):
            if items and asked.headed and kind != resource["name"]:
                table.writerow(["cluster", "namespace", "name", "status", "health", "created_at", *columns])
                kind = resource["name"]
            found += len(items)
            table.writerows([_fields(item, columns) for item in items])
    return found


def _fields(item: dict[str, Any], columns: list[str]) -> list[str]:
    common = [
        item["cluster"]["name"],
        *(item[name] for name in ("namespace", "name", "status", "health", "created_at")),
    ]
    return [_field(value) for value in [*common, *(item["cells"].get(name) for name in columns)]]


def _field(value: Any) -> str:
    """A field that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(FORMULA) else text


def _print_names(hub: Hub, asked: Asked, wanted: Wanted, fresh: Freshness) -> int:
    found = 0
    for resource, ref in wanted:
        for items in rows(hub, asked, resource, ref, fresh):
            found += len(items)
            for item in items:
                terminal.say(terminal.clean(name_of(item)))
    return found


def _print_document(hub: Hub, asked: Asked, wanted: Wanted, fresh: Freshness) -> int:
    """Rows as the API has them; objects asked for by name as their clusters have them."""
    items = [item for resource, ref in wanted for page in rows(hub, asked, resource, ref, fresh) for item in page]
    document: Any = {"items": items, "missing": [{"name": n, "reason": r} for n, r in fresh.words.items()]}
    if items and all(ref.name for _, ref in wanted):
        document = detail.whole(hub, items)
    terminal.write(documents.written(document, asked.output))
    return len(items)


def _explain_nothing(hub: Hub, asked: Asked, wanted: Wanted) -> None:
    """Say on stderr that there is nothing, and where there would be something."""
    for resource, ref in islice(wanted, 1):
        params = asked.params(resource, ref)
        spaces = params.pop("namespace", [])
        where = f" in namespace {', '.join(spaces)}" if spaces else ""
        plural = resource["plural"] if len(wanted) == 1 else "objects"
        terminal.note(f"No {plural} found{where}.")
        elsewhere = hub.get(f"/objects/{resource['name']}", params | {"limit": 1})["total"] if spaces else 0
        if elsewhere and not asked.namespaces:
            terminal.note(f"{elsewhere:,} in other namespaces: -A shows them.")
