"""Reading objects: filtered, sorted and paged by key, always inside the asker's scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString, cast
from uuid import UUID

import msgspec

from basefly.base.db import Jsonb, paging, sql
from basefly.base.db.transaction import Tx
from basefly.base.kube.selectors import Requirement
from basefly.base.principal import Scope
from basefly.core.inventory.model import COMMON_COLUMNS, COUNTED_TO, ObjectQuery, Sort, StoredObject

_SELECT: LiteralString = """
    select cluster_id, resource, uid, namespace, name, resource_version, created_at, status, health, owner_uid,
           labels, cells, changed_at
    from objects o where """
ENDED = ("Failed", "Evicted", "Error", "OutOfcpu", "OutOfmemory", "OutOfpods", "NodeAffinity", "Preempting")
_NOBODY = UUID(int=0)  # a cluster that does not exist: what an empty scope sees


class Where:
    """Conditions that must all hold, with their values."""

    def __init__(self, scope: Scope) -> None:
        self.parts: list[sql.Composable] = []
        self.values: list[Any] = []
        self.add("o.org_id = %s", scope.org_id)
        if not scope.everything:
            self._within(scope)

    def add(self, condition: LiteralString, *values: Any) -> None:
        self.parts.append(sql.SQL(condition))
        self.values.extend(values)

    def _within(self, scope: Scope) -> None:
        reaches: list[sql.Composable] = []
        for reach in scope.reaches:
            parts = [sql.SQL("true")]
            if reach.clusters is not None:
                parts.append(sql.SQL("o.cluster_id = any (%s)"))
                self.values.append(list(reach.clusters))
            if reach.namespaces is not None:
                parts.append(sql.SQL("o.namespace = any (%s)"))
                self.values.append(list(reach.namespaces))
            reaches.append(sql.SQL(" and ").join(parts))
        if not reaches:
            self.add("o.cluster_id = %s", _NOBODY)
        else:
            self.parts.append(sql.SQL("(({}))").format(sql.SQL(") or (").join(reaches)))

    @property
    def clause(self) -> sql.Composed:
        return sql.SQL(" and ").join(self.parts)


def matching(scope: Scope, query: ObjectQuery) -> Where:
    """The conditions of a query, without its page."""
    where = Where(scope)
    where.add("o.resource = %s", query.resource)
    where.add("o.cluster_id = any (%s)", list(query.clusters))
    if query.namespaces:
        where.add("o.namespace = any (%s)", list(query.namespaces))
    if query.text:
        where.add("o.name ilike %s", f"%{escape_like(query.text)}%")
    if query.statuses:
        where.add("o.status = any (%s)", list(query.statuses))
    if query.healths:
        where.add("o.health = any (%s)", list(query.healths))
    for requirement in query.selector:
        _require(where, requirement)
    for column, value in query.columns.items():
        where.add("o.cells ->> %s = %s", column, value)
    return where


def escape_like(text: str) -> str:
    """`text` as itself inside a LIKE pattern."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _require(where: Where, requirement: Requirement) -> None:
    key, values = requirement.key, list(requirement.values)
    match requirement.operator:
        case "in" if len(values) == 1:
            where.add("o.labels @> %s", Jsonb({key: values[0]}))
        case "in":
            where.add("o.labels ->> %s = any (%s)", key, values)
        case "notin":
            where.add("coalesce(o.labels ->> %s <> all (%s), true)", key, values)
        case "exists":
            where.add("o.labels ? %s", key)
        case "absent":
            where.add("not o.labels ? %s", key)


def _sort_key(sort: Sort) -> tuple[sql.Composable, LiteralString]:
    """The expression to sort by, and the type its value in a cursor is cast to."""
    if sort.column == "created_at":
        return sql.SQL("o.created_at"), "timestamptz"
    if sort.column == "cluster":
        return sql.SQL("(select c.name from clusters c where (c.org_id, c.id) = (o.org_id, o.cluster_id))"), "text"
    if sort.column in COMMON_COLUMNS:
        return sql.SQL("o.{}").format(sql.Identifier(sort.column)), "text"
    return sql.SQL("coalesce(o.cells -> {}, 'null')").format(sql.Literal(sort.column)), "jsonb"


