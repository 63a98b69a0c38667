"""Reading objects: filtered, sorted and paged by key, always inside the asker's scope."""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString, cast
from uuid import UUID

import msgspec

from basefly.base.db import Jsonb, sql
from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.inventory.model import COUNTED_TO, ObjectQuery, SearchQuery, StoredObject
from basefly.core.inventory.store import walk
from basefly.core.inventory.store.filters import Where, match, matching, within
from basefly.core.inventory.store.order import CUT, Keyed, Page, order_of, paged, text_of
from basefly.core.rights.conditions import summed
from basefly.core.sync import kinds

SORTED_TO = 50_000  # objects found by text or label that are sorted for a page
SEARCHED = 1000  # objects that are looked at for each way in which a search may find them
LAST = "\U0010ffff"  # behind every name that begins alike
_NODE = text_of("node")
KNOWN = tuple(kind.resource for kind in kinds.KINDS)
_SELECT: LiteralString = """
    select cluster_id, resource, uid, namespace, name, resource_version, created_at, status, health, owner_uid,
           labels, cells, changed_at
    from objects o where """
_FOUND_BY = sql.SQL(
    "o.name <> %s, not starts_with(o.name, %s), o.health in ('ok', 'idle'), length(o.name), o.name, o.resource,"
    " o.cluster_id"
)
ENDED = ("Failed", "Evicted", "Error", "OutOfcpu", "OutOfmemory", "OutOfpods", "NodeAffinity", "Preempting")


async def find_objects(tx: Tx, scope: Scope, query: ObjectQuery) -> tuple[Page, int, bool]:
    """One page, how many match, and whether that is all.

    What is sought by a part of its name or by a label is found by the index of those and sorted, as long as it is not
    SORTED_TO or more: then the order's index is walked, which meets the next of so many soon. So is that of what the
    rollups count as many.
    """
    if query.sought:
        count, keys = await _sorted(tx, scope, query)
        if count <= SORTED_TO:
            return await _page(tx, query, keys), min(count, COUNTED_TO), count <= COUNTED_TO
        count, exact, many = COUNTED_TO, False, True
    else:
        count, exact = await count_objects(tx, scope, query)
        if not count:  # known at once; rows would be looked for to the last
            return paged(query, []), 0, True
        many = query.rolled_up and count > walk.MANY
    if many and walk.walks(query):
        return await walk.walk(tx, scope, query), count, exact
    return await page_objects(tx, scope, query), count, exact


class Key(msgspec.Struct, frozen=True):
    """Where an object is, and its place in an order."""

    cluster_id: UUID
    uid: str


class _Sorted(msgspec.Struct, frozen=True):
    count: int
    keys: list[Key]


async def _sorted(tx: Tx, scope: Scope, query: ObjectQuery) -> tuple[int, list[Key]]:
    """How many match, counted to just beyond SORTED_TO, and the keys of one page of them and of one object more."""
    where = matching(scope, query)
    order = order_of(query)
    key = sql.SQL("o.name" if query.sort.column == "name" else "o.key")
    more = sql.SQL("") if query.sort.column == "name" else sql.SQL("{} as key,").format(order.key)
    statement = sql.SQL("""
        with found as materialized (
            select {more} o.name, o.cluster_id, o.uid from objects o where {where} limit {most}
        ), paged as (select o.cluster_id, o.uid from found o where {bound} order by {order} limit {limit})
        select (select count(*) from found) as count,
               (select coalesce(jsonb_agg(paged), '[]') from paged) as keys""").format(
        more=more,
        where=where.clause,
        most=sql.Literal(SORTED_TO + 1),
        bound=order.bound(key),
        order=order.by(key),
        limit=sql.Literal(query.limit + 1),
    )
    found = await tx.one(_Sorted, statement, [*where.values, *order.values])
    assert found is not None, "an aggregate has a row"  # noqa: S101  # for the type checker
    return found.count, found.keys


