"""Grouping workloads in SQL: keys first, from an index alone; the figures of the keys that are shown afterwards."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from basefly.base.db import paging, sql
from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.inventory.model import StoredObject
from basefly.core.inventory.store.filters import Where, escape_like
from basefly.features.workloads.model import RESOURCES, Figures, Key, Restarts, Use, WorkloadQuery

MEMBERS = 500  # more clusters than anyone reads in one group

_KINDS = sql.SQL("o.resource in ({})").format(sql.SQL(", ").join(map(sql.Literal, RESOURCES)))
_APP = sql.SQL("coalesce(o.labels ->> 'app.kubernetes.io/name', '')")
_NOTHING = sql.SQL("''::text")
_KEYS = {
    "name": (sql.SQL("o.name"), sql.SQL("o.namespace"), sql.SQL("o.resource")),
    "app": (_APP, _NOTHING, _NOTHING),
}
_COUNTED = sql.SQL("coalesce(o.cells ->> 'ready', o.cells ->> 'completions')")


def _matching(scope: Scope, query: WorkloadQuery) -> Where:
    where = Where(scope, *RESOURCES)
    where.parts.append(_KINDS)  # in the words of the index, which covers these kinds alone
    where.add("o.cluster_id = any (%s)", list(query.clusters))
    if set(query.resources) != set(RESOURCES):
        where.add("o.resource = any (%s)", list(query.resources))
    if query.namespaces:
        where.add("o.namespace = any (%s)", list(query.namespaces))
    if query.group == "app":
        where.parts.append(sql.SQL("{} <> ''").format(_APP))
    if query.text:
        where.parts.append(sql.SQL("{} ilike %s").format(_KEYS[query.group][0]))
        where.values.append(f"%{escape_like(query.text)}%")
    return where


def _key(query: WorkloadQuery) -> sql.Composed:
    return sql.SQL(", ").join(_KEYS[query.group])


def summed_up(scope: Scope, query: WorkloadQuery) -> bool:
    """Whether the rollups of apps can answer: they know neither namespaces nor kinds."""
    narrowed = query.namespaces or set(query.resources) != set(RESOURCES)
    return query.group == "app" and not (narrowed or scope.bounded(RESOURCES))


async def page_apps(tx: Tx, scope: Scope, query: WorkloadQuery) -> tuple[list[Figures], str | None]:
    """One page of apps, each summed up, and the cursor of the next."""
    where = Where(scope, *RESOURCES, rows="kinds")
    where.add("o.cluster_id = any (%s)", list(query.clusters))
    if query.text:
        where.add("o.app ilike %s", f"%{escape_like(query.text)}%")
    if query.cursor:
        where.add("o.app > %s", paging.decode(query.cursor, 3)[0])
    statement = sql.SQL(
        """
        select o.app as name, '' as namespace, '' as resource, sum(o.workloads)::bigint as workloads,
               count(*) as clusters, coalesce(array_agg(o.cluster_id) filter (where o.bad > 0), '{{}}') as failing,
               sum(o.warned)::bigint as warned,
               case when sum(o.counted) > 0 then sum(o.ready)::bigint end as ready,
               case when sum(o.counted) > 0 then sum(o.desired)::bigint end as desired, max(o.changed_at) as changed_at
        from app_rollups o where {} group by 1 having {} order by 1 limit %s"""
    ).format(where.clause, sql.SQL("sum(o.bad) > 0" if query.failing else "true"))
    found = await tx.all(Figures, statement, [*where.values, query.limit + 1])
    if len(found) <= query.limit:
        return found, None
    return found[: query.limit], paging.encode([found[query.limit - 1].name, "", ""])


async def page_keys(tx: Tx, scope: Scope, query: WorkloadQuery) -> tuple[list[Key], str | None]:
    """The keys of one page, in order, and the cursor of the next."""
    where = _matching(scope, query)
    if query.cursor:
        where.parts.append(sql.SQL("({}) > (%s, %s, %s)").format(_key(query)))
        where.values.extend(paging.decode(query.cursor, 3))
    having = [sql.SQL("true")]
    if query.skewed:
        having.append(sql.SQL("min(o.main_image) <> max(o.main_image)"))
    if query.failing:
        having.append(sql.SQL("bool_or(o.health = 'bad')"))
    name, namespace, resource = _KEYS[query.group]
    statement = sql.SQL(
        "select {name} as name, {namespace} as namespace, {resource} as resource from objects o where {where}"
        " group by 1, 2, 3 having {having} order by 1, 2, 3 limit %s"
    ).format(
        name=name, namespace=namespace, resource=resource, where=where.clause, having=sql.SQL(" and ").join(having)
    )
    found = await tx.all(Key, statement, [*where.values, query.limit + 1])
    if len(found) <= query.limit:
        return found, None
    return found[: query.limit], paging.encode(list(msgspec.structs.astuple(found[query.limit - 1])))


def _of(scope: Scope, query: WorkloadQuery, keys: Sequence[Key]) -> Where:
    where = _matching(scope, query)
    names, namespaces, resources = ([getattr(key, part) for key in keys] for part in Key.__struct_fields__)
    if query.group == "app":
        where.parts.append(sql.SQL("{} = any (%s)").format(_APP))
        where.values.append(names)
    else:
        where.add(
            "(o.name, o.namespace, o.resource) in (select * from unnest(%s::text[], %s::text[], %s::text[]))", names
        )
        where.values.extend([namespaces, resources])
    return where


def _once(query: WorkloadQuery) -> sql.SQL:
    """A cluster has one workload of a name, so that only the parts of an app need to be told apart: that sorts them."""
    return sql.SQL("distinct" if query.group == "app" else "")


async def get_figures(tx: Tx, scope: Scope, query: WorkloadQuery, keys: Sequence[Key]) -> list[Figures]:
    """Each group summed up."""
    where = _of(scope, query, keys)
    name, namespace, resource = _KEYS[query.group]
    statement = sql.SQL(
        """
        select {name} as name, {namespace} as namespace, {resource} as resource,
               count(*) as workloads, count({once} o.cluster_id) as clusters,
               coalesce(array_agg({once} o.cluster_id) filter (where o.health = 'bad'), '{{}}') as failing,
               count(*) filter (where o.health = 'warn') as warned,
               sum(nullif(split_part({counted}, '/', 1), '')::integer)::bigint as ready,
               sum(nullif(split_part({counted}, '/', 2), '')::integer)::bigint as desired,
               max(o.changed_at) as changed_at
        from objects o where {where} group by 1, 2, 3 order by 1, 2, 3"""
    ).format(name=name, namespace=namespace, resource=resource, counted=_COUNTED, once=_once(query), where=where.clause)
    return await tx.all(Figures, statement, where.values)


async def get_uses(tx: Tx, scope: Scope, query: WorkloadQuery, keys: Sequence[Key]) -> list[Use]:
    """In how many clusters each group has which main image."""
    where = _of(scope, query, keys)
    name, namespace, resource = _KEYS[query.group]
    statement = sql.SQL(
        "select {name} as name, {namespace} as namespace, {resource} as resource,"
        " coalesce(o.main_image, '') as image, count({once} o.cluster_id) as clusters"
        " from objects o where {where} group by 1, 2, 3, 4"
    ).format(name=name, namespace=namespace, resource=resource, once=_once(query), where=where.clause)
    return await tx.all(Use, statement, where.values)


async def get_restarts(tx: Tx, scope: Scope, query: WorkloadQuery, keys: Sequence[Key]) -> list[Restarts]:
    """Workloads whose pods began anew: their own pods, and those of their replica sets or jobs."""
    where, pods = _of(scope, query, keys), Where(scope, "pods")
    name, namespace, resource = _KEYS[query.group]
    statement = sql.SQL(
        """
        with shown as materialized (
            select {name} as name, {namespace} as namespace, {resource} as resource, o.cluster_id, o.uid,
                   o.resource as made
            from objects o where {where}
        ), makers as (
            select s.*, s.uid as maker from shown s where s.made not in ('deployments.apps', 'cronjobs.batch')
            union all
            select s.*, m.uid from shown s join objects m on m.owner_uid = s.uid and m.cluster_id = s.cluster_id
            where m.org_id = %s and m.owner_uid <> '' and m.resource = 'replicasets.apps'
              and s.made = 'deployments.apps'
            union all
            select s.*, m.uid from shown s join objects m on m.owner_uid = s.uid and m.cluster_id = s.cluster_id
            where m.org_id = %s and m.owner_uid <> '' and m.resource = 'jobs.batch' and s.made = 'cronjobs.batch'
        )
        select m.name, m.namespace, m.resource, m.cluster_id, m.uid,
               sum((o.cells ->> 'restarts')::integer)::bigint as count
        from makers m join objects o on o.owner_uid = m.maker and o.cluster_id = m.cluster_id
        where {pods} and o.resource = 'pods' and (o.cells ->> 'restarts')::integer > 0
        group by 1, 2, 3, 4, 5"""
    ).format(name=name, namespace=namespace, resource=resource, where=where.clause, pods=pods.clause)
    return await tx.all(Restarts, statement, [*where.values, tx.org_id, tx.org_id, *pods.values])


async def get_members(tx: Tx, scope: Scope, query: WorkloadQuery, keys: Sequence[Key]) -> list[StoredObject]:
    """The workloads of groups, what fails first."""
    where = _of(scope, query, keys)
    statement = sql.SQL(
        """
        select o.cluster_id, o.resource, o.uid, o.namespace, o.name, o.resource_version, o.created_at, o.status,
               o.health, o.owner_uid, o.labels, o.cells, o.changed_at
        from objects o join clusters c on (c.org_id, c.id) = (o.org_id, o.cluster_id) where {}
        order by o.health <> 'bad', o.health <> 'warn', c.name, o.namespace, o.name limit %s"""
    ).format(where.clause)
    return await tx.all(StoredObject, statement, [*where.values, MEMBERS])
