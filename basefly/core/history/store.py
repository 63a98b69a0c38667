"""Every query of versions: keeping them, reading them in the asker's scope, and letting the old ones go."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

import msgspec

from basefly.base.db import Jsonb, sql
from basefly.base.db.transaction import Tx
from basefly.base.principal import Scope
from basefly.core.history.model import GONE, Field, Settings, Stored, Version, Wanted
from basefly.core.inventory.store.filters import Where, escape_like, within
from basefly.core.sync.store.merge import Gone
from basefly.core.sync.witness import Seen


class Known(msgspec.Struct, frozen=True):
    """What is known of an object that was seen, by its place in what was asked for (from 1).

    `text` is what its present version says, if there is one; `looked_at` when its kind was last listed as a whole.
    """

    place: int
    id: int | None
    at: datetime | None
    text: bytes | None
    looked_at: datetime | None


class New(msgspec.Struct, frozen=True, kw_only=True):
    """A version to keep; `before` is the one that it ends. Without `at` it begins now."""

    before: int | None
    cluster_id: UUID
    resource: str
    namespace: str
    name: str
    uid: str
    cause: Literal["seen", "created", "changed"]
    at: datetime | None
    manager: str = ""
    operation: str = ""
    changes: list[Field] = []
    changed: int = 0
    digest: int
    text: bytes


# The present version of an object `i`; `offset 0` keeps it one short index scan an object.
_PRESENT = """
    select id, at, digest, text from object_versions
    where org_id = %(org)s and cluster_id = i.cluster_id and resource = i.resource and uid = i.uid and until is null
    offset 0"""
_DIFFERING = f"""
    select i.place, v.id, v.at, v.text, s.listed_at as looked_at
    from unnest(%(clusters)s::uuid[], %(resources)s::text[], %(uids)s::text[], %(digests)s::bigint[])
        with ordinality as i (cluster_id, resource, uid, digest, place)
    left join lateral ({_PRESENT}) v on true
    left join sync_streams s on s.org_id = %(org)s and (s.cluster_id, s.resource) = (i.cluster_id, i.resource)
    where v.digest is distinct from i.digest order by i.place"""  # noqa: S608  # of constants, as below
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


async def get_differing(tx: Tx, seen: Sequence[Seen]) -> list[Known]:
    """Those of the objects whose present version says something else, or that have none."""
    values = {
        "clusters": [each.place.cluster_id for each in seen],
        "resources": [each.place.resource for each in seen],
        "uids": [each.row.uid for each in seen],
        "digests": [each.glimpse.digest for each in seen],
    }
    return await tx.all(Known, _DIFFERING, values | {"org": tx.org_id})


async def restamp(tx: Tx, same: Sequence[tuple[int, int]]) -> None:
    """Versions that are told in other words: their digests by id."""
    query = """
        update object_versions v set digest = i.digest from unnest(%s::bigint[], %s::bigint[]) as i (id, digest)
        where v.org_id = %s and v.id = i.id"""
    await tx.execute(query, [[id_ for id_, _ in same], [digest for _, digest in same], tx.org_id])


async def replace(tx: Tx, new: Sequence[New]) -> None:
    """End the versions before and begin the new ones; no clock of a cluster puts one before its time or after now."""
    end = """
        update object_versions v set until = greatest(v.at, least(coalesce(i.at, now()), now())), ended = 'changed'
        from unnest(%s::bigint[], %s::timestamptz[]) as i (id, at) where v.org_id = %s and v.id = i.id"""
    begin = """
        insert into object_versions (org_id, cluster_id, resource, namespace, name, uid, cause, at, manager, operation,
                                     changes, changed, digest, text)
        select %(org)s, i.cluster_id, i.resource, i.namespace, i.name, i.uid, i.cause,
               coalesce(v.until, least(coalesce(i.at, now()), now())), i.manager, i.operation,
               i.changes, i.changed, i.digest, i.text
        from unnest(%(before)s::bigint[], %(cluster_id)s::uuid[], %(resource)s::text[], %(namespace)s::text[],
                    %(name)s::text[], %(uid)s::text[], %(cause)s::text[], %(at)s::timestamptz[], %(manager)s::text[],
                    %(operation)s::text[], %(changes)s::jsonb[], %(changed)s::int[], %(digest)s::bigint[],
                    %(text)s::bytea[]) with ordinality
            as i (before, cluster_id, resource, namespace, name, uid, cause, at, manager, operation, changes, changed,
                  digest, text, place)
        left join object_versions v on v.org_id = %(org)s and v.id = i.before
        order by i.place"""
    if ended := [each for each in new if each.before is not None]:
        await tx.execute(end, [[each.before for each in ended], [each.at for each in ended], tx.org_id])
    columns: dict[str, list[Any]] = {name: [getattr(each, name) for each in new] for name in New.__struct_fields__}
    columns["changes"] = [Jsonb(msgspec.to_builtins(changes)) for changes in columns["changes"]]
    await tx.execute(begin, columns | {"org": tx.org_id})


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
