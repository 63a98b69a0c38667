"""A list as a page shows it: headers that sort, rows that lead somewhere, filters, and what to say of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from basefly.core.inventory.answers import Facets, ListRequest
from basefly.core.inventory.display.address import Address, about_path, object_path
from basefly.core.inventory.display.cells import Cell, cell, metered
from basefly.core.inventory.model import InventoryObject, ObjectPage
from basefly.core.sync.kind import Column, Kind

NUMERIC = frozenset({"number", "bytes", "cores"})
IN_THE_NAME = frozenset({"object", "message"})  # of an event: they stand where other kinds have a name


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a column; `sorted` is what aria-sort says, `place` counts the kind's own columns from one."""

    title: str
    href: str
    sorted: str
    numeric: bool = False
    wide: bool = False
    place: int = 0


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table."""

    id: str
    name: str
    note: str
    href: str
    namespace: str
    cluster: str
    cluster_href: str
    status: str
    health: str
    created_at: datetime
    cells: list[Cell]


class Chip(msgspec.Struct, frozen=True):
    """A filter that is on, and the list without it."""

    text: str
    href: str


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the template needs; `said` is the sentence above the rows."""

    headers: list[Header]
    lines: list[Line]
    chips: list[Chip]
    said: str
    filtered: bool
    namespaced: bool
    first: str
    following: str


def listing(kind: Kind, page: ObjectPage, request: ListRequest, address: Address, facets: Facets) -> Listing:
    """Lay out one page of a list."""
    namespaced = any(facets.namespace) or any(item.namespace for item in page.items)
    columns = [column for column in kind.columns if kind.resource != "events" or column.name not in IN_THE_NAME]
    chips = _chips(address)
    return Listing(
        headers=_headers(kind, columns, request.sort, address, namespaced=namespaced),
        lines=[_line(item, columns) for item in page.items],
        chips=chips,
        said=_said(kind, page, filtered=bool(chips)),
        filtered=bool(chips),
        namespaced=namespaced,
        first=address.having() if request.cursor else "",
        following=address.having(cursor=page.next) if page.next else "",
    )


def _headers(kind: Kind, columns: Sequence[Column], sort: str, address: Address, *, namespaced: bool) -> list[Header]:
    lead = ("object", "Object") if kind.resource == "events" else ("name", "Name")
    places = [("namespace", "Namespace")] if namespaced else []
    common = [lead, *places, ("cluster", "Cluster"), ("status", "Status")]
    heads = [_header(name, title, sort, address) for name, title in common]
    own = [_header(column.name, column.title, sort, address) for column in columns]
    heads += [
        msgspec.structs.replace(head, numeric=column.type in NUMERIC, wide=column.wide, place=place)
        for place, (head, column) in enumerate(zip(own, columns, strict=True), 1)
    ]
    return [*heads, msgspec.structs.replace(_header("age", "Age", sort, address), numeric=True)]


def _header(name: str, title: str, sort: str, address: Address) -> Header:
    falling = sort == f"-{name}"
    order = "descending" if falling else "ascending" if sort == name else "none"
    href = address.having(sort=name if falling or sort != name else f"-{name}")
    return Header(title=title, href=href, sorted=order)


def _line(item: InventoryObject, columns: Sequence[Column]) -> Line:
    about = str(item.cells.get("object", "")) if item.resource == "events" else ""
    path = (
        about_path(item.cluster.id, about, item.namespace)
        if about
        else object_path(item.cluster.id, item.resource, item.namespace, item.name)
    )
    return Line(
        id=f"row-{item.cluster.id.hex[:8]}-{item.uid}",
        name=about or item.name,
        note=str(item.cells.get("message", "")) if about else "",
        href=path,
        namespace=item.namespace,
        cluster=item.cluster.name,
        cluster_href=f"/clusters/{item.cluster.id}",
        status=item.status,
        health=item.health,
        created_at=item.created_at,
        cells=[_linked(item, cell(column, item.cells.get(column.name)), column) for column in columns],
    )


def _linked(item: InventoryObject, shown: Cell, column: Column) -> Cell:
    shown = metered(shown, column, item.cells)
    if column.name != "node" or not item.cells.get("node"):
        return shown
    return msgspec.structs.replace(shown, href=object_path(item.cluster.id, "nodes", "", str(item.cells["node"])))


def _chips(address: Address) -> list[Chip]:
    texts = {"q": "contains {}", "cluster": "cluster {}", "namespace": "namespace {}", "status": "status {}"}
    texts |= {"health": "health {}", "labels": "labels {}"}
    return [
        Chip(texts.get(name, f"{name} {{}}").format(value), address.without(name, value))
        for name, value in address.query
        if value and name not in ("sort", "cursor", "limit", "open")
    ]


def _said(kind: Kind, page: ObjectPage, *, filtered: bool) -> str:
    total = f"{page.total:,}" if page.total_exact else f"More than {page.total:,}"
    noun = plural(kind.kind, page.total)
    where = "1 cluster" if len(page.as_of) == 1 else f"{len(page.as_of):,} clusters"
    return f"{total} {noun} {'match' if page.total != 1 else 'matches'}" if filtered else f"{total} {noun} in {where}"


def plural(kind: str, count: int = 2) -> str:
    """A kind's name in a sentence: Pod → pods, NetworkPolicy → network policies."""
    words = "".join(
        f" {c.lower()}" if c.isupper() and i and not kind[i - 1].isupper() else c for i, c in enumerate(kind)
    )
    word = words if words[:2].isupper() else words[:1].lower() + words[1:]
    if count == 1:
        return word
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    if word.endswith("s") and not word.endswith("ss"):
        return word
    return f"{word}es" if word.endswith(("ss", "x", "ch")) else f"{word}s"
