"""A page out of very many objects by a key that has an index, though ties are broken by what that index does not hold.

What many objects share (restarts are mostly 0) would have to be sorted whole for a page. Instead the key is looked up
at which the page ends: what lies before it is few and is sorted, and of its equals those that come first by name are
found by the index of names, or sorted where they are few. PostgreSQL knows how many share a key, and chooses.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from basefly.base.db import sql
from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.inventory.model import ObjectQuery
from basefly.core.inventory.store.filters import Where, matching
from basefly.core.inventory.store.order import Keyed, Order, Page, order_of, paged

MANY = 5000  # objects; fewer are sorted
KEYED = {  # columns with an index in which there are no names
    "pods": frozenset({"health", "ready", "node", "ip", "qos", "images", "restarts", "cpu", "memory"}),
    "events": frozenset({"status", "namespace"}),
}
OTHERS = frozenset({"status"})  # those of all other kinds
FASTER = 4  # times as many clusters are read together while they bring too little


def walks(query: ObjectQuery) -> bool:
    """Whether there is a way: by a column that has such an index, or by cluster."""
    column = query.sort.column
    return column == "cluster" or column in KEYED.get(query.resource, OTHERS)


async def walk(tx: Tx, scope: Scope, query: ObjectQuery) -> Page:
    """One page, as `objects.page_objects` would bring it."""
    reading = _Reading(tx, scope, query, order_of(query))
    if query.sort.column == "cluster":
        return paged(query, await reading.by_cluster())
    return paged(query, await reading.by_key())


class _Named(msgspec.Struct, frozen=True):
    """A cluster."""

    id: UUID
    name: str


class _Reading(NamedTuple):
    """One page that is read."""

    tx: Tx
    scope: Scope
    query: ObjectQuery
    order: Order

    async def by_key(self) -> list[Keyed]:
        """What is left of the key at which the page before ended, whole keys, and the beginning of the last."""
        wanted, found = self.query.limit + 1, list[Keyed]()
        begin: str | None = self.order.values[0] if self.order.values else None
        if begin is not None:
            found = await self._of_key(begin, wanted, beyond=True)
        if len(found) == wanted:
            return found
        last = await self._key_at(begin, wanted - len(found))
        found += await self._between(begin, last, wanted - len(found))
        if last is not None and len(found) < wanted:
            found += await self._of_key(last, wanted - len(found))
        return found

    async def by_cluster(self) -> list[Keyed]:
        """The clusters in the order of their names, as many as fill the page."""
        wanted, found = self.query.limit + 1, list[Keyed]()
        clusters, place, count = await self._clusters(), 0, 1
        while len(found) < wanted and place < len(clusters):
            some, where = clusters[place : place + count], self._where()
            where.add("o.cluster_id = any (%s)", [each.id for each in some])
            key = sql.SQL("{}::text").format(sql.Literal(some[0].name)) if len(some) == 1 else self.order.key
            found += await self._read(where, wanted - len(found), self.order.bound(key), self.order.values, key=key)
            place, count = place + count, count * FASTER
        return found

    async def _clusters(self) -> list[_Named]:
        """Those that may hold a part of the page, in their order."""
        way = sql.SQL(" desc" if self.order.falling else "")
        statement = sql.SQL("""
            select id, name from clusters
            where org_id = %s and (%s::text is null or name {than}= %s) and (%s::uuid[] is null or id = any (%s))
            order by name{way}, id{way}""").format(than=self.order.than, way=way)
        begin = self.order.values[0] if self.order.values else None
        only = None if self.query.clusters is None else list(self.query.clusters)
        return await self.tx.all(_Named, statement, [self.tx.org_id, begin, begin, only, only])

    async def _key_at(self, begin: str | None, place: int) -> str | None:
        """The key of the object at this place beyond a key; None if there are fewer."""
        where = self._where()
        self._beyond(where, begin)
        statement = sql.SQL("select ({key})::text from objects o where {where} order by {key}{way} offset %s limit 1")
        way = sql.SQL(" desc" if self.order.falling else "")
        statement_of = statement.format(key=self.order.key, where=where.clause, way=way)
        return await self.tx.one(str, statement_of, [*where.values, place - 1])

    async def _between(self, begin: str | None, end: str | None, most: int) -> list[Keyed]:
        """Everything between two keys, of which there is no more than a page."""
        where = self._where()
        self._beyond(where, begin)
        if end is not None:
            self._compare(where, sql.SQL(">" if self.order.falling else "<"), end)
        return await self._read(where, most)

    async def _of_key(self, key: str, most: int, *, beyond: bool = False) -> list[Keyed]:
        """The first objects of a key; with `beyond` those after the end of the page before."""
        where = self._where()
        self._compare(where, sql.SQL("="), key)
        after, values = (self.order.tied, self.order.values[1:]) if beyond else (None, ())
        return await self._read(where, most, after, values)

    async def _read(
        self,
        where: Where,
        most: int,
        bound: sql.Composable | None = None,
        values: Sequence[Any] = (),
        *,
        key: sql.Composable | None = None,
    ) -> list[Keyed]:
        """The first rows in order; `key` where all have the same, so that nothing need be worked out for each."""
        key = key or self.order.key
        statement = sql.SQL(
            "select o.*, ({key})::text as key from objects o where {where} and {bound} order by {order} limit %s"
        ).format(key=key, where=where.clause, bound=bound or sql.SQL("true"), order=self.order.by(key))
        return await self.tx.all(Keyed, statement, [*where.values, *values, most])

    def _where(self) -> Where:
        return matching(self.scope, self.query)

    def _beyond(self, where: Where, begin: str | None) -> None:
        if begin is not None:
            self._compare(where, self.order.than, begin)

    def _compare(self, where: Where, sign: sql.SQL, key: str) -> None:
        """The key stands in the statement itself, so that it is planned for this key, however often it is prepared."""
        cast = sql.SQL(self.order.cast_to)
        where.parts.append(sql.SQL("{} {} {}::{}").format(self.order.key, sign, sql.Literal(key), cast))
