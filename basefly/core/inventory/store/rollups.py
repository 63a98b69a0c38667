"""The rollups: how many objects there are of what, counted as rows are written, so that no answer has to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec

from basefly.base.db import sql
from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.inventory.model import COUNTED_TO, ObjectQuery
from basefly.core.inventory.store.filters import Where, matching
from basefly.core.rights.conditions import Condition, summed

Dimension = Literal["status", "health", "cluster", "namespace"]
DIMENSIONS: tuple[Dimension, ...] = ("status", "health", "cluster", "namespace")
_COLUMN = {"cluster": "cluster_id"}
_NOWHERE = UUID(int=0)


class Sum(msgspec.Struct, frozen=True):
    """How many objects there are of what the other fields say; those that were not asked for are empty."""

    count: int
    cluster_id: UUID = _NOWHERE
    resource: str = ""
    namespace: str = ""
    health: str = ""


Field = Literal["cluster_id", "resource", "namespace", "health"]


async def sum_by(
    tx: Tx, scope: Scope, fields: Sequence[Field], clusters: Sequence[UUID], *, resources: Sequence[str] = ()
) -> list[Sum]:
    """How many objects in these clusters share the fields, of these resources when given. Summed by the database."""
    where, source = Where(scope, rows="summed"), summed(scope, resources)
    where.add("o.cluster_id = any (%s) and o.count > 0", list(clusters))
    if resources:
        where.add("o.resource = any (%s)", list(resources))
    columns = sql.SQL(", ").join(sql.Identifier("o", field) for field in fields)
    statement = sql.SQL("select {}, sum(o.count)::bigint as count from {} where {} group by {}").format(
        columns, source.clause, where.clause, columns
    )
    return await tx.all(Sum, statement, [*source.values, *where.values])


async def get_words(tx: Tx, scope: Scope, clusters: Sequence[UUID], dimension: Dimension) -> list[str]:
    """Every status, or namespace, that objects in these clusters have."""
    where, source = Where(scope, rows="summed"), summed(scope)
    where.add("o.cluster_id = any (%s) and o.count > 0", list(clusters))
    column = sql.Identifier("o", dimension)
    statement = sql.SQL("select distinct {} from {} where {} order by 1").format(column, source.clause, where.clause)
    return await tx.all(str, statement, [*source.values, *where.values])


async def count_namespaces(tx: Tx, scope: Scope, clusters: Sequence[UUID]) -> dict[str, int]:
    """How many pods each namespace of these clusters has, the most first."""
    where, source = Where(scope, rows="summed"), summed(scope, ("pods",))
    where.add("o.cluster_id = any (%s) and o.resource = 'pods' and o.count > 0", list(clusters))
    statement = sql.SQL(
        "select 'namespace' as dimension, o.namespace as value, sum(o.count)::bigint as count from {} where {}"
        " group by 2 order by 3 desc, 2"
    ).format(source.clause, where.clause)
    found = await tx.all(Count, statement, [*source.values, *where.values])
    return {each.value: each.count for each in found}


class Count(msgspec.Struct, frozen=True):
    """How many objects share a value of a dimension; a cluster's is its id."""

    dimension: Dimension
    value: str
    count: int


async def count_by(
    tx: Tx, scope: Scope, query: ObjectQuery, dimensions: Sequence[Dimension], *, counted: bool = False
) -> list[Count]:
    """How many objects match by each value of these dimensions, in one pass, the most first.

    The rollups tell, which know only of cluster, namespace, status and health: other conditions of the query would
    fail, unless the objects are `counted`, of which there should be no more than COUNTED_TO.
    """
    where = matching(scope, query, rows="objects" if counted else "summed")
    rows = Condition(sql.SQL(""), []) if counted else summed(scope, (query.resource,))
    columns = [sql.Identifier("o", _COLUMN.get(name, name)) for name in dimensions]
    source = (
        sql.SQL("(select o.*, 1 as count from objects o where {} limit {}) o").format(
            where.clause, sql.Literal(COUNTED_TO)
        )
        if counted
        else sql.SQL("{} where {}").format(rows.clause, where.clause)
    )
    statement = sql.SQL("""
        select case {which} end as dimension, coalesce({values}) as value, sum(o.count)::bigint as count
        from {source} group by grouping sets ({sets}) having sum(o.count) > 0 order by 1, 3 desc, 2""").format(
        which=sql.SQL(" ").join(
            sql.SQL("when grouping({}) = 0 then {}").format(column, sql.Literal(name))
            for column, name in zip(columns, dimensions, strict=True)
        ),
        values=sql.SQL(", ").join(sql.SQL("{}::text").format(column) for column in columns),
        source=source,
        sets=sql.SQL(", ").join(sql.SQL("({})").format(column) for column in columns),
    )
    return await tx.all(Count, statement, [*rows.values, *where.values])
