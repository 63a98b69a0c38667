"""Every query of rights: choices and verdicts, and the roles and bindings that following the clusters wrote."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from basefly.base.db import sql
from basefly.base.db.transaction import Tx
from basefly.core.rights.model import (
    BINDINGS,
    CLUSTER_BINDINGS,
    CLUSTER_ROLES,
    KINDS,
    ROLES,
    Binding,
    Choice,
    Chosen,
    Verdict,
    Verdicted,
)
from basefly.core.rights.rules import Rule

# In the words of the index, one subject at a time: only so does it find them.
_BINDINGS = f"""
    select o.cluster_id, o.namespace, array(select jsonb_array_elements_text(o.cells -> 'subjects')) as subjects,
           r.uid as role_uid, r.digest as role_digest
    from objects o join objects r
      on r.org_id = o.org_id and r.cluster_id = o.cluster_id and r.name = split_part(o.cells ->> 'role', '/', 2)
     and ((r.resource = '{CLUSTER_ROLES}' and r.namespace = '' and starts_with(o.cells ->> 'role', 'ClusterRole/'))
       or (r.resource = '{ROLES}' and r.namespace = o.namespace and starts_with(o.cells ->> 'role', 'Role/')))
     and r.resource in ('{CLUSTER_ROLES}', '{ROLES}')
    where o.resource in ('{CLUSTER_BINDINGS}', '{BINDINGS}') and o.org_id = %s and o.cluster_id = any (%s)
      and ("""  # noqa: S608  # constants of this slice


class Unread(msgspec.Struct, frozen=True):
    """A cluster of which not all roles and bindings are known, and why."""

    cluster_id: UUID
    reason: str


class Digested(msgspec.Struct, frozen=True):
    """A role's rules, by what tells roles apart."""

    digest: int
    rules: tuple[Rule, ...]


async def get_choice(tx: Tx) -> Chosen:
    """What the organization chose; the hub's grants, if it never did."""
    query = """
        select c.choice, c.changed_at, coalesce(u.name, '') as changed_by
        from rights_choices c left join users u on u.id = c.changed_by where c.org_id = %s"""
    return await tx.one(Chosen, query, [tx.org_id]) or Chosen()


async def upsert_choice(tx: Tx, choice: Choice, by: UUID) -> bool:
    """Choose; False if it was so before."""
    query = """
        insert into rights_choices as c (org_id, choice, changed_by) values (%s, %s, %s)
        on conflict (org_id) do update set choice = excluded.choice, changed_by = excluded.changed_by,
            changed_at = now()
        where c.choice <> excluded.choice returning 1"""
    return await tx.value(query, [tx.org_id, choice, by]) is not None


async def get_verdicts(tx: Tx) -> list[Verdicted]:
    """What the clusters said."""
    query = "select cluster_id, verdict, detail, asked, checked_at from rights_verdicts where org_id = %s"
    return await tx.all(Verdicted, query, [tx.org_id])


async def upsert_verdict(tx: Tx, cluster: UUID, verdict: Verdict, detail: str, asked: int) -> bool:
    """Keep what a cluster said; whether that is another verdict than before."""
    query = """
        with before as (select verdict from rights_verdicts where org_id = %(org)s and cluster_id = %(cluster)s),
        kept as (
            insert into rights_verdicts (org_id, cluster_id, verdict, detail, asked)
            values (%(org)s, %(cluster)s, %(verdict)s, %(detail)s, %(asked)s)
            on conflict (org_id, cluster_id) do update
            set verdict = excluded.verdict, detail = excluded.detail, asked = excluded.asked, checked_at = now()
        ) select coalesce((select verdict from before), '') <> %(verdict)s"""
    values = {"org": tx.org_id, "cluster": cluster, "verdict": verdict, "detail": detail[:500], "asked": asked}
    return bool(await tx.value(query, values))


async def get_unread(tx: Tx, clusters: Sequence[UUID]) -> list[Unread]:
    """The clusters of which roles and bindings are not known, since they were never listed or may not be."""
    query = """
        select c.id as cluster_id, coalesce((
            select s.reason from sync_streams s where s.org_id = %(org)s and s.cluster_id = c.id
              and s.resource = any (%(kinds)s) and s.state = 'denied' limit 1), '') as reason
        from clusters c
        where c.org_id = %(org)s and c.id = any (%(clusters)s)
          and (select count(*) from sync_streams s where s.org_id = %(org)s and s.cluster_id = c.id
                 and s.resource = any (%(kinds)s) and s.state <> 'denied' and s.listed_at is not null) < %(all)s"""
    values = {"org": tx.org_id, "clusters": list(clusters), "kinds": list(KINDS), "all": len(KINDS)}
    return await tx.all(Unread, query, values)


async def get_served(tx: Tx) -> frozenset[str]:
    """Every resource that some cluster of the organization serves."""
    query = """
        with recursive found (resource) as (
            (select resource from sync_streams where org_id = %(org)s order by 1 limit 1)
            union all
            select (select s.resource from sync_streams s where s.org_id = %(org)s and s.resource > f.resource
                    order by 1 limit 1)
            from found f where f.resource is not null
        ) select resource from found where resource is not null"""
    return frozenset(await tx.all(str, query, {"org": tx.org_id}))


async def get_bindings(tx: Tx, clusters: Sequence[UUID], subjects: Collection[str]) -> list[Binding]:
    """The bindings in these clusters that name any of the subjects."""
    named = sql.SQL(" or ").join(sql.SQL("o.cells -> 'subjects' ? %s") for _ in subjects)
    statement = sql.SQL(_BINDINGS) + named + sql.SQL(")")
    return await tx.all(Binding, statement, [tx.org_id, list(clusters), *subjects])


async def get_rules(tx: Tx, roles: Collection[tuple[UUID, str]]) -> list[Digested]:
    """The rules of these roles, each by cluster and uid."""
    query = """
        select r.digest, coalesce(r.cells -> 'rules', '[]') as rules
        from unnest(%s::uuid[], %s::text[]) as k (cluster_id, uid)
        join objects r on r.org_id = %s and r.cluster_id = k.cluster_id and r.uid = k.uid and r.resource in (%s, %s)"""
    clusters, uids = [cluster for cluster, _ in roles], [uid for _, uid in roles]
    return await tx.all(Digested, query, [clusters, uids, tx.org_id, CLUSTER_ROLES, ROLES])


class Where(msgspec.Struct, frozen=True):
    """A resource and a namespace of a cluster in which there are objects of it; a namespace itself lies in itself."""

    resource: str
    namespace: str


async def get_places(tx: Tx, cluster: UUID) -> list[Where]:
    """Where a cluster has objects of what."""
    query = """
        select distinct resource, namespace from rollups where org_id = %s and cluster_id = %s and count > 0
        union
        select resource, name from objects where org_id = %s and cluster_id = %s and resource = 'namespaces'
        order by 1, 2"""
    return await tx.all(Where, query, [tx.org_id, cluster, tx.org_id, cluster])


class Sample(msgspec.Struct, frozen=True):
    """An object to ask about."""

    resource: str
    namespace: str
    name: str


async def get_samples(tx: Tx, cluster: UUID, limit: int) -> list[Sample]:
    """Some objects of a cluster, each of another kind or namespace."""
    query = """
        select p.resource, p.namespace, o.name from (
            select distinct resource, namespace from rollups
            where org_id = %(org)s and cluster_id = %(cluster)s and count > 0
        ) p cross join lateral (
            select name from objects o where o.org_id = %(org)s and o.cluster_id = %(cluster)s
              and o.resource = p.resource and o.namespace = p.namespace limit 1
        ) o order by random() limit %(limit)s"""
    return await tx.all(Sample, query, {"org": tx.org_id, "cluster": cluster, "limit": limit})


async def get_due(tx: Tx, seconds: float) -> list[UUID]:
    """The clusters that were not asked for so long, in an organization that wants it."""
    query = """
        select c.id from clusters c
        left join rights_verdicts v on (v.org_id, v.cluster_id) = (c.org_id, c.id)
        where c.org_id = %s and c.deleted_at is null
          and exists (select from rights_choices r where r.org_id = c.org_id and r.choice = 'clusters')
          and (v.checked_at is null or v.checked_at < now() - make_interval(secs => %s))
        order by v.checked_at nulls first"""
    return await tx.all(UUID, query, [tx.org_id, seconds])
