"""A list as a page shows it: headers that sort, rows that lead somewhere, filters, and what to say of it."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from basefly.base.web.language import t, tn
from basefly.base.web.language.formats import compact, number
from basefly.core.inventory.asking.request import ListRequest
from basefly.core.inventory.display.address import Address, about_path, object_path
from basefly.core.inventory.display.cells import NOTHING, Cell, cell, metered
from basefly.core.inventory.display.words import counted
from basefly.core.inventory.model import COUNTED_TO, LABEL, InventoryObject, ObjectPage
from basefly.core.lists.columns import NUMERIC, Choice, Shown, choices, chosen
from basefly.core.sync.kind import Column, Kind

NARROW_FROM = 3  # columns of a kind's own beyond these make room first where there is little
SCOPE = frozenset({"cluster", "set", "namespace"})
NO_FILTERS = frozenset({"sort", "cursor", "limit", "columns", "open"})


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The head of a column; `sorted` is what aria-sort says, `kind` its further classes."""

    title: str
    href: str
    sorted: str
    numeric: bool = False
    kind: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table. `uid` is how it is selected."""

    id: str
    uid: str
    name: str
    note: str
    href: str
    cells: list[Cell]


class Chip(msgspec.Struct, frozen=True):
    """A filter that is on, and the list without it. Where there is room, the scope in the header shows its part."""

    text: str
    href: str
    in_scope: bool


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the template needs; `said` is the sentence above the rows."""

    headers: list[Header]
    lines: list[Line]
    chips: list[Chip]
    columns: list[Choice]
    said: str
    filtered: bool
    crowded: bool
    first: str
    previous: str
    following: str
    bare: str


def listing(
    kind: Kind, page: ObjectPage, request: ListRequest, address: Address, *, namespaced: bool, clusters: int
) -> Listing:
    """Lay out one page of a list over so many clusters."""
    shown = chosen(kind, [value for name, value in address.query if name == "columns"], namespaced=namespaced)
    chips, ranks = _chips(address), _ranks(shown)
    filters = [chip for chip in chips if not chip.in_scope]
    return Listing(
        headers=_headers(kind, shown, request.sort, address, ranks),
        lines=[_line(item, shown, ranks) for item in page.items],
        chips=chips,
        columns=choices(kind, shown, address, namespaced=namespaced),
        said=_said(kind, page, clusters, filtered=bool(filters)),
        filtered=bool(filters or request.namespace),
        crowded=page.total > COUNTED_TO and not filters,
        first=address.having() if page.previous else "",
        previous=address.having(cursor=page.previous) if page.previous else "",
        following=address.having(cursor=page.next) if page.next else "",
        bare=address.only("cluster", "set", "columns", sort=request.sort),
    )


def _headers(kind: Kind, shown: Sequence[Shown], sort: str, address: Address, ranks: Sequence[str]) -> list[Header]:
    lead = ("object", t("Object")) if kind.resource == "events" else ("name", t("Name"))
    heads = [_header(each.title, each.sort, sort, address, each) for each in shown]
    heads = [msgspec.structs.replace(head, kind=rank) for head, rank in zip(heads, ranks, strict=True)]
    return [_header(lead[1], lead[0], sort, address), *heads]


def _ranks(shown: Sequence[Shown]) -> list[str]:
    """Which columns make room, where there is little: of a kind's own the second goes before the first."""
    ranks, place = [], 0
    for each in shown:
        place += each.own is not None or each.name.startswith(LABEL)
        own = each.own is not None or each.name.startswith(LABEL)
        ranks.append(" third" if own and place >= NARROW_FROM else " second" if own and place > 1 else "")
    return ranks


def _header(title: str, name: str, sort: str, address: Address, shown: Shown | None = None) -> Header:
    falling = sort == f"-{name}"
    order = "descending" if falling else "ascending" if sort == name else "none"
    href = address.having(sort=name if falling or sort != name else f"-{name}")
    numeric = shown is not None and (shown.type in NUMERIC or shown.name == "age")
    return Header(title=title, href=href, sorted=order, numeric=numeric)


def _line(item: InventoryObject, shown: Sequence[Shown], ranks: Sequence[str]) -> Line:
    about = str(item.cells.get("object", "")) if item.resource == "events" else ""
    path = (
        about_path(item.cluster.name, about, item.namespace)
        if about
        else object_path(item.cluster.name, item.resource, item.namespace, item.name)
    )
    return Line(
        id=f"row-{item.cluster.id.hex[:8]}-{item.uid}",
        uid=item.uid,
        name=about or item.name,
        note=str(item.cells.get("message", "")) if about else "",
        href=path,
        cells=[
            msgspec.structs.replace(_cell(item, each), kind=_class(each) + rank)
            for each, rank in zip(shown, ranks, strict=True)
        ],
    )


def _cell(item: InventoryObject, shown: Shown) -> Cell:
    if shown.own is not None:
        return _linked(item, cell(shown.own, item.cells.get(shown.name), shown.title), shown.own)
    if shown.name == "cluster":
        return Cell(title=shown.title, text=item.cluster.name, href=f"/clusters/{quote(item.cluster.name, safe='')}")
    if shown.name == "status":
        return Cell(title="", text=item.status, type="status", full=item.health)
    if shown.name == "age":
        return Cell(title=shown.title, text="", type="time", time=item.created_at)
    text = item.namespace if shown.name == "namespace" else item.labels.get(shown.name.removeprefix(LABEL), "")
    return Cell(title=shown.title, text=text or NOTHING)


def _class(shown: Shown) -> str:
    if shown.name == "status":
        return "tight whole first"
    if shown.name in ("cluster", "namespace"):
        return "place-name"
    if shown.type in NUMERIC or shown.name == "age":
        return "number tight"
    return "tight" if shown.type == "time" else "clip"


def _linked(item: InventoryObject, shown: Cell, column: Column) -> Cell:
    shown = metered(shown, column, item.cells)
    if column.name != "node" or not item.cells.get("node"):
        return shown
    return msgspec.structs.replace(shown, href=object_path(item.cluster.name, "nodes", "", str(item.cells["node"])))


def _chips(address: Address) -> list[Chip]:
    """The filters that are on."""
    return [
        Chip(_chip(name, value), address.without(name, value), name in SCOPE)
        for name, value in address.query
        if value and name not in NO_FILTERS
    ]


def _chip(name: str, value: str) -> str:
    match name:
        case "q":
            return value
        case "status":
            return t("status {value}", value=value)
        case "health":
            return t("health {value}", value=value)
        case "labels":
            return t("labels {value}", value=value)
    return f"{name} {value}"


def _said(kind: Kind, page: ObjectPage, clusters: int, *, filtered: bool) -> str:
    total, noun = amount(page), counted(kind.kind, page.total)
    if filtered:
        return tn("{total} {noun} matches", "{total} {noun} match", page.total, total=total, noun=noun)
    return tn(
        "{total} {noun} in {clusters} cluster",
        "{total} {noun} in {clusters} clusters",
        clusters,
        total=total,
        noun=noun,
        clusters=number(clusters),
    )


def amount(page: ObjectPage) -> str:
    """How many there are: exactly up to COUNTED_TO; beyond, roughly where the rollups know."""
    if not page.total_exact:
        return t("More than {count}", count=page.total)
    if page.total <= COUNTED_TO:
        return number(page.total)
    if page.total < 1_000_000:
        return t("About {count}", count=round(page.total, -3))
    return t("About {count}", count=compact(page.total))
