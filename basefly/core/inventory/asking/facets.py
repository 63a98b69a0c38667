"""What a list could be narrowed to: how many of what is asked for there are, by status, health, cluster, namespace."""

from __future__ import annotations

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web.boundary.sharing import Answer
from basefly.core.inventory.asking.request import ListRequest, Understood, understand
from basefly.core.inventory.model import ObjectQuery
from basefly.core.inventory.sight import READ, answered
from basefly.core.inventory.store import objects, rollups
from basefly.core.inventory.store.rollups import DIMENSIONS, Count, Dimension

_FIELDS: dict[Dimension, str] = {"status": "statuses", "health": "healths", "namespace": "namespaces"}


class Facets(Answer, frozen=True, kw_only=True):
    """How many objects there are by status, health, cluster and namespace, the most first.

    Each count is under all filters but those of its own dimension, so that it says what choosing the value brings.
    Not `exact`: the counts do not know every filter, and are what there is at most.
    """

    status: dict[str, int]
    health: dict[str, int]
    cluster: dict[str, int]
    namespace: dict[str, int]
    exact: bool = True


NO_FACETS = Facets(status={}, health={}, cluster={}, namespace={})


async def facets(tx: Tx, by: Principal, request: ListRequest) -> Facets:
    """The facets of a list. Raises as `understand` does."""
    asked = await understand(tx, by, request)

    async def read(tx: Tx) -> Facets:
        return await counted(tx, by, request, asked)

    question = ("facets", msgspec.json.encode(request))
    return await answered(tx, by, question, read, resource=asked.query.resource)


async def counted(
    tx: Tx, by: Principal, request: ListRequest, asked: Understood, *, exact: bool | None = None
) -> Facets:
    """The facets of a request that was understood. `exact` is whether what it asks for was counted to its end."""
    chosen = [name for name in DIMENSIONS if getattr(request, name)]
    wider = asked
    if request.cluster:
        other = msgspec.structs.replace(request, cluster=(), cursor="")
        wider = await understand(tx, by, other, sight=asked.sight)
    if asked.query.rolled_up:
        exact = True
    elif exact is None or (exact and chosen):  # what is chosen may have made few of many
        exact = (await objects.count_objects(tx, by.scope(READ), _wide(wider, chosen)))[1]
    counts = await _count(tx, by, asked.query, [name for name in DIMENSIONS if name not in chosen], exact=exact)
    for name in chosen:
        query = wider.query if name == "cluster" else asked.query
        counts += await _count(tx, by, _without(query, name), [name], exact=exact)
    names = {str(c.id): c.name for c in wider.clusters}
    found: dict[str, dict[str, int]] = {name: {} for name in DIMENSIONS}
    for count in counts:
        found[count.dimension][names[count.value] if count.dimension == "cluster" else count.value] = count.count
    return Facets(**found, exact=exact)


async def _count(tx: Tx, by: Principal, query: ObjectQuery, dimensions: list[Dimension], *, exact: bool) -> list[Count]:
    if not dimensions:
        return []
    if query.rolled_up:
        return await rollups.count_by(tx, by.scope(READ), query, dimensions)
    if exact:
        return await rollups.count_by(tx, by.scope(READ), query, dimensions, counted=True)
    return await rollups.count_by(tx, by.scope(READ), _known(query), dimensions)


def _known(query: ObjectQuery) -> ObjectQuery:
    """The part of a query that the rollups know."""
    matches = tuple(match for match in query.matches if match.column in ("namespace", "status", "health"))
    return msgspec.structs.replace(query, selector=(), columns={}, matches=matches)


def _without(query: ObjectQuery, dimension: Dimension) -> ObjectQuery:
    return msgspec.structs.replace(query, **{_FIELDS[dimension]: ()}) if dimension in _FIELDS else query


def _wide(asked: Understood, chosen: list[Dimension]) -> ObjectQuery:
    query = asked.query
    for name in chosen:
        query = _without(query, name)
    return query
