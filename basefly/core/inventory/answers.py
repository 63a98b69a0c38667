"""Answers about the fleet: rows, together with how old they are and whose part is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from time import perf_counter
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid
from basefly.base.principal import Principal
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory import model, query
from basefly.core.inventory.asking.facets import Facets, facets
from basefly.core.inventory.asking.request import ListRequest, in_clusters, understand
from basefly.core.inventory.asking.searching import search_matches, searched_kinds
from basefly.core.inventory.loads import with_loads
from basefly.core.inventory.model import InventoryObject, ObjectPage, SearchQuery
from basefly.core.inventory.sight import READ, visible_clusters
from basefly.core.inventory.store import objects, rollups
from basefly.core.sync import freshness
from basefly.core.sync.freshness import Missing
from basefly.core.sync.kind import Column
from basefly.core.sync.model import Stream
from basefly.core.sync.store import streams

__all__ = ["READ", "Facets", "ListRequest", "facets", "visible_clusters"]

COUNTED = ("nodes", "namespaces", "pods")


class ResourceSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A resource as the fleet has it, with the columns its lists have."""

    name: str
    kind: str
    plural: str
    short: tuple[str, ...]
    group: str
    version: str
    namespaced: bool
    family: str
    clusters: int
    count: int
    columns: tuple[Column, ...]


class SearchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found, and how long it took in milliseconds."""

    items: list[InventoryObject]
    clusters: list[model.ClusterName]
    took_ms: float
    missing: list[Missing] = []


async def list_objects(tx: Tx, by: Principal, request: ListRequest) -> ObjectPage:
    """One page of any kind over one cluster, some, or all. Raises Invalid for what cannot be asked."""
    asked = await understand(tx, by, request)
    found = await objects.page_objects(tx, by.scope(READ), asked.query)
    total, exact = await objects.count_objects(tx, by.scope(READ), asked.query)
    now = datetime.now(UTC)
    here = _by_cluster(stream for stream in asked.followed if stream.resource == asked.kind.resource)
    names = {c.id: c.name for c in asked.clusters}
    items = [model.shown(row, asked.kind.kind, names) for row in found.rows]
    return ObjectPage(
        items=await with_loads(tx, by.scope(READ), items) if asked.kind.resource == "nodes" else items,
        next=found.next,
        previous=found.previous,
        total=total,
        total_exact=exact,
        as_of={str(c.id): freshness.as_of(c, here[c.id], now) for c in asked.clusters},
        missing=_missing(asked.clusters, asked.followed, here),
    )


def _by_cluster(followed: Iterable[Stream]) -> dict[UUID, list[Stream]]:
    here: dict[UUID, list[Stream]] = defaultdict(list)
    for stream in followed:
        here[stream.cluster_id].append(stream)
    return here


def _missing(
    wanted: Sequence[ClusterState], followed: Sequence[Stream], here: dict[UUID, list[Stream]]
) -> list[Missing]:
    """The clusters whose part of an answer is old or absent; `here` are the streams that it came from."""
    now, begun = datetime.now(UTC), {stream.cluster_id for stream in followed}
    parts = [freshness.missing(c, here[c.id], now, begun=c.id in begun) for c in wanted]
    return [part for part in parts if part is not None]


async def closest(tx: Tx, by: Principal, request: ListRequest) -> str:
    """The name most like the first word that was looked for, for whoever mistyped it; "" if there is none."""
    asked = await understand(tx, by, request)
    words = query.texts(query.parse(request.q))
    return await objects.get_closest(tx, by.scope(READ), asked.query, words[0]) if words else ""


async def list_resources(tx: Tx, by: Principal) -> list[ResourceSummary]:
    """Every resource followed in any cluster in sight, with how many objects of it there are."""
    scope = by.scope(READ)
    ids = [c.id for c in await visible_clusters(tx, by)]
    counts: dict[str, int] = defaultdict(int)
    for rollup in await rollups.get_rollups(tx, ids):
        if scope.covers(rollup.cluster_id, rollup.namespace):
            counts[rollup.resource] += rollup.count
    by_resource: dict[str, list[Stream]] = defaultdict(list)
    for stream in await streams.get_streams(tx, clusters=ids):
        by_resource[stream.resource].append(stream)
    return [_summary(resource, found, counts[resource]) for resource, found in sorted(by_resource.items())]


def _summary(resource: str, found: list[Stream], count: int) -> ResourceSummary:
    plural, _, group = resource.partition(".")
    kind = model.followed_kind(found)
    return ResourceSummary(
        name=resource,
        kind=kind.kind,
        plural=plural,
        short=kind.short,
        group=group,
        version=found[0].version,
        namespaced=found[0].namespaced,
        family=kind.group,
        clusters=len(found),
        count=count,
        columns=kind.columns,
    )


async def count_by_cluster(tx: Tx, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """How many nodes, namespaces and pods each cluster has, from the rollups."""
    counts: dict[UUID, dict[str, int]] = {cluster_id: dict.fromkeys(COUNTED, 0) for cluster_id in ids}
    for rollup in await rollups.get_rollups(tx, ids, COUNTED):
        counts[rollup.cluster_id][rollup.resource] += rollup.count
    return counts


async def search(tx: Tx, by: Principal, text: str, limit: int = 20, *, kind: str = "") -> SearchAnswer:
    """Clusters and objects of any kind, or of some, by a query; a plain word is a part of the name.

    Clusters are found by plain words alone. Names the clusters that did not answer. Raises Invalid for a query that
    cannot be read or that asks for nothing.
    """
    started = perf_counter()
    conditions = query.parse(text)
    if not conditions:
        raise Invalid("Say what to search for.", errors=(FieldError("/q", "empty"),))
    in_sight = await visible_clusters(tx, by)
    names = {c.id: c.name for c in in_sight}
    covered = in_clusters(text, conditions, in_sight)
    followed = await streams.get_streams(tx, clusters=[c.id for c in covered])
    words = query.texts(conditions)
    wanted = SearchQuery(
        clusters=tuple(c.id for c in covered),
        texts=tuple(words),
        resources=searched_kinds(text, conditions, followed, kind),
        matches=await search_matches(tx, by, text, conditions, [c.id for c in covered]),
        limit=limit,
    )
    rows = await objects.search_objects(tx, by.scope(READ), wanted)
    kinds_here = {s.resource: s.kind for s in followed}
    matches = [] if kind or len(words) != len(conditions) else [c for c in in_sight if _called(c.name, words)]
    searched = [s for s in followed if not wanted.resources or s.resource in wanted.resources]
    return SearchAnswer(
        items=[model.shown(row, kinds_here.get(row.resource, row.resource), names) for row in rows],
        clusters=[model.ClusterName(c.id, c.name) for c in matches[:limit]],
        took_ms=round((perf_counter() - started) * 1000, 1),
        missing=_missing(covered, followed, _by_cluster(searched)),
    )


def _called(name: str, words: Sequence[str]) -> bool:
    return all(word.lower() in name.lower() for word in words)
