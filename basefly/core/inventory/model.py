"""What the inventory is asked and answers with, and which kinds and columns people mean by their words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from basefly.base.errors import FieldError, Invalid
from basefly.base.kube.selectors import Requirement
from basefly.base.web.boundary.sharing import Answer
from basefly.core.sync import kinds
from basefly.core.sync.freshness import Missing
from basefly.core.sync.kind import ColumnType, Kind
from basefly.core.sync.model import Served, Stream
from basefly.core.sync.printed import merged

PAGE = 50
LARGEST_PAGE = 1000
COUNTED_TO = 10_000  # beyond this an exact count costs more than it tells


class ClusterName(msgspec.Struct, frozen=True):
    id: UUID
    name: str


class StoredObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object as a row of the inventory."""

    cluster_id: UUID
    resource: str
    uid: str
    namespace: str
    name: str
    resource_version: str
    created_at: datetime
    status: str
    health: str
    owner_uid: str
    labels: dict[str, str]
    cells: dict[str, Any]
    changed_at: datetime


class InventoryObject(msgspec.Struct, frozen=True, kw_only=True):
    """An object as people and programs see it."""

    cluster: ClusterName
    resource: str
    kind: str
    namespace: str
    name: str
    uid: str
    resource_version: str
    created_at: datetime
    status: str
    health: str
    labels: dict[str, str]
    cells: dict[str, Any]


class ObjectPage(Answer, frozen=True, kw_only=True):
    """One page of a list. `total` is exact when `total_exact`, and otherwise a lower bound.

    `next` and `previous` are the cursors of the pages beside it, None where there is none.
    """

    items: list[InventoryObject]
    next: str | None
    previous: str | None = None
    total: int
    total_exact: bool
    as_of: dict[str, datetime | None]
    missing: list[Missing]


class Sort(msgspec.Struct, frozen=True):
    """The order of a list. Whether a column of a kind's own is compared as `text`; else as JSON, numbers as numbers."""

    column: str = "name"
    descending: bool = False
    text: bool = False


class Match(msgspec.Struct, frozen=True):
    """One condition of a query, as the store takes it: the column has one of the values, or, if `negated`, none.

    The column is name (which contains a value), namespace, status, health (which are exactly a value), label (`key` or
    `key=value`), age (seconds, with a comparison before them), or one of the kind's own, whose `type` then says how it
    is compared.
    """

    column: str
    values: tuple[str, ...]
    negated: bool = False
    type: ColumnType = "text"


class ObjectQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to list. Empty filters do not filter; all given ones must hold.

    `clusters` None means all there are but those `without`: a thousand of them named would cost more than the rest.
    """

    resource: str
    clusters: tuple[UUID, ...] | None = ()
    without: tuple[UUID, ...] = ()
    namespaces: tuple[str, ...] = ()
    text: str = ""
    selector: tuple[Requirement, ...] = ()
    statuses: tuple[str, ...] = ()
    healths: tuple[str, ...] = ()
    columns: Mapping[str, str] = {}
    matches: tuple[Match, ...] = ()
    uids: tuple[str, ...] = ()
    sort: Sort = Sort()
    limit: int = PAGE
    cursor: str = ""

    @property
    def rolled_up(self) -> bool:
        """Whether the rollups know how many match: they count by cluster, namespace, status and health."""
        known = all(match.column in ROLLED_UP for match in self.matches)
        return known and not (self.text or self.selector or self.columns or self.uids)

    @property
    def sought(self) -> bool:
        """Whether a part of the name or a label is asked for, which have indexes of their own."""
        return bool(
            self.text
            or any(match.column in ("name", "label") and not match.negated for match in self.matches)
            or any(requirement.operator in ("in", "exists") for requirement in self.selector)
        )


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to look for in every kind, or in some. Exact names in `texts` come first, then those that begin with one."""

    clusters: tuple[UUID, ...] | None
    without: tuple[UUID, ...] = ()
    texts: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    matches: tuple[Match, ...] = ()
    limit: int = PAGE


ROLLED_UP = ("namespace", "status", "health")
HEALTHS = ("ok", "warn", "bad", "idle")
LABEL = "label:"  # before a label that is shown and sorted as a column
COMMON_COLUMNS = ("name", "namespace", "cluster", "status", "health", "created_at")


def sortable(kind: Kind) -> tuple[str, ...]:
    """Every column a list of this kind can be sorted by."""
    return (*COMMON_COLUMNS, *(column.name for column in kind.columns))


def sort(kind: Kind, text: str) -> Sort:
    """Read `name` or `-restarts`; raises Invalid naming the columns there are."""
    chosen = Sort(text.removeprefix("-") or "name", text.startswith("-"))
    chosen = Sort("created_at", not chosen.descending) if chosen.column == "age" else chosen
    if chosen.column.startswith(LABEL) and chosen.column != LABEL:
        return chosen
    if chosen.column not in sortable(kind):
        detail = f"{kind.kind} has no column {chosen.column!r}."
        raise Invalid(
            detail, errors=(FieldError("/sort", detail),), cure="Sort by one of " + ", ".join(sortable(kind)) + "."
        )
    own = next((column for column in kind.columns if column.name == chosen.column), None)
    return msgspec.structs.replace(chosen, text=own is not None and own.type in ("text", "list"))


def shown(stored: StoredObject, kind: str, clusters: Mapping[UUID, str]) -> InventoryObject:
    """A row with the names people know its cluster and kind by."""
    return InventoryObject(
        cluster=ClusterName(stored.cluster_id, clusters.get(stored.cluster_id, "")),
        resource=stored.resource,
        kind=kind,
        namespace=stored.namespace,
        name=stored.name,
        uid=stored.uid,
        resource_version=stored.resource_version,
        created_at=stored.created_at,
        status=stored.status,
        health=stored.health,
        labels=stored.labels,
        cells=stored.cells,
    )


def kind_of(resource: str, streams: Sequence[Stream | Served] = ()) -> Kind:
    """The kind a resource name stands for, custom ones as their clusters call them."""
    known = kinds.named(resource)
    if known is not None:
        return known
    wanted = resource.lower()
    for stream in streams:
        plural, dot, group = stream.resource.partition(".")
        if wanted in (stream.resource, plural, stream.kind.lower(), f"{stream.kind.lower()}{dot}{group}"):
            return followed_kind([each for each in streams if each.resource == stream.resource])
    return kinds.by_resource(wanted, wanted)


def followed_kind(streams: Sequence[Stream | Served]) -> Kind:
    """The kind that several clusters follow, with the columns of all of them."""
    printed = (
        columns for each in streams for columns in (each.printed if isinstance(each, Served) else [each.printed])
    )
    return kinds.by_resource(streams[0].resource, streams[0].kind, merged(printed))
