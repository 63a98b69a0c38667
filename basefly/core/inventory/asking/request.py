"""What someone asks of a list, understood: which kind, which clusters, and the query of the store."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid, NotFound
from basefly.base.kube import quantity, selectors
from basefly.base.principal import Principal
from basefly.base.text import query
from basefly.base.text.query import Condition
from basefly.core.clusters.model import ClusterState
from basefly.core.clusters.selection import within
from basefly.core.inventory import model
from basefly.core.inventory.model import Match, ObjectQuery
from basefly.core.inventory.sight import READ, visible_clusters
from basefly.core.inventory.store import objects, rollups
from basefly.core.inventory.store.filters import COMPARED, NUMBERS
from basefly.core.sync import kinds
from basefly.core.sync.kind import Column, Kind
from basefly.core.sync.store import streams

_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


class ListRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What someone asks of a list, in their own words: names of kinds and clusters, selectors as text.

    `q` is in the query language. Everything given must hold; of several values of one parameter, any.
    """

    resource: str
    cluster: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    namespace: tuple[str, ...] = ()
    q: str = ""
    labels: str = ""
    status: tuple[str, ...] = ()
    health: tuple[str, ...] = ()
    sort: str = "name"
    limit: int = model.PAGE
    cursor: str = ""
    columns: dict[str, str] = {}
    uids: tuple[str, ...] = ()


class Understood(msgspec.Struct, frozen=True, kw_only=True):
    """A request, understood. `clusters` are those it covers, of those in `sight`."""

    kind: Kind
    sight: Sequence[ClusterState]
    clusters: list[ClusterState]
    query: ObjectQuery


async def understand(
    tx: Tx, by: Principal, request: ListRequest, *, sight: Sequence[ClusterState] | None = None
) -> Understood:
    """Understand a request. Raises Invalid or NotFound for what cannot be asked, naming the place and the cure.

    `sight` are all clusters in sight, for those who have read them already.
    """
    if not 1 <= request.limit <= model.LARGEST_PAGE:
        raise Invalid(
            f"limit={request.limit} is not between 1 and {model.LARGEST_PAGE}.",
            errors=(FieldError("/limit", "out of range"),),
        )
    if sight is None:
        sight = await visible_clusters(tx, by)
    clusters = within(sight, request.cluster, request.set)
    kind = await asked_kind(tx, request.resource, clusters)
    conditions = query.parse(request.q)
    clusters = in_clusters(request.q, conditions, clusters)
    everywhere = by.scope(READ).everywhere and len(clusters) == len(sight)
    asked = ObjectQuery(
        resource=kind.resource,
        clusters=None if everywhere else tuple(c.id for c in clusters),
        without=tuple(await objects.get_left(tx, sight)) if everywhere else (),
        namespaces=request.namespace,
        selector=selectors.parse(request.labels),
        statuses=request.status,
        healths=_healths(request.health),
        columns=_filters(kind, request.columns),
        uids=request.uids,
        sort=model.sort(kind, request.sort),
        limit=request.limit,
        cursor=request.cursor,
    )
    asked = msgspec.structs.replace(asked, matches=await _matches(tx, by, request.q, conditions, kind, asked))
    return Understood(kind=kind, sight=sight, clusters=clusters, query=asked)


async def asked_kind(tx: Tx, resource: str, clusters: Sequence[ClusterState]) -> Kind:
    """The kind meant; NotFound for a word that is neither a kind we know nor one that a cluster serves."""
    if known := kinds.named(resource):
        return known
    served = await streams.get_served(tx, [c.id for c in clusters])
    kind = model.kind_of(resource, served)
    if all(each.resource != kind.resource for each in served):
        raise NotFound(
            f"No cluster here serves a kind {resource!r}.", cure="Look at the list of kinds for what there is."
        )
    return kind


def in_clusters(text: str, conditions: Sequence[Condition], found: list[ClusterState]) -> list[ClusterState]:
    """The clusters that fit the conditions on them."""
    for condition in conditions:
        if condition.field == "cluster":
            meant = set(query.pick(condition.values, [c.name for c in found]))
            if not meant and not condition.negated:
                query.wrong(
                    text, condition.start, "no cluster here is called that", "See the clusters for their names."
                )
            found = [c for c in found if (c.name in meant) is not condition.negated]
    return found


