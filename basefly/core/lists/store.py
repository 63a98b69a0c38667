"""The labels that objects have, as far as a glance at some of them tells."""

from __future__ import annotations

from basefly.base.db import sql
from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.inventory.model import ObjectQuery
from basefly.core.inventory.store.filters import matching

GLANCE = 1000  # objects looked at: enough to know the usual labels, few enough to cost nothing


async def get_labels(tx: Tx, scope: Scope, query: ObjectQuery, limit: int = 500) -> list[str]:
    """`key` and `key=value` of the objects first found, the most frequent first."""
    where = matching(scope, query)
    statement = sql.SQL("""
        with glanced as (select o.labels from objects o where {where} order by o.name limit {glance}),
        pairs as (select each.key, each.value from glanced, jsonb_each_text(glanced.labels) as each)
        select text from (
            select key as text, count(*) as n from pairs group by 1
            union all select key || '=' || value, count(*) from pairs group by 1
        ) found order by n desc, text limit %s""").format(where=where.clause, glance=sql.Literal(GLANCE))
    return await tx.all(str, statement, [*where.values, limit])
