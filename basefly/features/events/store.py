"""Grouping events in SQL: from the rollups, which count them as they come, or from the events where those do not know.

Kubernetes forgets an event after an hour, yet a fleet has hundreds of thousands of them at any time.
"""

from __future__ import annotations

from basefly.base.db import sql
from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.inventory.store.filters import Where, escape_like
from basefly.features.events.model import Bucket, EventGroup, EventQuery

# Each by type, reason, kind and cluster; the rollups know neither namespaces nor what is said.
_COUNTED = sql.SQL(
    "select o.type, o.reason, o.kind, o.cluster_id, sum(o.count) as events, sum(o.times) as times, max(o.last) as last"
    " from event_rollups o where {} group by 1, 2, 3, 4"
)
_READ = sql.SQL(
    "select o.status as type, o.cells ->> 'reason' as reason, split_part(o.cells ->> 'object', '/', 1) as kind,"
    " o.cluster_id, count(*) as events, sum((o.cells ->> 'count')::bigint) as times,"
    """ max(o.cells ->> 'last' collate "C") as last from objects o where {} group by 1, 2, 3, 4"""
)


def _counted(scope: Scope, query: EventQuery) -> bool:
    """Whether the rollups can answer."""
    return not (scope.bounded(("events",)) or query.namespaces or query.text)


def _in_rollups(scope: Scope, query: EventQuery) -> Where:
    where = Where(scope, "events", rows="kinds")
    where.add("o.minute >= %s and o.cluster_id = any (%s)", query.since[:16], list(query.clusters))
    for column, value in (("type", query.type), ("reason", query.reason), ("kind", query.kind)):
        if value:
            where.parts.append(sql.SQL("o.{} = %s").format(sql.Identifier(column)))
            where.values.append(value)
    return where


def _in_events(scope: Scope, query: EventQuery) -> Where:
    where = Where(scope, "events")
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
    where.add("""o.cells ->> 'last' >= %s collate "C" """, query.since)
    return where


async def get_groups(tx: Tx, scope: Scope, query: EventQuery) -> list[EventGroup]:
    """The groups, one more than wanted when there are more.

    What a group says last is read in the cluster that said it last: from a few events, not from all.
    """
    events = _in_events(scope, query)
    counted = _counted(scope, query)
    source, where = (_COUNTED, _in_rollups(scope, query)) if counted else (_READ, events)
    statement = sql.SQL(
        """
        with by_cluster as ({source}), grouped as (
            select type, reason, kind, sum(events)::bigint as events, sum(times)::bigint as times,
                   count(*) as clusters, max((last || ' ' || cluster_id) collate "C") as latest
            from by_cluster group by 1, 2, 3
            order by type <> 'Warning', max((last || ' ' || cluster_id) collate "C") desc, 2, 3 limit %s
        )
        select g.type, g.reason, g.kind, g.events, g.times, g.clusters, e.*
        from grouped g cross join lateral (
            select o.cells ->> 'last' as last, o.cells ->> 'message' as message, o.cells ->> 'object' as about,
                   o.namespace as about_namespace, o.cluster_id as about_cluster
            from objects o where {events} and o.cluster_id = split_part(g.latest, ' ', 2)::uuid
              and o.status = g.type and o.cells ->> 'reason' = g.reason
              and split_part(o.cells ->> 'object', '/', 1) = g.kind
            order by o.cells ->> 'last' collate "C" desc, o.uid limit 1
        ) e
        order by g.type <> 'Warning', e.last collate "C" desc, g.reason, g.kind"""
    ).format(source=source.format(where.clause), events=events.clause)
    return await tx.all(EventGroup, statement, [*where.values, query.limit + 1, *events.values])


async def get_buckets(tx: Tx, scope: Scope, query: EventQuery) -> list[Bucket]:
    """Events by the five minutes in which they were last seen."""
    if _counted(scope, query):
        where = _in_rollups(scope, query)
        statement = sql.SQL(
            "select o.minute, coalesce(sum(o.count) filter (where o.type = 'Warning'), 0)::bigint as warnings,"
            " coalesce(sum(o.count) filter (where o.type <> 'Warning'), 0)::bigint as normal"
            " from event_rollups o where {} group by 1"
        )
    else:
        where = _in_events(scope, query)
        statement = sql.SQL(
            "select left(o.cells ->> 'last', 15)"
            " || case when substr(o.cells ->> 'last', 16, 1) >= '5' then '5' else '0' end as minute,"
            " count(*) filter (where o.status = 'Warning') as warnings,"
            " count(*) filter (where o.status <> 'Warning') as normal from objects o where {} group by 1"
        )
    return await tx.all(Bucket, statement.format(where.clause), where.values)
