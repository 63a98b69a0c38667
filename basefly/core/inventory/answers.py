"""Answers about the fleet: rows, together with how old they are and whose part is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from time import perf_counter
from typing import NamedTuple
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid
from basefly.base.principal import Principal
from basefly.base.text import query
from basefly.base.web.language import current
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory import model
from basefly.core.inventory.asking.facets import Facets, facets
from basefly.core.inventory.asking.request import ListRequest, Understood, in_clusters, understand
from basefly.core.inventory.asking.searching import search_matches, searched_kinds
from basefly.core.inventory.loads import with_loads
from basefly.core.inventory.model import InventoryObject, ObjectPage, SearchQuery
from basefly.core.inventory.sight import READ, answered, visible_clusters
from basefly.core.inventory.store import objects, rollups
from basefly.core.sync import freshness, kinds
from basefly.core.sync.freshness import Missing
from basefly.core.sync.kind import Column
from basefly.core.sync.model import Served, Stream
from basefly.core.sync.store import streams

__all__ = ["READ", "Facets", "ListRequest", "facets", "visible_clusters"]

FEW = 100  # clusters that are named one by one to the database
AGES = 1.0  # s that the ages of many clusters are remembered
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


class _Standing(NamedTuple):
    """How the parts of these clusters stand."""

    clusters: Sequence[ClusterState]
    as_of: dict[str, datetime | None]
    missing: list[Missing]


class SearchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found, and how long it took in milliseconds."""

    items: list[InventoryObject]
    clusters: list[model.ClusterName]
    took_ms: float
    missing: list[Missing] = []


async def list_objects(
    tx: Tx, by: Principal, request: ListRequest, *, sight: Sequence[ClusterState] | None = None
) -> ObjectPage:
    """One page of any kind over one cluster, some, or all; `sight` as in `understand`. Raises Invalid."""
    return await listed(tx, by, await understand(tx, by, request, sight=sight))


async def listed(tx: Tx, by: Principal, asked: Understood, *, ages: bool = True) -> ObjectPage:
    """The page that a request, once understood, asks for; without the age of each cluster's part if nobody reads it."""
    read = partial(_listed, by=by, asked=asked, ages=ages)
    question = ("page", msgspec.json.encode(asked.query), ages)
    return await answered(tx, by, question, read, resource=asked.query.resource, clusters=asked.query.clusters)


async def _listed(tx: Tx, by: Principal, asked: Understood, *, ages: bool) -> ObjectPage:
    found, total, exact = await objects.find_objects(tx, by.scope(READ), asked.query)
    as_of, lacking = await standing(tx, by, asked.clusters, (asked.kind.resource,), ages=ages)
    names = {c.id: c.name for c in asked.clusters}
    items = [model.shown(row, asked.kind.kind, names) for row in found.rows]
    return ObjectPage(
        items=await with_loads(tx, by.scope(READ), items) if asked.kind.resource == "nodes" else items,
        next=found.next,
        previous=found.previous,
        total=total,
        total_exact=exact,
        as_of=as_of,
        missing=lacking,
    )


async def standing(
    tx: Tx, by: Principal, clusters: Sequence[ClusterState], resources: Sequence[str], *, ages: bool = True
) -> tuple[dict[str, datetime | None], list[Missing]]:
    """When each cluster's part of an answer was last true, if `ages` are wanted, and whose is old or absent.

    Of many clusters it is remembered for AGES seconds, unless something has failed or recovered: an age is a moment
    that has been, and what was true then stays so.
    """
    if ages and len(clusters) >= FEW and not by.scope(READ).unknown:

        async def read(tx: Tx) -> _Standing:
            return _Standing(clusters, *(await _standing(tx, by, clusters, resources, ages=True)))

        # The clusters themselves are remembered, too: while they are, nobody else can have their numbers.
        name = ("standing", clusters[0].id, len(clusters), tuple(resources), current().language.tag)
        told = await streams.remember_untroubled(tx, name, read, resources, seconds=AGES, of=[*map(id, clusters)])
        return told.as_of, told.missing
    return await _standing(tx, by, clusters, resources, ages=ages)


async def _standing(
    tx: Tx, by: Principal, clusters: Sequence[ClusterState], resources: Sequence[str], *, ages: bool
) -> tuple[dict[str, datetime | None], list[Missing]]:
    if not ages:
        doubted = await streams.get_doubted(tx, [c.id for c in clusters] if len(clusters) < FEW else None, resources)
        clusters = [c for c in clusters if c.id in doubted or c.id in by.scope(READ).unknown]
    followed, now = await here(tx, clusters, resources), datetime.now(UTC)
    as_of = {str(c.id): freshness.as_of(c, followed[c.id], now) for c in clusters} if ages else {}
    return as_of, await missing(tx, by, clusters, followed)


async def here(tx: Tx, clusters: Sequence[ClusterState], resources: Sequence[str]) -> dict[UUID, list[Stream]]:
    """What tells how fresh these resources are, by cluster."""
    found: dict[UUID, list[Stream]] = defaultdict(list)
    for stream in await streams.get_tellers(tx, [c.id for c in clusters], resources):
        found[stream.cluster_id].append(stream)
    return found