async def _matches(
    tx: Tx, by: Principal, text: str, conditions: Sequence[Condition], kind: Kind, asked: ObjectQuery
) -> tuple[Match, ...]:
    """The conditions as the store takes them: words of status and namespace become those that there are."""
    words: dict[str, list[str]] = {"health": list(model.HEALTHS)}
    unknown = [name for name in ("status", "namespace") if any(c.field == name for c in conditions)]
    if unknown:
        counts = await rollups.count_by(tx, by.scope(READ), _bare(asked), unknown)  # type: ignore[arg-type]  # both are
        words |= {name: [c.value for c in counts if c.dimension == name] for name in unknown}
    found = [understood(text, condition, kind, words) for condition in conditions]
    return tuple(match for match in found if match is not None)


def _bare(asked: ObjectQuery) -> ObjectQuery:
    return ObjectQuery(resource=asked.resource, clusters=asked.clusters, without=asked.without)


def understood(text: str, condition: Condition, kind: Kind, words: dict[str, list[str]]) -> Match | None:
    """One condition as the store takes it; None for those on clusters, which are chosen before. Raises Invalid."""
    field, values, negated = condition.field, condition.values, condition.negated
    if field == "cluster":
        return None
    if field == query.TEXT:
        return Match("name", values, negated)
    if field == "kind":
        _check_kind(text, condition, kind)
        return None
    if field in words:
        picked = tuple(query.pick(values, words[field]))
        if field == "health" and not picked:
            query.wrong(text, condition.start, "there is no such health", _one_of(model.HEALTHS))
        return Match(field, picked, negated)
    if field == "label":
        return Match(field, values, negated)
    if field == "age":
        return Match(field, tuple(_seconds(text, condition, value) for value in values), negated)
    return _column(text, condition, kind)


def _check_kind(text: str, condition: Condition, kind: Kind) -> None:
    meant = [known.resource for value in condition.values if (known := kinds.named(value))]
    if (kind.resource in meant) is condition.negated:
        query.wrong(text, condition.start, f"this list has objects of the kind {kind.kind} only", "Search everything.")


def _column(text: str, condition: Condition, kind: Kind) -> Match:
    column = next((c for c in kind.columns if c.name.lower() == condition.field.lower()), None)
    if column is None:
        known = (*query.FIELDS, "age", *(c.name for c in kind.columns))
        what = f"{kind.kind} has no field {condition.field!r}"
        query.wrong(text, condition.start, what, f"{_one_of(known)} A word with a colon goes in quotes.")
    values = condition.values
    if column.type in NUMBERS:
        values = tuple(_number(text, condition, column, value) for value in values)
    return Match(column.name, values, condition.negated, column.type)


def _number(text: str, condition: Condition, column: Column, value: str) -> str:
    sign, number = COMPARED.fullmatch(value).groups()  # type: ignore[union-attr]  # it matches any text
    try:
        return f"{sign or '='}{quantity.number(number)}"
    except ValueError:
        cure = f"Write {column.name}:3, {column.name}:>3 or {column.name}:<=3."
        query.wrong(text, condition.start, f"{value!r} is no number", cure)


def _seconds(text: str, condition: Condition, value: str) -> str:
    sign, span = COMPARED.fullmatch(value).groups()  # type: ignore[union-attr]  # it matches any text
    parts = _SPAN.findall(span)
    if not sign or not parts or _SPAN.sub("", span):
        query.wrong(text, condition.start, f"{value!r} is no age", "Write age:<1h, age:>7d or age:>=1d12h.")
    return f"{sign}{sum(float(number) * _SECONDS[unit] for number, unit in parts)}"


def _healths(given: tuple[str, ...]) -> tuple[str, ...]:
    for health in given:
        if health not in model.HEALTHS:
            detail = f"There is no health {health!r}."
            raise Invalid(detail, errors=(FieldError("/health", detail),), cure=_one_of(model.HEALTHS))
    return given


def _filters(kind: Kind, columns: dict[str, str]) -> dict[str, str]:
    known = {column.name for column in kind.columns}
    for name in columns:
        if name not in known:
            detail = f"{kind.kind} has no column {name!r} to filter by."
            cure = "Filter by one of " + ", ".join(sorted(known)) + "." if known else "This kind has no columns."
            raise Invalid(detail, errors=(FieldError(f"/{name}", detail),), cure=cure)
    return columns


def _one_of(words: Sequence[str]) -> str:
    return f"Use one of {', '.join(words)}."
