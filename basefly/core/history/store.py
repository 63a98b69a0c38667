"""Every query of versions: keeping them, reading them in the asker's scope, and letting the old ones go."""

from __future__ import annotations

from collections.abc import AsyncIterable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, LiteralString, NamedTuple
from uuid import UUID

import msgspec

from basefly.base.db import Jsonb, sql
from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.history.model import GONE, Field, Settings, Stored, Version, Wanted
from basefly.core.inventory.store.filters import Where, escape_like, within
from basefly.core.sync.model import Place
from basefly.core.sync.store.merge import Gone


class First(NamedTuple):
    """The version that an object begins with, if it has none; `place` is its number in what was seen.

    Without `at` it begins now.
    """

    place: int
    cluster_id: UUID
    resource: str
    namespace: str
    name: str
    uid: str
    cause: Literal["seen", "created"]
    at: datetime | None
    manager: str
    operation: str
    digest: int
    text: bytes


class Begun(msgspec.Struct, frozen=True):
    """How many objects had no version before, and the clusters in which any was created."""

    count: int
    clusters: list[UUID]


class Known(msgspec.Struct, frozen=True):
    """The present version of an object that was seen, by its number in what was seen."""

    place: int
    id: int
    at: datetime
    text: bytes


class New(msgspec.Struct, frozen=True, kw_only=True):
    """A version to keep; `before` is the one that it ends. Without `at` it begins now."""

    before: int
    at: datetime | None = None
    manager: str = ""
    operation: str = ""
    changes: list[Field]
    changed: int
    digest: int
    text: bytes


_SEEN = """
create temporary table if not exists seen_versions (
    place int4, cluster_id uuid, resource text, namespace text, name text, uid text, cause text, at timestamptz,
    manager text, operation text, digest int8, text bytea
) on commit delete rows"""
_TYPES = ("int4", "uuid", "text", "text", "text", "text", "text", "timestamptz", "text", "text", "int8", "bytea")
# A first list brings nothing but objects without a version: no question comes before what writes theirs.
_BEGIN = """
with begun as (
    insert into object_versions (org_id, cluster_id, resource, namespace, name, uid, cause, at, manager, operation,
                                 digest, text)
    select %(org)s, cluster_id, resource, namespace, name, uid, cause, least(coalesce(at, now()), now()), manager,
           operation, digest, text
    from seen_versions
    on conflict (org_id, cluster_id, resource, uid) where until is null do nothing
    returning cluster_id, cause
)
select count(*), coalesce(array_agg(distinct cluster_id) filter (where cause <> 'seen'), '{}') as clusters from begun"""
# The present version of an object `i`; `offset 0` keeps it one short index scan an object.
_PRESENT = """
    select id, at, digest, text from object_versions
    where org_id = %(org)s and cluster_id = i.cluster_id and resource = i.resource and uid = i.uid and until is null
    offset 0"""
_DIFFERING = f"""
    select i.place, v.id, v.at, v.text from seen_versions i cross join lateral ({_PRESENT}) v
    where v.digest <> i.digest order by i.place"""  # noqa: S608  # of constants, as below
_GONE = f"""
    with ended as (
        update object_versions v
        set until = greatest(v.at, now()), ended = case g.reason when '' then 'deleted' else g.reason end
        from (
            select v.id, i.reason
            from unnest(%(clusters)s::uuid[], %(resources)s::text[], %(uids)s::text[], %(reasons)s::text[])
                as i (cluster_id, resource, uid, reason)
            cross join lateral ({_PRESENT}) v
        ) g
        where v.org_id = %(org)s and v.id = g.id returning v.cluster_id
    ) select distinct cluster_id from ended"""  # noqa: S608  # of constants, as above


async def get_listed(tx: Tx, places: Collection[Place]) -> Mapping[Place, datetime]:
    """When each of these kinds was last listed as a whole, if ever."""
    query = """
        select s.cluster_id, s.resource, s.listed_at
        from unnest(%s::uuid[], %s::text[]) as i (cluster_id, resource)
        join sync_streams s on s.org_id = %s and (s.cluster_id, s.resource) = (i.cluster_id, i.resource)
        where s.listed_at is not null"""
    values = [[place.cluster_id for place in places], [place.resource for place in places], tx.org_id]
    found = await tx.all(dict, query, values)
    return {Place(each["cluster_id"], each["resource"]): each["listed_at"] for each in found}


async def begin(tx: Tx, firsts: AsyncIterable[First]) -> Begun:
    """Begin the lives of those that have no version; `get_differing` tells of the others. Once a transaction."""
    await tx.execute(_SEEN)
    async with tx.connection.cursor().copy("copy seen_versions from stdin (format binary)") as copy:
        copy.set_types(_TYPES)
        async for first in firsts:
            await copy.write_row(first)
    begun = await tx.one(Begun, _BEGIN, {"org": tx.org_id})
    assert begun is not None, "a count is always there"  # noqa: S101  # for the type checker
    return begun