async def _page(tx: Tx, query: ObjectQuery, keys: Sequence[Key]) -> Page:
    """The rows of these keys, in their order."""
    statement = sql.SQL("""
        select o.*, ({key})::text as key
        from unnest(%s::uuid[], %s::text[]) with ordinality as k (cluster_id, uid, place)
        join objects o on o.org_id = %s and o.resource = %s and (o.cluster_id, o.uid) = (k.cluster_id, k.uid)
        order by k.place""").format(key=order_of(query).key)
    clusters, uids = [key.cluster_id for key in keys], [key.uid for key in keys]
    rows = await tx.all(Keyed, statement, [clusters, uids, tx.org_id, query.resource])
    return paged(query, rows)


async def page_objects(tx: Tx, scope: Scope, query: ObjectQuery) -> Page:
    """One page, and the cursors of the pages beside it, if there are any.

    Ties are broken by name, cluster and uid, so that no object is shown twice or left out between pages. The page
    before is read backwards from its end, so that it costs no more than the one after.
    """
    where, order = matching(scope, query), order_of(query)
    statement = sql.SQL(
        "select o.*, ({key})::text as key from objects o where {where} and {bound} order by {order} limit %s"
    ).format(where=where.clause, key=order.key, bound=order.bound(order.key), order=order.by(order.key))
    rows = await tx.all(Keyed, statement, [*where.values, *order.values, query.limit + 1])
    return paged(query, rows)


async def count_objects(tx: Tx, scope: Scope, query: ObjectQuery, *, to: int = COUNTED_TO) -> tuple[int, bool]:
    """How many match, and whether that is all: the rollups know; else it is counted no further than `to`."""
    if query.rolled_up:
        where, source = matching(scope, query, rows="summed"), summed(scope, (query.resource,))
        statement = sql.SQL("select coalesce(sum(o.count), 0)::bigint from {} where {}").format(
            source.clause, where.clause
        )
        return cast("int", await tx.value(statement, [*source.values, *where.values])), True
    where = matching(scope, query)
    statement = sql.SQL("select count(*) from (select 1 from objects o where {} limit {}) as counted").format(
        where.clause, sql.Literal(to + 1)
    )
    count = cast("int", await tx.value(statement, where.values))
    return min(count, to), count <= to


async def get_left(tx: Tx, sight: Sequence[object]) -> list[UUID]:
    """Clusters that were removed and whose objects are still being deleted.

    Remembered while the clusters in sight are, for none can be removed without their being read anew.
    """
    query = """
        select c.id from clusters c where c.org_id = %s and c.deleted_at is not null
          and exists (select from objects o where o.org_id = c.org_id and o.cluster_id = c.id)"""

    async def read(tx: Tx) -> tuple[object, list[UUID]]:
        return sight, await tx.all(UUID, query, [tx.org_id])  # kept together: no other gets the first one's number

    return (await tx.kept("left", read, of=id(sight[0])) if sight else await read(tx))[1]


async def get_object(
    tx: Tx, scope: Scope, cluster_id: UUID, resource: str, *, namespace: str, name: str
) -> StoredObject | None:
    """One object by its path."""
    where = Where(scope, resource)
    where.add("o.cluster_id = %s and o.resource = %s and o.namespace = %s and o.name = %s", cluster_id, resource)
    where.values.extend([namespace, name])
    statement = sql.SQL("{} {} order by o.created_at desc limit 1").format(sql.SQL(_SELECT), where.clause)
    return await tx.one(StoredObject, statement, where.values)