async def page_objects(tx: Tx, scope: Scope, query: ObjectQuery) -> tuple[list[StoredObject], str | None]:
    """One page, and the cursor of the next, if there is one.

    Ties are broken by name, cluster and uid, so that no object is shown twice or left out between pages.
    """
    where = matching(scope, query)
    key, cast_to = _sort_key(query.sort)
    if query.cursor:
        _after(where, query, key, cast_to)
    direction = sql.SQL(" desc" if query.sort.descending else "")
    statement = sql.SQL("{select} {where} order by {key}{way}, o.name{way}, o.cluster_id{way}, o.uid{way} limit %s")
    composed = statement.format(select=sql.SQL(_SELECT), where=where.clause, key=key, way=direction)
    found = await tx.all(StoredObject, composed, [*where.values, query.limit + 1])
    if len(found) <= query.limit:
        return found, None
    last = found[query.limit - 1]
    moment = await _sort_value(tx, last, key)
    return found[: query.limit], paging.encode([moment, last.name, str(last.cluster_id), last.uid])


def _after(where: Where, query: ObjectQuery, key: sql.Composable, cast_to: LiteralString) -> None:
    value, name, cluster, uid = paging.decode(query.cursor, 4)
    comparison = sql.SQL("<" if query.sort.descending else ">")
    where.parts.append(
        sql.SQL("({key}, o.name, o.cluster_id, o.uid) {than} (%s::{cast}, %s, %s::uuid, %s)").format(
            key=key, than=comparison, cast=sql.SQL(cast_to)
        )
    )
    where.values.extend([value, name, cluster, uid])


async def _sort_value(tx: Tx, row: StoredObject, key: sql.Composable) -> str:
    statement = sql.SQL("select ({key})::text from objects o where {where}").format(
        key=key, where=sql.SQL("o.org_id = %s and o.cluster_id = %s and o.resource = %s and o.uid = %s")
    )
    return cast("str", await tx.value(statement, [tx.org_id, row.cluster_id, row.resource, row.uid]))


async def count_objects(tx: Tx, scope: Scope, query: ObjectQuery) -> int:
    """How many match, counted no further than COUNTED_TO + 1."""
    where = matching(scope, query)
    statement = sql.SQL("select count(*) from (select 1 from objects o where {} limit {}) as counted").format(
        where.clause, sql.Literal(COUNTED_TO + 1)
    )
    return cast("int", await tx.value(statement, where.values))


async def get_object(
    tx: Tx, scope: Scope, cluster_id: UUID, resource: str, *, namespace: str, name: str
) -> StoredObject | None:
    """One object by its path."""
    where = Where(scope)
    where.add("o.cluster_id = %s and o.resource = %s and o.namespace = %s and o.name = %s", cluster_id, resource)
    where.values.extend([namespace, name])
    statement = sql.SQL("{} {} order by o.created_at desc limit 1").format(sql.SQL(_SELECT), where.clause)
    return await tx.one(StoredObject, statement, where.values)


async def search_objects(
    tx: Tx, scope: Scope, clusters: Sequence[UUID], text: str, *, limit: int, resource: str = ""
) -> list[StoredObject]:
    """Objects whose name contains the text; exact names first, then names that begin with it.

    Of one resource if given; otherwise of any but events, whose names nobody knows.
    """
    where = Where(scope)
    where.add("o.cluster_id = any (%s)", list(clusters))
    if resource:
        where.add("o.resource = %s", resource)
    else:
        where.add("o.resource <> 'events'")
    where.add("o.name ilike %s", f"%{escape_like(text)}%")
    statement = sql.SQL(
        "{} {} order by o.name <> %s, not starts_with(o.name, %s), o.health in ('ok', 'idle'), length(o.name), "
        "o.name, o.resource, o.cluster_id limit %s"
    ).format(sql.SQL(_SELECT), where.clause)
    return await tx.all(StoredObject, statement, [*where.values, text, text, limit])