async def get_differing(tx: Tx) -> list[Known]:
    """The present versions that say something else than what was given to `begin`."""
    return await tx.all(Known, _DIFFERING, {"org": tx.org_id})


async def restamp(tx: Tx, same: Sequence[tuple[int, int]]) -> None:
    """Versions that are told in other words: their digests by id."""
    query = """
        update object_versions v set digest = i.digest from unnest(%s::bigint[], %s::bigint[]) as i (id, digest)
        where v.org_id = %s and v.id = i.id"""
    await tx.execute(query, [[id_ for id_, _ in same], [digest for _, digest in same], tx.org_id])


async def replace(tx: Tx, new: Sequence[New]) -> list[UUID]:
    """End the versions before and begin the new ones; the clusters in which any was there to end.

    No clock of a cluster puts one before its time or after now.
    """
    end = """
        update object_versions v set until = greatest(v.at, least(coalesce(i.at, now()), now())), ended = 'changed'
        from unnest(%s::bigint[], %s::timestamptz[]) as i (id, at) where v.org_id = %s and v.id = i.id"""
    begin = """
        with begun as (
            insert into object_versions (org_id, cluster_id, resource, namespace, name, uid, cause, at, manager,
                                         operation, changes, changed, digest, text)
            select v.org_id, v.cluster_id, v.resource, v.namespace, v.name, v.uid, 'changed', v.until, i.manager,
                   i.operation, i.changes, i.changed, i.digest, i.text
            from unnest(%(before)s::bigint[], %(manager)s::text[], %(operation)s::text[], %(changes)s::jsonb[],
                        %(changed)s::int[], %(digest)s::bigint[], %(text)s::bytea[]) with ordinality
                as i (before, manager, operation, changes, changed, digest, text, place)
            join object_versions v on v.org_id = %(org)s and v.id = i.before
            order by i.place
            returning cluster_id
        ) select distinct cluster_id from begun"""
    await tx.execute(end, [[each.before for each in new], [each.at for each in new], tx.org_id])
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each in new] for name in New.__struct_fields__}
    columns["changes"] = [Jsonb(msgspec.to_builtins(changes)) for changes in columns["changes"]]
    return await tx.all(UUID, begin, columns | {"org": tx.org_id})


async def end_gone(tx: Tx, gone: Sequence[Gone]) -> list[UUID]:
    """End the versions of what is there no more; the clusters in which there were any."""
    values = {
        "clusters": [each.cluster_id for each in gone],
        "resources": [each.resource for each in gone],
        "uids": [each.uid for each in gone],
        "reasons": [each.reason for each in gone],
    }
    return await tx.all(UUID, _GONE, values | {"org": tx.org_id})


_MOMENTS: LiteralString = """
    select * from (
        ({begun}) union all ({ended})
    ) m order by at desc, turn desc, id desc limit {limit}"""
_BEGUN: LiteralString = """
    select o.id, o.cluster_id, o.resource, o.namespace, o.name, o.uid, o.cause as what, o.at, o.seen_at, o.manager,
           o.operation, o.changes, o.changed, 0 as turn
    from object_versions o where {} order by o.at desc, o.id desc limit {}"""
_ENDED: LiteralString = """
    select o.id, o.cluster_id, o.resource, o.namespace, o.name, o.uid, o.ended as what, o.until as at,
           o.until as seen_at, '' as manager, '' as operation, '[]'::jsonb as changes, 0 as changed, 1 as turn
    from object_versions o where {} order by o.until desc, o.id desc limit {}"""
Key = tuple[datetime, int, int]
"""Where a page of moments goes on: when, of which version, and whether its beginning (0) or end (1)."""


class Moment(Stored, frozen=True, kw_only=True):
    """A moment, and whether it is the end of its version."""

    turn: int


async def page(tx: Tx, scope: Scope, wanted: Wanted, *, after: Key | None, limit: int) -> list[Moment]:
    """Moments in the lives of objects in sight, latest first."""
    begun, ended = _matching(scope, wanted, "o.at", after), _matching(scope, wanted, "o.until", after)
    if not wanted.begun:
        begun.add("o.cause <> 'seen'")
    if wanted.manager:
        begun.add("o.manager = %s", wanted.manager)
        ended.add("false")
    ended.add("o.ended = any (%s)", list(GONE))
    ended.add("o.ended not in ('', 'changed')")  # as the index has it
    most = sql.Literal(limit)
    statement = sql.SQL(_MOMENTS).format(
        begun=sql.SQL(_BEGUN).format(begun.clause, most), ended=sql.SQL(_ENDED).format(ended.clause, most), limit=most
    )
    return await tx.all(Moment, statement, [*begun.values, *ended.values])