async def missing(
    tx: Tx, by: Principal, wanted: Sequence[ClusterState], followed: Mapping[UUID, Sequence[Stream]]
) -> list[Missing]:
    """The clusters whose part of an answer is old or absent; `followed` is what it came from, as `here` tells."""
    unknown = by.scope(READ).unknown
    hidden = [Missing(c.id, c.name, unknown[c.id], None) for c in wanted if c.id in unknown]
    wanted = [c for c in wanted if c.id not in unknown]
    now = datetime.now(UTC)
    silent = [c.id for c in wanted if not followed.get(c.id)]
    begun = await streams.get_begun(tx, silent) if silent else set()
    new = set(silent) - begun
    parts = [freshness.missing(c, followed.get(c.id, ()), now, begun=c.id not in new) for c in wanted]
    return hidden + [part for part in parts if part is not None]


async def closest(tx: Tx, by: Principal, asked: Understood, text: str) -> str:
    """The name most like the first word of a query, for whoever mistyped it; "" if there is none."""
    words = query.texts(query.parse(text))
    return await objects.get_closest(tx, by.scope(READ), asked.query, words[0]) if words else ""


async def list_resources(tx: Tx, by: Principal) -> list[ResourceSummary]:
    """Every resource followed in any cluster in sight, with how many objects of it there are."""
    ids = [c.id for c in await visible_clusters(tx, by)]
    counts = await count_by_resource(tx, by, ids)
    return [_summary(each, counts.get(each.resource, 0)) for each in await streams.get_served(tx, ids)]


async def count_by_resource(
    tx: Tx, by: Principal, clusters: Sequence[UUID], resources: Sequence[str] = ()
) -> dict[str, int]:
    """How many objects in sight these clusters have, of these resources when given."""
    sums = await rollups.sum_by(tx, by.scope(READ), ("resource",), clusters, resources=resources)
    return {each.resource: each.count for each in sums}


def _summary(served: Served, count: int) -> ResourceSummary:
    plural, _, group = served.resource.partition(".")
    kind = model.followed_kind([served])
    return ResourceSummary(
        name=served.resource,
        kind=kind.kind,
        plural=plural,
        short=kind.short,
        group=group,
        version=served.version,
        namespaced=served.namespaced,
        family=kind.group,
        clusters=served.clusters,
        count=count,
        columns=kind.columns,
    )


async def count_by_cluster(tx: Tx, by: Principal, ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """How many nodes, namespaces and pods each cluster has, from the rollups."""
    counts: dict[UUID, dict[str, int]] = {cluster_id: dict.fromkeys(COUNTED, 0) for cluster_id in ids}
    for each in await rollups.sum_by(tx, by.scope(READ).widened(), ("cluster_id", "resource"), ids, resources=COUNTED):
        counts[each.cluster_id][each.resource] += each.count
    return counts


async def search(tx: Tx, by: Principal, text: str, limit: int = 20, *, kind: str = "") -> SearchAnswer:
    """Clusters and objects of any kind, or of some, by a query; a plain word is a part of the name.

    Clusters are found by plain words alone. Names the clusters that did not answer. Raises Invalid for a query that
    cannot be read or that asks for nothing.
    """
    started = perf_counter()

    async def read(tx: Tx) -> SearchAnswer:
        return await _search(tx, by, text, limit, kind)

    found = await answered(tx, by, ("search", text, limit, kind), read)
    return msgspec.structs.replace(found, took_ms=round((perf_counter() - started) * 1000, 1))


async def _search(tx: Tx, by: Principal, text: str, limit: int, kind: str) -> SearchAnswer:
    conditions = query.parse(text)
    if not conditions:
        raise Invalid("Say what to search for.", errors=(FieldError("/q", "empty"),))
    in_sight = await visible_clusters(tx, by)
    names = {c.id: c.name for c in in_sight}
    covered = in_clusters(text, conditions, in_sight)
    words = query.texts(conditions)
    wanted = SearchQuery(
        clusters=None if by.scope(READ).everywhere and covered == in_sight else tuple(c.id for c in covered),
        without=tuple(await objects.get_left(tx, in_sight)),
        texts=tuple(words),
        resources=await searched_kinds(tx, text, conditions, covered, kind),
        matches=await search_matches(tx, by, text, conditions, [c.id for c in covered]),
        limit=limit,
    )
    rows = await objects.search_objects(tx, by.scope(READ), wanted)
    kinds_here = await _kinds(tx, covered, {row.resource for row in rows})
    matches = [] if kind or len(words) != len(conditions) else [c for c in in_sight if _called(c.name, words)]
    return SearchAnswer(
        items=[model.shown(row, kinds_here.get(row.resource, row.resource), names) for row in rows],
        clusters=[model.ClusterName(c.id, c.name) for c in matches[:limit]],
        took_ms=0.0,  # said when it is told
        missing=await missing(tx, by, covered, await here(tx, covered, wanted.resources)),
    )


async def _kinds(tx: Tx, clusters: Sequence[ClusterState], resources: set[str]) -> dict[str, str]:
    """What the resources of an answer are called; custom ones as their clusters call them."""
    found = {resource: known.kind for resource in resources if (known := kinds.named(resource))}
    if resources - found.keys():
        found |= {each.resource: each.kind for each in await streams.get_served(tx, [c.id for c in clusters])}
    return found


def _called(name: str, words: Sequence[str]) -> bool:
    return all(word.lower() in name.lower() for word in words)