async def get_family(tx: Tx, scope: Scope, start: StoredObject, limit: int = 500) -> list[StoredObject]:
    """The object, its owners up to the root, and everything the root owns, at most `limit`; events left out."""
    where = Where(scope)
    where.add("o.cluster_id = %s and o.resource <> 'events' and o.uid in (select uid from family)", start.cluster_id)
    statement = sql.SQL(
        """
        with recursive ancestors as (
            select uid, owner_uid, 0 as depth from objects
            where org_id = %s and cluster_id = %s and uid = %s
            union
            select p.uid, p.owner_uid, a.depth + 1 from objects p join ancestors a on p.uid = a.owner_uid
            where p.org_id = %s and p.cluster_id = %s and a.depth < 20
        ), family as (
            select uid from ancestors where depth = (select max(depth) from ancestors)
            union
            select c.uid from objects c join family f on c.owner_uid = f.uid
            where c.org_id = %s and c.cluster_id = %s and c.owner_uid <> '' and c.resource <> 'events'
        ) {} {} order by o.resource, o.name limit %s"""
    ).format(sql.SQL(_SELECT), where.clause)
    here = [tx.org_id, start.cluster_id]
    return await tx.all(StoredObject, statement, [*here, start.uid, *here, *here, *where.values, limit])


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What the pods on a node ask for: cores, bytes."""

    cluster_id: UUID
    node: str
    pods: int
    cpu: float
    memory: float


async def get_loads(tx: Tx, scope: Scope, nodes: Sequence[tuple[UUID, str]]) -> list[Load]:
    """What the pods in sight ask of these nodes; those that have ended hold nothing any more."""
    where = Where(scope)
    where.add("o.resource = 'pods' and o.health <> 'idle' and o.status <> all (%s)", list(ENDED))
    where.add("(o.cluster_id, o.cells ->> 'node') in (select * from unnest(%s::uuid[], %s::text[]))")
    where.values.extend([[cluster for cluster, _ in nodes], [node for _, node in nodes]])
    statement = sql.SQL(
        """
        select o.cluster_id, o.cells ->> 'node' as node, count(*) as pods,
               coalesce(sum((o.cells ->> 'cpu')::float), 0) as cpu,
               coalesce(sum((o.cells ->> 'memory')::float), 0) as memory
        from objects o where {} group by 1, 2"""
    ).format(where.clause)
    return await tx.all(Load, statement, where.values)


async def get_pods_on(tx: Tx, scope: Scope, cluster_id: UUID, node: str, limit: int = 100) -> list[StoredObject]:
    """The pods on a node, what fails first."""
    where = Where(scope)
    where.add("o.resource = 'pods' and o.cluster_id = %s and o.cells ->> 'node' = %s", cluster_id, node)
    statement = sql.SQL("{} {} order by o.health <> 'bad', o.health <> 'warn', o.namespace, o.name limit %s").format(
        sql.SQL(_SELECT), where.clause
    )
    return await tx.all(StoredObject, statement, [*where.values, limit])


async def get_services_of(tx: Tx, scope: Scope, selected: StoredObject) -> list[StoredObject]:
    """The services whose selector fits the labels of a pod."""
    where = Where(scope)
    where.add("o.resource = 'services' and o.cluster_id = %s and o.namespace = %s", selected.cluster_id)
    where.values.append(selected.namespace)
    where.add("o.cells -> 'selector' <> '{}' and %s @> (o.cells -> 'selector')", Jsonb(selected.labels))
    statement = sql.SQL("{} {} order by o.name").format(sql.SQL(_SELECT), where.clause)
    return await tx.all(StoredObject, statement, where.values)


async def get_events_about(tx: Tx, scope: Scope, start: StoredObject, limit: int = 100) -> list[StoredObject]:
    """What the cluster said about an object, latest first."""
    where = Where(scope)
    where.add("o.cluster_id = %s and o.resource = 'events' and o.owner_uid = %s", start.cluster_id, start.uid)
    statement = sql.SQL("{} {} order by o.cells ->> 'last' desc limit %s").format(sql.SQL(_SELECT), where.clause)
    return await tx.all(StoredObject, statement, [*where.values, limit])
