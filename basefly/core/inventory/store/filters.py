"""What a row must be to belong to an answer: the asker's scope first, then what was asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

from basefly.base.db import Jsonb, sql
from basefly.base.kube.selectors import Requirement
from basefly.base.principal import Scope
from basefly.core.inventory.model import Match, ObjectQuery
from basefly.core.rights.conditions import Rows, visible

COMPARED = re.compile(r"(<=|>=|<|>|=)?(.*)", re.DOTALL)
NUMBERS = ("number", "bytes", "cores")
_LIST: LiteralString = """exists (
    select 1 from jsonb_array_elements_text(
        case jsonb_typeof(o.cells -> %s) when 'array' then o.cells -> %s else '[]' end
    ) as one where one ilike any (%s))"""
_NUMBER: LiteralString = "case jsonb_typeof(o.cells -> %s) when 'number' then (o.cells ->> %s)::numeric end"


class Where:
    """Conditions that must all hold, with their values: the scope, of `rows` of these resources, and what is added."""

    def __init__(self, scope: Scope, *resources: str, rows: Rows = "objects") -> None:
        shown = visible(scope, resources, rows)
        self.parts: list[sql.Composable] = [shown.clause]
        self.values: list[Any] = shown.values

    def add(self, condition: LiteralString, *values: Any) -> None:
        self.parts.append(sql.SQL(condition))
        self.values.extend(values)

    def add_any(self, column: LiteralString, wanted: Sequence[str]) -> None:
        """One of these values. Of a single one an index brings the rows in their order."""
        one = len(wanted) == 1
        self.parts.append(sql.SQL("o.{} = {}").format(sql.Identifier(column), sql.SQL("%s" if one else "any (%s)")))
        self.values.append(wanted[0] if one else list(wanted))

    @property
    def clause(self) -> sql.Composed:
        return sql.SQL(" and ").join(self.parts)


def matching(scope: Scope, query: ObjectQuery, *, rows: Rows = "objects") -> Where:
    """The conditions of a query, without its page."""
    where = Where(scope, query.resource, rows=rows)
    where.add("o.resource = %s", query.resource)
    within(where, query.clusters, query.without)
    if query.namespaces:
        where.add_any("namespace", query.namespaces)
    if query.text:
        where.add("o.name ilike %s", f"%{escape_like(query.text)}%")
    if query.statuses:
        where.add_any("status", query.statuses)
    if query.healths:
        where.add_any("health", query.healths)
    for requirement in query.selector:
        _require(where, requirement)
    for column, value in query.columns.items():
        where.add("o.cells ->> %s = %s", column, value)
    if query.uids:
        where.add("o.uid = any (%s)", list(query.uids))
    for each in query.matches:
        match(where, each)
    return where


def within(where: Where, clusters: Sequence[UUID] | None, without: Sequence[UUID] = ()) -> None:
    """Only these clusters; None: all but those `without`."""
    if clusters is not None:
        where.add("o.cluster_id = any (%s)", list(clusters))
    elif without:
        where.add("o.cluster_id <> all (%s)", list(without))


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


def match(where: Where, asked: Match) -> None:
    """A condition of the query language; absent values count as empty, so that a negation holds for them."""
    before = len(where.parts)
    values = list(asked.values)
    if asked.column == "name":
        # One by one, for the trigram index answers no "ilike any".
        _any(where, [("o.name ilike %s", [f"%{pattern(value)}%"], "") for value in values])
    elif asked.column == "namespace":
        where.add_any("namespace", values)
    elif asked.column == "status":
        where.add_any("status", values)
    elif asked.column == "health":
        where.add_any("health", values)
    elif asked.column == "label":
        _any(where, [_label(value) for value in values])
    elif asked.column == "age":
        _any(where, [("extract(epoch from now() - o.created_at)", [], value) for value in values])
    elif asked.type in NUMBERS:
        _any(where, [(_NUMBER, [asked.column, asked.column], value) for value in values])
    elif asked.type == "list":
        where.add(_LIST, asked.column, asked.column, [f"%{pattern(value)}%" for value in values])
    else:
        where.add("coalesce(o.cells ->> %s, '') ilike any (%s)", asked.column, [pattern(value) for value in values])
    if asked.negated:
        where.parts[before:] = [sql.SQL("not coalesce(({}), false)").format(each) for each in where.parts[before:]]


def _label(value: str) -> tuple[LiteralString, list[Any], str]:
    key, sign, wanted = value.partition("=")
    return ("o.labels @> %s", [Jsonb({key: wanted})], "") if sign else ("o.labels ? %s", [key], "")


def _any(where: Where, alternatives: list[tuple[LiteralString, list[Any], str]]) -> None:
    """One of several conditions, each an expression with its values, and what it is compared with, if it is."""
    parts: list[sql.Composable] = []
    for expression, values, compared in alternatives:
        where.values.extend(values)
        if compared:
            sign, number = COMPARED.fullmatch(compared).groups()  # type: ignore[union-attr]  # it matches any text
            parts.append(sql.SQL("{} {} %s::numeric").format(sql.SQL(expression), sql.SQL(sign or "=")))
            where.values.append(number)
        else:
            parts.append(sql.SQL(expression))
    where.parts.append(sql.SQL("({})").format(sql.SQL(" or ").join(parts)))


def pattern(text: str) -> str:
    """`text` inside a LIKE pattern, where `*` stands for anything."""
    return "%".join(escape_like(part) for part in text.split("*"))
