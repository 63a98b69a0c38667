"""What a row `o` must be to be in someone's scope: where the hub's grants reach, and as the clusters' rules show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, LiteralString, NamedTuple
from uuid import UUID

from basefly.base.db import sql
from basefly.base.principal import Scope
from basefly.base.sight import Arm, Sight

Rows = Literal["objects", "kinds", "summed"]

_NOBODY = UUID(int=0)  # a cluster that does not exist: what an empty scope sees
_ANY_OF: sql.SQL = sql.SQL("o.cluster_id = any (%s)")
_SPACES: sql.SQL = sql.SQL("(o.cluster_id, o.namespace) in (select * from unnest(%s::uuid[], %s::text[]))")
_NAMED: sql.SQL = sql.SQL(
    "(o.cluster_id, o.resource, o.namespace, o.name) in"
    " (select * from unnest(%s::uuid[], %s::text[], %s::text[], %s::text[]))"
)
_NAMED_ANYWHERE: sql.SQL = sql.SQL(
    "(o.cluster_id, o.resource, o.name) in (select * from unnest(%s::uuid[], %s::text[], %s::text[]))"
)


class Condition(NamedTuple):
    """SQL over a row `o`, with its values."""

    clause: sql.Composable
    values: list[Any]


def visible(scope: Scope, resources: Sequence[str], rows: Rows) -> Condition:
    """The condition on a row of these resources (any, when none is given) to be in someone's scope.

    Of "objects" all is known. Rows of "kinds" have no name: what is seen by its name alone is left out. Those that are
    "summed" have been looked at by `summed`, so that only the place is left to ask for.
    """
    conditions = [Condition(sql.SQL("o.org_id = %s"), [scope.org_id])]
    if not scope.everywhere:
        conditions.append(_reached(scope))
    if scope.sight is not None and rows != "summed":
        names = _names(scope.sight, resources) if rows == "objects" else []
        conditions.append(_any([_kinds(scope.sight, resources), *names]))
    return _joined(" and ", conditions)


def summed(scope: Scope, resources: Sequence[str] = ()) -> Condition:
    """The rollups, as a table `o`, that count what the clusters' own rules show; `Where` looks at the rest of a scope.

    They know no names. What is seen by its name alone is therefore counted object by object.
    """
    if scope.sight is None:
        return Condition(sql.SQL("rollups o"), [])
    kinds, names = _kinds(scope.sight, resources), _names(scope.sight, resources)
    columns = sql.SQL("o.org_id, o.cluster_id, o.resource, o.namespace, o.status, o.health")
    rows = sql.SQL("select {}, o.count from rollups o where o.org_id = %s and {}").format(columns, kinds.clause)
    values = [scope.org_id, *kinds.values]
    if names:
        named = _any(names)
        each = sql.SQL("select {}, 1 from objects o where o.org_id = %s and {} and not {}").format(
            columns, named.clause, kinds.clause
        )
        rows = sql.SQL("{} union all {}").format(rows, each)
        values += [scope.org_id, *named.values, *kinds.values]
    return Condition(sql.SQL("({}) o").format(rows), values)


def _kinds(sight: Sight, resources: Sequence[str]) -> Condition:
    return _any([_of_arm(arm) for arm in sight.arms(resources)])


def _of_arm(arm: Arm) -> Condition:
    places: list[Condition] = []
    if arm.clusters:
        places.append(Condition(_ANY_OF, [arm.clusters]))
    if arm.spaces:
        places.append(Condition(_SPACES, [[c for c, _ in arm.spaces], [space for _, space in arm.spaces]]))
    there = _any(places)
    if arm.kinds is None:
        return there
    clause = sql.SQL("(o.resource = any (%s) and {})").format(there.clause)
    return Condition(clause, [sorted(arm.kinds), *there.values])


def _names(sight: Sight, resources: Sequence[str]) -> list[Condition]:
    found = sight.names(resources)
    placed = [(c, n) for c, n in found if n.namespace is not None]
    anywhere = [(c, n) for c, n in found if n.namespace is None]
    conditions = []
    if placed:
        values = [[n.resource for _, n in placed], [n.namespace for _, n in placed], [n.name for _, n in placed]]
        conditions.append(Condition(_NAMED, [[c for c, _ in placed], *values]))
    if anywhere:
        values = [[n.resource for _, n in anywhere], [n.name for _, n in anywhere]]
        conditions.append(Condition(_NAMED_ANYWHERE, [[c for c, _ in anywhere], *values]))
    return conditions


def _reached(scope: Scope) -> Condition:
    """The places that the hub's grants reach."""
    reaches = []
    for reach in scope.reaches:
        parts = [Condition(sql.SQL("true"), [])]
        if reach.clusters is not None:
            parts.append(Condition(_ANY_OF, [list(reach.clusters)]))
        if reach.namespaces is not None:
            parts.append(Condition(sql.SQL("o.namespace = any (%s)"), [list(reach.namespaces)]))
        reaches.append(_joined(" and ", parts))
    return _any(reaches)


def _any(conditions: Sequence[Condition]) -> Condition:
    """One of the conditions; no row, if there is none."""
    if not conditions:
        return Condition(sql.SQL("o.cluster_id = %s"), [_NOBODY])
    joined = _joined(" or ", conditions)
    return Condition(sql.SQL("({})").format(joined.clause), joined.values)


def _joined(word: LiteralString, conditions: Sequence[Condition]) -> Condition:
    clause = sql.SQL(word).join(each.clause for each in conditions)
    return Condition(clause, [value for each in conditions for value in each.values])
