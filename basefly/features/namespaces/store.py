"""Reading namespaces over clusters. A grant over a namespace shows that namespace, though it lies in none itself."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from basefly.base.db import paging, sql
from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.inventory.model import StoredObject
from basefly.core.inventory.store.filters import Where, escape_like
from basefly.core.rights.conditions import Rows, summed
from basefly.features.namespaces.model import CLUSTERS, PAGE, WORKLOADS, Bounds, Count, Found, NamespaceQuery, Tally

NEARLY = 90.0  # per cent

_NAMESPACES = sql.SQL(
    "(select org_id, cluster_id, name as namespace, labels from objects o where resource = 'namespaces' and {}) o"
)
_OBJECT = sql.SQL(
    "select cluster_id, resource, uid, namespace, name, resource_version, created_at, status, health, owner_uid,"
    " labels, cells, changed_at from objects o where "
)


async def page_namespaces(tx: Tx, scope: Scope, query: NamespaceQuery) -> tuple[list[Found], str | None]:
    """One page of names, in order, and the cursor of the next."""
    there, where = Where(scope.widened(), "namespaces"), Where(scope, rows="summed")
    where.add("o.cluster_id = any (%s)", list(query.clusters))
    if query.text:
        where.add("o.namespace ilike %s", f"%{escape_like(query.text)}%")
    if query.full:
        quotas = Where(scope, "resourcequotas")
        quotas.add("o.resource = 'resourcequotas' and (o.cells ->> 'share')::float >= %s", NEARLY)
        where.parts.append(
            sql.SQL("(o.cluster_id, o.namespace) in (select o.cluster_id, o.namespace from objects o where {})").format(
                quotas.clause
            )
        )
        where.values.extend(quotas.values)
    if query.cursor:
        where.add("o.namespace > %s", *paging.decode(query.cursor, 1))
    statement = sql.SQL(
        "select o.namespace as name, count(*) as clusters, (array_agg(o.cluster_id order by c.name))[:{}] as first,"
        " coalesce(min(coalesce(o.labels ->> 'owner', o.labels ->> 'team')), '') as owner"
        " from {} join clusters c on (c.org_id, c.id) = (o.org_id, o.cluster_id) where {}"
        " group by 1 order by 1 limit %s"
    ).format(sql.Literal(CLUSTERS), _NAMESPACES.format(there.clause), where.clause)
    found = await tx.all(Found, statement, [*there.values, *where.values, query.limit + 1])
    if len(found) <= query.limit:
        return found, None
    return found[: query.limit], paging.encode([found[query.limit - 1].name])


def _within(
    scope: Scope, clusters: Sequence[UUID], names: Sequence[str], *resources: str, rows: Rows = "objects"
) -> Where:
    where = Where(scope, *resources, rows=rows)
    where.add("o.cluster_id = any (%s) and o.namespace = any (%s)", list(clusters), list(names))
    return where


async def get_tallies(tx: Tx, scope: Scope, clusters: Sequence[UUID], names: Sequence[str]) -> dict[str, Tally]:
    """The pods of these namespaces, from the rollups."""
    pods, where = summed(scope, ("pods",)), _within(scope, clusters, names, rows="summed")
    statement = sql.SQL(
        """
        select o.namespace as name,
               coalesce(sum(o.count) filter (where o.health = 'ok'), 0)::bigint as ok,
               coalesce(sum(o.count) filter (where o.health = 'warn'), 0)::bigint as warn,
               coalesce(sum(o.count) filter (where o.health = 'bad'), 0)::bigint as bad,
               coalesce(sum(o.count) filter (where o.health = 'idle'), 0)::bigint as idle
        from {} where {} and o.resource = 'pods' group by 1"""
    ).format(pods.clause, where.clause)
    return {tally.name: tally for tally in await tx.all(Tally, statement, [*pods.values, *where.values])}


async def get_bounds(tx: Tx, scope: Scope, clusters: Sequence[UUID], names: Sequence[str]) -> dict[str, Bounds]:
    """What quotas and limit ranges say of these namespaces."""
    where = _within(scope, clusters, names, "resourcequotas", "limitranges")
    statement = sql.SQL(
        """
        select o.namespace as name, count(*) filter (where o.resource = 'resourcequotas') as quotas,
               count(*) filter (where o.resource = 'limitranges') as limit_ranges,
               max((o.cells ->> 'share')::float) as share
        from objects o where {} and o.resource in ('resourcequotas', 'limitranges') group by 1"""
    ).format(where.clause)
    return {bounds.name: bounds for bounds in await tx.all(Bounds, statement, where.values)}


async def get_counts(tx: Tx, scope: Scope, cluster: UUID, name: str) -> list[Count]:
    """What is in one namespace, by resource."""
    rows, where = summed(scope), _within(scope, [cluster], [name], rows="summed")
    statement = sql.SQL(
        "select o.resource, sum(o.count)::bigint as count,"
        " coalesce(sum(o.count) filter (where o.health = 'bad'), 0)::bigint as bad"
        " from {} where {} and o.count > 0 and o.resource <> 'events' group by 1 order by 1"
    ).format(rows.clause, where.clause)
    return await tx.all(Count, statement, [*rows.values, *where.values])


async def get_bounding(tx: Tx, scope: Scope, cluster: UUID, name: str) -> list[StoredObject]:
    """The quotas and limit ranges of one namespace."""
    where = _within(scope, [cluster], [name])
    statement = sql.SQL("{} {} and o.resource in ('resourcequotas', 'limitranges') order by o.resource, o.name").format(
        _OBJECT, where.clause
    )
    return await tx.all(StoredObject, statement, where.values)


async def get_workloads(tx: Tx, scope: Scope, cluster: UUID, name: str) -> list[StoredObject]:
    """What runs in one namespace, by kind and name; not what a workload makes for itself."""
    where = _within(scope, [cluster], [name])
    statement = sql.SQL("{} {} and o.resource = any (%s) order by o.resource, o.name limit %s").format(
        _OBJECT, where.clause
    )
    return await tx.all(StoredObject, statement, [*where.values, list(WORKLOADS), PAGE])


async def get_problems(tx: Tx, scope: Scope, cluster: UUID, name: str) -> list[StoredObject]:
    """What fails in one namespace, what changed last first."""
    where = _within(scope, [cluster], [name])
    statement = sql.SQL(
        "{} {} and o.health = 'bad' and o.resource <> 'events' order by o.changed_at desc limit %s"
    ).format(_OBJECT, where.clause)
    return await tx.all(StoredObject, statement, [*where.values, PAGE])


async def get_warnings(tx: Tx, scope: Scope, cluster: UUID, name: str) -> list[StoredObject]:
    """What the cluster warns of in one namespace, latest first."""
    where = _within(scope, [cluster], [name])
    statement = sql.SQL(
        "{} {} and o.resource = 'events' and o.status = 'Warning' order by o.cells ->> 'last' desc limit %s"
    ).format(_OBJECT, where.clause)
    return await tx.all(StoredObject, statement, [*where.values, PAGE])


async def get_namespace(tx: Tx, cluster: UUID, name: str) -> StoredObject | None:
    """The namespace itself; whoever asks has made sure that the asker may see it."""
    where = sql.SQL(
        "o.org_id = %s and o.cluster_id = %s and o.resource = 'namespaces' and o.namespace = '' and o.name = %s"
    )
    return await tx.one(StoredObject, sql.SQL("{} {}").format(_OBJECT, where), [tx.org_id, cluster, name])
