"""What the inventory answers with, and the rules of age: when an answer counts as live, and what it leaves out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from basefly.base.errors import FieldError, Invalid
from basefly.base.kube.selectors import Requirement
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory import kinds
from basefly.core.inventory.kind import Kind

LIVE_WITHIN = timedelta(seconds=30)  # a dead cluster is known within this time, so nothing older is called live
SIGN_WITHIN = timedelta(seconds=150)  # a watch that stands says so every 60 to 70 s
FIRST_READING = "still reading it for the first time"
PAGE = 50
LARGEST_PAGE = 1000
COUNTED_TO = 10_000  # beyond this an exact count costs more than it tells

StreamState = Literal["listing", "live", "retrying", "denied", "failed"]


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


class Missing(msgspec.Struct, frozen=True):
    """A cluster whose part of an answer is old or absent, and why. `as_of` is when its part was last true."""

    cluster: UUID
    name: str
    reason: str
    as_of: datetime | None


class ObjectPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a list. `total` is exact when `total_exact`, and otherwise a lower bound."""

    items: list[InventoryObject]
    next: str | None
    total: int
    total_exact: bool
    as_of: dict[str, datetime | None]
    missing: list[Missing]


class Sort(msgspec.Struct, frozen=True):
    column: str = "name"
    descending: bool = False


class ObjectQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What to list. Empty filters do not filter; all given ones must hold."""

    resource: str
    clusters: tuple[UUID, ...] = ()
    namespaces: tuple[str, ...] = ()
    text: str = ""
    selector: tuple[Requirement, ...] = ()
    statuses: tuple[str, ...] = ()
    healths: tuple[str, ...] = ()
    columns: Mapping[str, str] = {}
    sort: Sort = Sort()
    limit: int = PAGE
    cursor: str = ""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """How far the list and watch of one resource of one cluster has come."""

    cluster_id: UUID
    resource: str
    kind: str
    version: str
    namespaced: bool
    resource_version: str
    state: StreamState
    reason: str
    skipped: int
    listed_at: datetime | None
    as_of: datetime | None


class Place(msgspec.Struct, frozen=True):
    """A resource of a cluster: what a list covers, and what a notice is about."""

    cluster_id: UUID
    resource: str


class Standing(msgspec.Struct):
    """Where a stream stands once what it reported is written, and how it fares. None: the version stays as it was."""

    resource_version: str | None = None
    listed: bool = False
    restored: bool = False
    state: StreamState = "live"
    reason: str = ""
    skipped: int = 0  # objects that could not even be told from others,
    anew: bool = False  # in a list that has begun


COMMON_COLUMNS = ("name", "namespace", "cluster", "status", "health", "created_at")


def sortable(kind: Kind) -> tuple[str, ...]:
    """Every column a list of this kind can be sorted by."""
    return (*COMMON_COLUMNS, *(column.name for column in kind.columns))


def sort(kind: Kind, text: str) -> Sort:
    """Read `name` or `-restarts`; raises Invalid naming the columns there are."""
    chosen = Sort(text.removeprefix("-") or "name", text.startswith("-"))
    chosen = Sort("created_at", not chosen.descending) if chosen.column == "age" else chosen
    if chosen.column not in sortable(kind):
        detail = f"{kind.kind} has no column {chosen.column!r}."
        raise Invalid(
            detail, errors=(FieldError("/sort", detail),), cure="Sort by one of " + ", ".join(sortable(kind)) + "."
        )
    return chosen


def as_of(cluster: ClusterState, streams: Iterable[Stream], now: datetime) -> datetime | None:
    """When what the streams brought was last true.

    A live stream of an answering cluster is as fresh as the last answer of the cluster: had anything changed, the
    watch would have said so. But a stream whose own signs stay out is dead whatever its state says, and one that is
    not live is as old as its last sign. None: never seen.
    """
    moments: list[datetime] = []
    for stream in streams:
        seen = stream.as_of
        if stream.state == "live" and cluster.probed_at is not None:
            seen = max(seen, min(cluster.probed_at, seen + SIGN_WITHIN)) if seen else cluster.probed_at
        if seen is None:
            return None
        moments.append(min(seen, now))
    return min(moments, default=None)


def missing(cluster: ClusterState, streams: Sequence[Stream], now: datetime, *, begun: bool = True) -> Missing | None:
    """Why this cluster's part of an answer is not live, or None when it is.

    Without streams the cluster does not serve what was asked for, unless following it has not `begun`.
    """
    moment = as_of(cluster, streams, now)
    if not begun:
        return Missing(cluster.id, cluster.name, cluster.health_reason or FIRST_READING, None)
    if cluster.health == "unreachable":  # then every stream fails, each in words of its own
        return Missing(cluster.id, cluster.name, cluster.health_reason or "unreachable", moment)
    for stream in streams:
        if stream.state == "denied":
            return Missing(cluster.id, cluster.name, f"not permitted: {stream.reason}", moment)
        if stream.state == "listing" and stream.listed_at is None:
            return Missing(cluster.id, cluster.name, FIRST_READING, moment)
        if stream.state in ("failed", "retrying"):
            return Missing(cluster.id, cluster.name, stream.reason or "reconnecting", moment)
        if stream.skipped:
            number = "an object" if stream.skipped == 1 else f"{stream.skipped} objects"
            return Missing(cluster.id, cluster.name, f"{number} could not be read: {stream.reason}", moment)
    if moment is not None and now - moment > LIVE_WITHIN:
        return Missing(cluster.id, cluster.name, "has not answered for a while", moment)
    return None


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


def kind_of(resource: str, streams: Iterable[Stream] = ()) -> Kind:
    """The kind a resource name stands for, custom ones as their clusters call them."""
    known = kinds.named(resource)
    if known is not None:
        return known
    wanted = resource.lower()
    for stream in streams:
        if wanted in (stream.resource, stream.resource.split(".")[0], stream.kind.lower()):
            return kinds.by_resource(stream.resource, stream.kind)
    return kinds.by_resource(wanted, wanted)
