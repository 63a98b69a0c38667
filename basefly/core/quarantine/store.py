"""How many objects were set aside: those with names are rows, the others are counted with their streams."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from basefly.base.db import sql
from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.inventory.store.filters import Where
from basefly.core.rights.conditions import summed
from basefly.core.sync.kind import UNREADABLE


class Count(msgspec.Struct, frozen=True):
    """So many of a kind in a cluster. `reason`: why the last one without a name could not be read."""

    cluster_id: UUID
    resource: str
    count: int
    reason: str = ""


async def count_named(tx: Tx, scope: Scope, clusters: Sequence[UUID]) -> list[Count]:
    """Those in sight that have rows, as the rollups count them."""
    where, source = Where(scope, rows="summed"), summed(scope)
    where.add("o.cluster_id = any (%s) and o.count > 0", list(clusters))
    where.add("o.status = %s", UNREADABLE)
    statement = sql.SQL(
        "select o.cluster_id, o.resource, sum(o.count)::bigint as count from {} where {} group by 1, 2"
    ).format(source.clause, where.clause)
    return await tx.all(Count, statement, [*source.values, *where.values])


async def count_unnamed(tx: Tx, clusters: Sequence[UUID]) -> list[Count]:
    """Those that could not even be told apart."""
    query = """
        select cluster_id, resource, skipped as count, reason from sync_streams
        where org_id = %s and cluster_id = any (%s) and skipped > 0"""
    return await tx.all(Count, query, (tx.org_id, list(clusters)))
