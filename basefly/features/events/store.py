"""Grouping events in SQL. Kubernetes forgets events after an hour, so that all there are is little to read."""

from __future__ import annotations

from basefly.base.db import sql
from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.inventory.store.filters import Where, escape_like
from basefly.features.events.model import Bucket, EventGroup, EventQuery


def _matching(scope: Scope, query: EventQuery) -> Where:
    where = Where(scope)
    where.add("o.resource = 'events' and o.cluster_id = any (%s)", list(query.clusters))
    if query.namespaces:
        where.add("o.namespace = any (%s)", list(query.namespaces))
    if query.type:
        where.add("o.status = %s", query.type)
    if query.reason:
        where.add("o.cells ->> 'reason' = %s", query.reason)
    if query.kind:
        where.add("starts_with(o.cells ->> 'object', %s)", f"{query.kind}/")
    if query.text:
        pattern = f"%{escape_like(query.text)}%"
        where.add("(o.cells ->> 'object' ilike %s or o.cells ->> 'message' ilike %s)", pattern, pattern)
    if query.since:
        where.add("""o.cells ->> 'last' >= %s collate "C" """, query.since)
    return where


async def get_groups(tx: Tx, scope: Scope, query: EventQuery) -> list[EventGroup]:
    """The groups, one more than wanted when there are more."""
    where = _matching(scope, query)
    statement = sql.SQL(
        """
        with picked as (
            select o.status as type, o.cells ->> 'reason' as reason, o.cells ->> 'object' as object, o.cluster_id,
                   o.namespace, count(*) as events, sum((o.cells ->> 'count')::bigint) as times,
                   max(((o.cells ->> 'last') || ' ' || o.uid) collate "C") as latest
            from objects o where {where} group by 1, 2, 3, 4, 5
        ), grouped as (
            select type, reason, split_part(object, '/', 1) as kind, sum(events)::bigint as events,
                   sum(times)::bigint as times, count(*) as objects, count(distinct cluster_id) as clusters,
                   count(distinct namespace) as namespaces, max((latest || ' ' || cluster_id) collate "C") as latest
            from picked group by 1, 2, 3
            order by type <> 'Warning', max((latest || ' ' || cluster_id) collate "C") desc, 2, 3 limit %s
        )
        select g.type, g.reason, g.kind, g.events, g.times, g.objects, g.clusters, g.namespaces,
               split_part(g.latest, ' ', 1) as last,
               e.cells ->> 'message' as message, e.cells ->> 'object' as about, e.namespace as about_namespace,
               e.cluster_id as about_cluster
        from grouped g join objects e on e.org_id = %s and e.resource = 'events'
             and e.cluster_id = split_part(g.latest, ' ', 3)::uuid and e.uid = split_part(g.latest, ' ', 2)
        order by g.type <> 'Warning', g.latest desc, g.reason, g.kind"""
    ).format(where=where.clause)
    return await tx.all(EventGroup, statement, [*where.values, query.limit + 1, tx.org_id])


async def get_buckets(tx: Tx, scope: Scope, query: EventQuery) -> list[Bucket]:
    """Events by the five minutes in which they were last seen: cut from the text, which is cheaper than a time."""
    where = _matching(scope, query)
    statement = sql.SQL(
        """
        select left(o.cells ->> 'last', 15) || case when substr(o.cells ->> 'last', 16, 1) >= '5' then '5' else '0' end
                   as minute,
               count(*) filter (where o.status = 'Warning') as warnings,
               count(*) filter (where o.status <> 'Warning') as normal
        from objects o where {} group by 1"""
    ).format(where.clause)
    return await tx.all(Bucket, statement, where.values)
