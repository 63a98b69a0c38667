"""The order of a list: its key, where in it a page begins, and the cursors of the pages beside it."""

from __future__ import annotations

from typing import Any, LiteralString, NamedTuple

from basefly.base.db import paging, sql
from basefly.core.inventory.model import COMMON_COLUMNS, LABEL, ObjectQuery, Sort, StoredObject

CUT = 200  # characters of a text that count in its order; indexes are made of the same
# An index of these can be asked for a key because they are no coalesce: see migration 0036.
_TEXT = sql.SQL(
    "case when o.cells ->> {column} is null then '' else left(o.cells ->> {column}, {cut}) end collate \"C\""
)
_JSON = sql.SQL("case when o.cells -> {column} is null then 'null' else o.cells -> {column} end")


class Keyed(StoredObject, frozen=True, kw_only=True):
    """A row of a list, with what it is sorted by, as text."""

    key: str


class Page(NamedTuple):
    """Rows in their order, and the cursors of the pages after and before them."""

    rows: list[Keyed]
    next: str | None
    previous: str | None


def _sort_key(sort: Sort) -> tuple[sql.Composable, LiteralString]:
    """The expression to sort by, and the type its value in a cursor is cast to."""
    if sort.column == "created_at":
        return sql.SQL("o.created_at"), "timestamptz"
    if sort.column == "cluster":
        return sql.SQL("(select c.name from clusters c where (c.org_id, c.id) = (o.org_id, o.cluster_id))"), "text"
    if sort.column.startswith(LABEL):
        return sql.SQL("coalesce(o.labels ->> {}, '')").format(sql.Literal(sort.column.removeprefix(LABEL))), "text"
    if sort.column in COMMON_COLUMNS:
        return sql.SQL("o.{}").format(sql.Identifier(sort.column)), "text"
    if sort.text:
        return text_of(sort.column), "text"
    return _JSON.format(column=sql.Literal(sort.column)), "jsonb"


def text_of(column: str) -> sql.Composable:
    """The text of a cell, cut, in the words of the indexes."""
    return _TEXT.format(column=sql.Literal(column), cut=sql.Literal(CUT))


class Order(NamedTuple):
    """The order of a list, and where in it a page begins: after the key (none by name), name, cluster and uid."""

    key: sql.Composable
    cast_to: LiteralString
    falling: bool
    values: list[Any]
    named: bool

    @property
    def than(self) -> sql.SQL:
        return sql.SQL("<" if self.falling else ">")

    @property
    def tied(self) -> sql.Composable:
        """What equals must be to come after the values' last three."""
        return sql.SQL("(o.name, o.cluster_id, o.uid) {} (%s, %s::uuid, %s)").format(self.than)

    def bound(self, key: sql.Composable) -> sql.Composable:
        if not self.values:
            return sql.SQL("true")
        if self.named:  # once only: of a name twice PostgreSQL would ask its index for no more than the first
            return self.tied
        return sql.SQL("({key}, o.name, o.cluster_id, o.uid) {than} (%s::{cast}, %s, %s::uuid, %s)").format(
            key=key, than=self.than, cast=sql.SQL(self.cast_to)
        )

    def by(self, key: sql.Composable) -> sql.Composable:
        way = sql.SQL(" desc" if self.falling else "")
        return sql.SQL("{key}{way}, o.name{way}, o.cluster_id{way}, o.uid{way}").format(key=key, way=way)


def order_of(query: ObjectQuery) -> Order:
    key, cast_to = _sort_key(query.sort)
    back, *bound = decoded(query)
    named = query.sort.column == "name"
    return Order(key, cast_to, query.sort.descending is not bool(back), bound[1:] if named else bound, named)


def decoded(query: ObjectQuery) -> list[Any]:
    return paging.decode(query.cursor, 5) if query.cursor else [False]


def paged(query: ObjectQuery, found: list[Keyed]) -> Page:
    """A page of what was read for it, which is one row more than it shows if there are more."""
    back, *bound = decoded(query)
    rows = found[: query.limit]
    more = len(found) > query.limit
    if back:
        rows.reverse()
    return Page(
        rows,
        next=_cursor(rows[-1], back=False) if rows and (more or back) else None,
        previous=_cursor(rows[0], back=True) if rows and (more if back else bound) else None,
    )


def _cursor(row: Keyed, *, back: bool) -> str:
    return paging.encode([back, row.key, row.name, str(row.cluster_id), row.uid])
