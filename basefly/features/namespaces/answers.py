"""Answers about namespaces, in the asker's scope."""

from __future__ import annotations

from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import NotFound
from basefly.base.principal import Principal
from basefly.core.inventory.answers import READ
from basefly.core.inventory.model import ClusterName, InventoryObject, StoredObject, shown
from basefly.core.inventory.standing import Coverage, get_coverage
from basefly.core.sync import kinds
from basefly.core.sync.store import streams
from basefly.features.namespaces import model, store
from basefly.features.namespaces.model import Bounds, Namespace, NamespaceDetail, NamespacePage, NamespaceQuery, Tally

KNOWN = {kind.resource: kind.kind for kind in kinds.KINDS}
RESOURCES = ("namespaces", "pods", "resourcequotas", "limitranges")
LARGEST_PAGE = 200


class NamespaceRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What someone asks of the namespaces: clusters by id or name."""

    cluster: tuple[str, ...] = ()
    q: str = ""
    full: bool = False
    limit: int = model.PAGE
    cursor: str = ""


async def list_namespaces(tx: Tx, by: Principal, request: NamespaceRequest) -> tuple[NamespacePage, Coverage]:
    """One page of namespaces by name. Raises NotFound for a cluster that is not in sight."""
    coverage = await get_coverage(tx, by, request.cluster, RESOURCES)
    scope, names = by.scope(READ), coverage.names
    query = NamespaceQuery(
        clusters=tuple(names),
        text=request.q.strip(),
        full=request.full,
        limit=request.limit,
        cursor=request.cursor,
    )
    found, following = await store.page_namespaces(tx, scope, query)
    asked = [one.name for one in found]
    tallies = await store.get_tallies(tx, scope, query.clusters, asked)
    bounds = await store.get_bounds(tx, scope, query.clusters, asked)
    items = []
    for one in found:
        bound = bounds.get(one.name) or Bounds(name=one.name, quotas=0, limit_ranges=0, share=None)
        items.append(
            Namespace(
                name=one.name,
                clusters=[ClusterName(each, names[each]) for each in one.first],
                cluster_count=one.clusters,
                owner=one.owner,
                pods=tallies.get(one.name) or Tally(name=one.name),
                quotas=bound.quotas,
                limit_ranges=bound.limit_ranges,
                share=bound.share,
            )
        )
    return NamespacePage(items=items, next=following, as_of=coverage.as_of, missing=coverage.missing), coverage


async def get_namespace(tx: Tx, by: Principal, cluster: str, name: str) -> NamespaceDetail:
    """One namespace of one cluster; NotFound when it is not there, or not in sight."""
    coverage = await get_coverage(tx, by, [cluster], RESOURCES)
    (here,) = coverage.clusters
    scope = by.scope(READ)
    seen = scope.covers(here.id, name) and scope.widened().shows(here.id, "namespaces", "", name)
    row = await store.get_namespace(tx, here.id, name) if seen else None
    if row is None:
        raise NotFound(f"There is no namespace {name!r} in {here.name}.", cure="Look at the list of namespaces.")
    bounding = await store.get_bounding(tx, scope, here.id, name)
    named = await get_kinds(tx, here.id)

    def told(rows: list[StoredObject]) -> list[InventoryObject]:
        return [shown(each, named.get(each.resource, each.resource), coverage.names) for each in rows]

    return NamespaceDetail(
        cluster=ClusterName(here.id, here.name),
        name=name,
        object=shown(row, "Namespace", coverage.names),
        counts=await store.get_counts(tx, scope, here.id, name),
        quotas=told([each for each in bounding if each.resource == "resourcequotas"]),
        limit_ranges=told([each for each in bounding if each.resource == "limitranges"]),
        problems=told(await store.get_problems(tx, scope, here.id, name)),
        events=told(await store.get_warnings(tx, scope, here.id, name)),
        as_of=coverage.as_of,
        missing=coverage.missing,
    )


async def get_workloads(tx: Tx, by: Principal, detail: NamespaceDetail) -> list[InventoryObject]:
    """What runs in a namespace, by kind and name: the first of it, where there is very much."""
    here = detail.cluster
    rows = await store.get_workloads(tx, by.scope(READ), here.id, detail.name)
    named = await get_kinds(tx, here.id)
    return [shown(each, named.get(each.resource, each.resource), {here.id: here.name}) for each in rows]


async def get_kinds(tx: Tx, cluster: UUID) -> dict[str, str]:
    """What each resource of a cluster is called: Deployment for deployments.apps."""
    return KNOWN | {each.resource: each.kind for each in await streams.get_served(tx, [cluster])}