async def search_objects(tx: Tx, scope: Scope, wanted: SearchQuery) -> list[StoredObject]:
    """Objects that match; exact names first, then names that begin with what was looked for, then the troubled.

    Where more than SEARCHED contain it, not all are looked at, but those that are called or begin so before others.
    Events are left out unless they are asked for: nobody knows their names.
    """
    first = wanted.texts[0] if wanted.texts else ""
    arms = [_searched(scope, wanted)]
    if first:
        arms += [_searched(scope, wanted), _searched(scope, wanted)]
        # Between, not equal: for that the index of names is made, and not the one of trigrams, which reads all like it.
        arms[1].add("o.resource = any (%s) and o.name >= %s and o.name <= %s", list(KNOWN), first, first)
        arms[2].add("o.resource = any (%s) and o.name >= %s and o.name < %s", list(KNOWN), first, first + LAST)
    keys = [
        sql.SQL("(select o.cluster_id, o.resource, o.uid, o.name, o.health from objects o where {} limit {})").format(
            arm.clause, sql.Literal(SEARCHED if first else None)
        )
        for arm in arms
    ]
    statement = sql.SQL("""
        with found as materialized (select o.* from ({keys}) o order by {order} limit %s)
        {select} o.org_id = %s and (o.cluster_id, o.resource, o.uid) in (select cluster_id, resource, uid from found)
        order by {order}""").format(keys=sql.SQL(" union ").join(keys), select=sql.SQL(_SELECT), order=_FOUND_BY)
    values = [value for arm in arms for value in arm.values]
    named = [first, first]
    return await tx.all(StoredObject, statement, [*values, *named, wanted.limit, tx.org_id, *named])


def _searched(scope: Scope, wanted: SearchQuery) -> Where:
    where = Where(scope, *wanted.resources)
    within(where, wanted.clusters, wanted.without)
    if wanted.resources:
        where.add("o.resource = any (%s)", list(wanted.resources))
    else:
        where.add("o.resource <> 'events'")
    for condition in wanted.matches:
        match(where, condition)
    return where


async def get_closest(tx: Tx, scope: Scope, query: ObjectQuery, text: str) -> str:
    """The name that is most like the text, of those in the same clusters and namespaces; "" if none is at all."""
    where = Where(scope, query.resource)
    where.add("o.resource = %s", query.resource)
    within(where, query.clusters, query.without)
    where.add("o.name %% %s", text)
    statement = sql.SQL(
        "select name from (select o.name from objects o where {} limit 1000) o order by similarity(name, %s) desc, name"
        " limit 1"
    ).format(where.clause)
    return await tx.one(str, statement, [*where.values, text]) or ""


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
    where = Where(scope, "pods")
    where.add("o.resource = 'pods' and o.health <> 'idle' and o.status <> all (%s)", list(ENDED))
    where.parts.append(sql.SQL("(o.cluster_id, {}) in (select * from unnest(%s::uuid[], %s::text[]))").format(_NODE))
    where.values.extend([[cluster for cluster, _ in nodes], [node[:CUT] for _, node in nodes]])
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
    where = Where(scope, "pods")
    where.add("o.resource = 'pods' and o.cluster_id = %s", cluster_id)
    worst = sql.SQL(
        "{} {} and {} = %s order by o.health <> 'bad', o.health <> 'warn', o.namespace, o.name limit %s"
    ).format(sql.SQL(_SELECT), where.clause, _NODE)
    return await tx.all(StoredObject, worst, [*where.values, node[:CUT], limit])


async def get_services_of(tx: Tx, scope: Scope, selected: StoredObject) -> list[StoredObject]:
    """The services whose selector fits the labels of a pod."""
    where = Where(scope, "services")
    where.add("o.resource = 'services' and o.cluster_id = %s and o.namespace = %s", selected.cluster_id)
    where.values.append(selected.namespace)
    where.add("o.cells -> 'selector' <> '{}' and %s @> (o.cells -> 'selector')", Jsonb(selected.labels))
    statement = sql.SQL("{} {} order by o.name").format(sql.SQL(_SELECT), where.clause)
    return await tx.all(StoredObject, statement, where.values)


async def get_events_about(tx: Tx, scope: Scope, start: StoredObject, limit: int = 100) -> list[StoredObject]:
    """What the cluster said about an object, latest first."""
    where = Where(scope, "events")
    where.add("o.cluster_id = %s and o.resource = 'events' and o.owner_uid = %s", start.cluster_id, start.uid)
    statement = sql.SQL("{} {} order by o.cells ->> 'last' desc limit %s").format(sql.SQL(_SELECT), where.clause)
    return await tx.all(StoredObject, statement, [*where.values, limit])