def _matching(scope: Scope, wanted: Wanted, moment: LiteralString, after: Key | None) -> Where:
    where = Where(scope)
    within(where, wanted.clusters)
    for column, values in (("namespace", wanted.namespaces), ("resource", wanted.resources)):
        if values:
            where.add_any(column, values)
    if wanted.name:
        where.add("o.name = %s", wanted.name)
    if wanted.text:
        where.add("o.name ilike %s", f"%{escape_like(wanted.text)}%")
    if wanted.since:
        where.add(moment + " >= %s", wanted.since)
    if wanted.until:
        where.add(moment + " < %s", wanted.until)
    if after:
        turn: LiteralString = "1" if moment == "o.until" else "0"
        where.add("(" + moment + ", " + turn + ", o.id) < (%s, %s, %s)", *after)
    return where


class Path(msgspec.Struct, frozen=True):
    """Where an object is, as versions know it."""

    cluster_id: UUID
    resource: str
    namespace: str
    name: str


_VERSION: LiteralString = "select o.id, o.uid, o.at, o.until, o.text from object_versions o where {} {}"


async def get_version(tx: Tx, scope: Scope, path: Path, version: int) -> Version | None:
    """One version of an object."""
    where = _of(scope, path)
    where.add("o.id = %s", version)
    return await tx.one(Version, sql.SQL(_VERSION).format(where.clause, sql.SQL("")), where.values)


async def get_before(tx: Tx, scope: Scope, path: Path, version: Version) -> Version | None:
    """The version before, of the same object: one that was deleted and made anew is another."""
    where = _of(scope, path)
    where.add("o.uid = %s and (o.at, o.id) < (%s, %s)", version.uid, version.at)
    where.values.append(version.id)
    order = sql.SQL("order by o.at desc, o.id desc limit 1")
    return await tx.one(Version, sql.SQL(_VERSION).format(where.clause, order), where.values)


async def get_as_of(tx: Tx, scope: Scope, path: Path, moment: datetime) -> Version | None:
    """What an object was like at a moment."""
    where = _of(scope, path)
    where.add("o.at <= %s and (o.until is null or o.until > %s)", moment)
    where.values.append(moment)
    order = sql.SQL("order by o.at desc, o.id desc limit 1")
    return await tx.one(Version, sql.SQL(_VERSION).format(where.clause, order), where.values)


def _of(scope: Scope, path: Path) -> Where:
    where = Where(scope)
    where.add("(o.cluster_id, o.resource, o.namespace, o.name) = (%s, %s, %s, %s)")
    where.values += [path.cluster_id, path.resource, path.namespace, path.name]
    return where


async def get_key(tx: Tx) -> bytes | None:
    """The sealed key of marks."""
    return await tx.one(bytes, "select key from history_settings where org_id = %s", [tx.org_id])


async def insert_key(tx: Tx, sealed: bytes) -> bytes:
    """Keep the key, unless another process was faster; the one that holds."""
    query = """
        insert into history_settings as s (org_id, key) values (%s, %s)
        on conflict (org_id) do update set key = s.key returning key"""
    return await tx.one(bytes, query, [tx.org_id, sealed]) or sealed


async def get_settings(tx: Tx) -> Settings:
    """How long the organization keeps versions."""
    query = "select days, versions from history_settings where org_id = %s"
    return await tx.one(Settings, query, [tx.org_id]) or Settings()


async def update_settings(tx: Tx, settings: Settings) -> None:
    """Keep them for so long from now on."""
    query = "update history_settings set days = %s, versions = %s where org_id = %s"
    await tx.execute(query, [settings.days, settings.versions, tx.org_id])


_AGED = """
    select id from object_versions where org_id = %(org)s and until < now() - make_interval(days => %(days)s)
    limit %(limit)s"""
_MANY = """
    select o.id from (
        select cluster_id, resource, namespace, name from object_versions where org_id = %(org)s
        group by 1, 2, 3, 4 having count(*) > %(versions)s limit 100
    ) m cross join lateral (
        select id, until from object_versions o
        where o.org_id = %(org)s
          and (o.cluster_id, o.resource, o.namespace, o.name) = (m.cluster_id, m.resource, m.namespace, m.name)
        order by o.at desc, o.id desc offset %(versions)s limit %(limit)s
    ) o where o.until is not null limit %(limit)s"""
_LEFT = """
    select id from object_versions where org_id = %(org)s and cluster_id in (
        select id from clusters where org_id = %(org)s and deleted_at is not null) limit %(limit)s"""
SURPLUS: tuple[LiteralString, ...] = (_LEFT, _AGED, _MANY)
"""What goes: versions of clusters that left, those that ended too long ago, and those beyond the number of one."""


async def delete_surplus(tx: Tx, surplus: LiteralString, settings: Settings, limit: int) -> int:
    """Delete some of what is one of SURPLUS; how many."""
    query = f"delete from object_versions where org_id = %(org)s and id in ({surplus})"  # noqa: S608  # of constants
    values = {"org": tx.org_id, "days": settings.days, "versions": settings.versions, "limit": limit}
    return await tx.execute(query, values)
