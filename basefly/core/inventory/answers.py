"""Answers about the fleet: rows, together with how old they are and whose part is missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from time import perf_counter
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid, NotFound
from basefly.base.kube import selectors
from basefly.base.principal import Principal
from basefly.core.clusters import store as clusters
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory import model
from basefly.core.inventory.loads import with_loads
from basefly.core.inventory.model import InventoryObject, ObjectPage, ObjectQuery
from basefly.core.inventory.store import objects, rollups
from basefly.core.sync import freshness, kinds
from basefly.core.sync.kind import Column, Kind
from basefly.core.sync.model import Stream
from basefly.core.sync.store import streams

READ = "inventory:read"
COUNTED = ("nodes", "namespaces", "pods")


class ListRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What someone asks of a list, in their own words: names of kinds and clusters, selectors as text."""

    resource: str
    cluster: tuple[str, ...] = ()
    namespace: tuple[str, ...] = ()
    q: str = ""
    labels: str = ""
    status: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    sort: str = "name"
    limit: int = model.PAGE
    cursor: str = ""
    columns: dict[str, str] = {}


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


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """How many objects of a resource there are by status, health, cluster and namespace."""

    status: dict[str, int]
    health: dict[str, int]
    cluster: dict[str, int]
    namespace: dict[str, int]


async def visible_clusters(tx: Tx, by: Principal, wanted: Sequence[str] = ()) -> list[ClusterState]:
    """The clusters in sight, or those of them asked for by id or name; NotFound names one that is not there."""
    scope = by.scope(READ)
    found = [c for c in await clusters.get_states(tx) if scope.sees(c.id)]
    if not wanted:
        return found
    by_word = {word: c for c in found for word in (c.name.lower(), str(c.id))}
    for word in wanted:
        if word.lower() not in by_word:
            raise NotFound(f"There is no cluster {word!r} here.", cure="Look at the list of clusters for its name.")
    return list({by_word[word.lower()].id: by_word[word.lower()] for word in wanted}.values())


async def list_objects(tx: Tx, by: Principal, request: ListRequest) -> ObjectPage:
    """One page of any kind over one cluster, some, or all. Raises Invalid for what cannot be asked."""
    if not 1 <= request.limit <= model.LARGEST_PAGE:
        raise Invalid(
            f"limit={request.limit} is not between 1 and {model.LARGEST_PAGE}.",
            errors=(FieldError("/limit", "out of range"),),
        )
    wanted = await visible_clusters(tx, by, request.cluster)
    followed = await streams.get_streams(tx, clusters=[c.id for c in wanted])
    kind = _asked_kind(request.resource, followed)
    query = ObjectQuery(
        resource=kind.resource,
        clusters=tuple(c.id for c in wanted),
        namespaces=request.namespace,
        text=request.q.strip(),
        selector=selectors.parse(request.labels),
        statuses=request.status,
        healths=request.health,
        columns=_filters(kind, request.columns),
        sort=model.sort(kind, request.sort),
        limit=request.limit,
        cursor=request.cursor,
    )
    rows, following = await objects.page_objects(tx, by.scope(READ), query)
    total = await objects.count_objects(tx, by.scope(READ), query)
    page = _page(kind, wanted, followed, rows=rows, following=following, total=total)
    if kind.resource != "nodes":
        return page
    return msgspec.structs.replace(page, items=await with_loads(tx, by.scope(READ), page.items))


def _asked_kind(resource: str, followed: Sequence[Stream]) -> Kind:
    """The kind meant; NotFound for a word that is neither a kind we know nor one that a cluster serves."""
    kind = model.kind_of(resource, followed)
    if kinds.named(kind.resource) is None and all(stream.resource != kind.resource for stream in followed):
        raise NotFound(
            f"No cluster here serves a kind {resource!r}.", cure="Look at the list of kinds for what there is."
        )
    return kind


def _filters(kind: Kind, columns: dict[str, str]) -> dict[str, str]:
    known = {column.name for column in kind.columns}
    for name in columns:
        if name not in known:
            detail = f"{kind.kind} has no column {name!r} to filter by."
            cure = "Filter by one of " + ", ".join(sorted(known)) + "." if known else "This kind has no columns."
            raise Invalid(detail, errors=(FieldError(f"/{name}", detail),), cure=cure)
    return columns


def _page(
    kind: Kind,
    wanted: Sequence[ClusterState],
    followed: Sequence[Stream],
    *,
    rows: list[model.StoredObject],
    following: str | None,
    total: int,
) -> ObjectPage:
    now = datetime.now(UTC)
    names = {c.id: c.name for c in wanted}
    here: dict[object, list[Stream]] = defaultdict(list)
    for stream in followed:
        if stream.resource == kind.resource:
            here[stream.cluster_id].append(stream)
    begun = {stream.cluster_id for stream in followed}
    absent = [freshness.missing(c, here[c.id], now, begun=c.id in begun) for c in wanted]
    return ObjectPage(
        items=[model.shown(row, kind.kind, names) for row in rows],
        next=following,
        total=min(total, model.COUNTED_TO),
        total_exact=total <= model.COUNTED_TO,
        as_of={str(c.id): freshness.as_of(c, here[c.id], now) for c in wanted},
        missing=[part for part in absent if part is not None],
    )


async def facets(tx: Tx, by: Principal, resource: str, wanted: Sequence[str] = ()) -> Facets:
    """Counts by status, health, cluster and namespace, from the rollups."""
    scope = by.scope(READ)
    in_sight = await visible_clusters(tx, by, wanted)
    names = {c.id: c.name for c in in_sight}
    followed = await streams.get_streams(tx, clusters=list(names))
    kind = _asked_kind(resource, followed)
    counts: dict[str, dict[str, int]] = {part: defaultdict(int) for part in Facets.__struct_fields__}
    for rollup in await rollups.get_rollups(tx, list(names), [kind.resource]):
        if not scope.covers(rollup.cluster_id, rollup.namespace):
            continue
        counts["status"][rollup.status] += rollup.count
        counts["health"][rollup.health] += rollup.count
        counts["cluster"][names[rollup.cluster_id]] += rollup.count
        counts["namespace"][rollup.namespace] += rollup.count
    return Facets(**{part: dict(sorted(found.items(), key=lambda f: (-f[1], f[0]))) for part, found in counts.items()})


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
    """Clusters and objects whose name contains the text: of any kind, or of one."""
    started = perf_counter()
    text = text.strip()
    if not text:
        raise Invalid("Say what to search for.", errors=(FieldError("/q", "empty"),))
    in_sight = await visible_clusters(tx, by)
    names = {c.id: c.name for c in in_sight}
    followed = await streams.get_streams(tx, clusters=list(names))
    resource = _asked_kind(kind, followed).resource if kind else ""
    rows = await objects.search_objects(tx, by.scope(READ), list(names), text, limit=limit, resource=resource)
    kinds_here = {s.resource: s.kind for s in followed}
    matches = [model.ClusterName(c.id, c.name) for c in in_sight if not kind and text.lower() in c.name.lower()]
    return SearchAnswer(
        items=[model.shown(row, kinds_here.get(row.resource, row.resource), names) for row in rows],
        clusters=matches[:limit],
        took_ms=round((perf_counter() - started) * 1000, 1),
    )
