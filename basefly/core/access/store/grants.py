"""The grants: as people read them, and as they count for someone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.core.access.model import Clusters, Granted, Held, Subject, SubjectKind, Where

MOST = 2000
_WHERE = "g.clusters, g.cluster_ids, g.labels, g.region, g.namespaces"
_HELD = f"""
    g.id, g.role, coalesce(g.role, r.name) as role_name, r.permissions, {_WHERE}, g.expires_at,
    (g.expires_at is null or g.expires_at > now()) as active"""
_ROLES = "left join roles r on (r.org_id, r.id) = (g.org_id, g.role_id)"
_READ = f"""
    select g.id,
           case when g.user_id is not null then 'user' when g.team_id is not null then 'team' else 'group' end as kind,
           coalesce(g.user_id::text, g.team_id::text, g.group_name) as subject,
           coalesce(nullif(u.name, ''), u.email, t.name, g.group_name) as subject_name,
           coalesce(g.role, g.role_id::text) as role, coalesce(g.role, r.name) as role_name, {_WHERE},
           g.expires_at, g.reason, g.granted_by, coalesce(nullif(b.name, ''), b.email, '') as granted_by_name,
           g.created_at, (g.expires_at is null or g.expires_at > now()) as active
      from grants g {_ROLES}
      left join users u on u.id = g.user_id
      left join teams t on (t.org_id, t.id) = (g.org_id, g.team_id)
      left join users b on b.id = g.granted_by
     where g.org_id = %(org)s"""  # noqa: S608  # put together from our own constants


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    kind: SubjectKind
    subject: str
    subject_name: str
    role: str
    role_name: str
    clusters: Clusters
    cluster_ids: tuple[UUID, ...] | None
    labels: str | None
    region: str | None
    namespaces: tuple[str, ...] | None
    expires_at: datetime | None
    reason: str
    granted_by: UUID | None
    granted_by_name: str
    created_at: datetime
    active: bool

    def granted(self) -> Granted:
        values = {name: getattr(self, name) for name in Granted.__struct_fields__ if name not in ("subject", "where")}
        where = Where(**{name: getattr(self, name) for name in Where.__struct_fields__})
        return Granted(**values, subject=Subject(self.kind, self.subject, self.subject_name), where=where)


async def held(tx: Tx, user_id: UUID) -> list[Held]:
    """Every grant that counts for a person at this moment: their own, their teams', their groups'."""
    return await tx.all(
        Held,
        f"""select {_HELD}, %(user)s::uuid as user_id,
                   case when g.team_id is not null then 'team:' || t.name
                        when g.group_name is not null then 'group:' || g.group_name else '' end as via
              from grants g {_ROLES} left join teams t on (t.org_id, t.id) = (g.org_id, g.team_id)
             where g.org_id = %(org)s and (g.expires_at is null or g.expires_at > now())
               and (g.user_id = %(user)s
                    or g.team_id in (select team_id from team_members where org_id = %(org)s and user_id = %(user)s)
                    or g.group_name in (select name from user_groups where org_id = %(org)s and user_id = %(user)s))
             order by g.id""",  # noqa: S608  # put together from our own constants
        {"org": tx.org_id, "user": user_id},
    )


async def held_by_all(tx: Tx, user_id: UUID | None = None) -> list[Held]:
    """What every member (or one of them) holds and held: grants that have ended, too, which `active` tells."""
    return await tx.all(
        Held,
        f"""select {_HELD}, s.user_id, s.via
              from (select g.org_id, g.id, g.user_id, '' as via from grants g where g.user_id is not null
                    union all
                    select g.org_id, g.id, m.user_id, 'team:' || t.name from grants g
                      join team_members m on (m.org_id, m.team_id) = (g.org_id, g.team_id)
                      join teams t on (t.org_id, t.id) = (g.org_id, g.team_id)
                    union all
                    select distinct g.org_id, g.id, u.user_id, 'group:' || g.group_name from grants g
                      join user_groups u on (u.org_id, u.name) = (g.org_id, g.group_name)) s
              join grants g on (g.org_id, g.id) = (s.org_id, s.id) {_ROLES}
              join members m on (m.org_id, m.user_id) = (g.org_id, s.user_id) and m.deleted_at is null
             where g.org_id = %(org)s and (%(user)s::uuid is null or s.user_id = %(user)s)
             order by s.user_id, g.id""",  # noqa: S608  # put together from our own constants
        {"org": tx.org_id, "user": user_id},
    )


async def held_by_team(tx: Tx, team_id: UUID) -> list[Held]:
    """What whoever is in a team holds by it."""
    return await tx.all(
        Held,
        f"""select {_HELD}, g.team_id as user_id, '' as via from grants g {_ROLES}
             where g.org_id = %s and g.team_id = %s and (g.expires_at is null or g.expires_at > now())
             order by g.id""",  # noqa: S608  # put together from our own constants
        [tx.org_id, team_id],
    )


async def ruled(tx: Tx) -> list[Held]:
    """Every grant that chooses clusters by labels or by a region, whoever has it."""
    return await tx.all(
        Held,
        f"""select {_HELD}, coalesce(g.user_id, g.team_id, g.id) as user_id, '' as via from grants g {_ROLES}
             where g.org_id = %s and g.clusters in ('labels', 'region')
               and (g.expires_at is null or g.expires_at > now()) order by g.id""",  # noqa: S608  # put together from our own constants
        [tx.org_id],
    )


async def page(tx: Tx, subject: Subject | None = None) -> list[Granted]:
    """Grants, of one subject when given, by who has them; those that ended lately among them."""
    condition = ""
    if subject:
        column = {"user": "g.user_id::text", "team": "g.team_id::text", "group": "g.group_name"}[subject.kind]
        condition = f" and {column} = %(subject)s"
    order = "order by kind desc, lower(coalesce(u.name, t.name, g.group_name)), g.created_at, g.id"
    query = f"{_READ}{condition} {order} limit {MOST}"
    found = await tx.all(_Read, query, {"org": tx.org_id, "subject": subject.id if subject else ""})
    return [each.granted() for each in found]


async def get(tx: Tx, grant_id: UUID) -> Granted | None:
    """One grant."""
    found = await tx.one(_Read, f"{_READ} and g.id = %(id)s", {"org": tx.org_id, "id": grant_id})
    return found.granted() if found else None


async def insert(tx: Tx, subject: Subject, values: dict[str, Any]) -> UUID:
    """Add a grant; `values` are role or role_id, the columns of Where, expires_at, reason and granted_by."""
    column = {"user": "user_id", "team": "team_id", "group": "group_name"}[subject.kind]
    created: UUID = await tx.value(
        f"""insert into grants (org_id, {column}, role, role_id, clusters, cluster_ids, labels, region, namespaces,
                                expires_at, reason, granted_by)
            values (%(org)s, %(subject)s, %(role)s, %(role_id)s, %(clusters)s, %(cluster_ids)s, %(labels)s, %(region)s,
                    %(namespaces)s, %(expires_at)s, %(reason)s, %(granted_by)s)
            returning id""",  # noqa: S608  # put together from our own constants
        {**values, "org": tx.org_id, "subject": subject.id},
    )
    return created


async def delete(tx: Tx, grant_ids: Sequence[UUID]) -> int:
    """Take grants away; how many there were."""
    return await tx.execute("delete from grants where org_id = %s and id = any(%s)", [tx.org_id, list(grant_ids)])


async def standing(tx: Tx, grant_ids: Sequence[UUID]) -> set[UUID]:
    """Of these grants those that count: neither revoked nor ended."""
    query = "select id from grants where org_id = %s and id = any(%s) and (expires_at is null or expires_at > now())"
    return set(await tx.all(UUID, query, [tx.org_id, list(grant_ids)]))


async def delete_ended(tx: Tx, days: int) -> int:
    """Forget grants that ended so many days ago; how many."""
    return await tx.execute(
        "delete from grants where org_id = %s and expires_at < now() - make_interval(days => %s)", [tx.org_id, days]
    )


async def lock(tx: Tx) -> None:
    """Hold off other changes of who may what until `tx` ends: two owners who leave at once must not both succeed."""
    await tx.execute("select pg_advisory_xact_lock(hashtextextended('grants' || %s::text, 0))", [str(tx.org_id)])


async def owners(tx: Tx) -> list[UUID]:
    """Who owns the organization: themselves, without end, and able to sign in."""
    return await tx.all(
        UUID,
        """select distinct g.user_id from grants g join members m on (m.org_id, m.user_id) = (g.org_id, g.user_id)
             join users u on u.id = g.user_id
            where g.org_id = %s and g.role = 'owner' and g.clusters = 'all' and g.namespaces is null
              and g.expires_at is null and m.deleted_at is null and u.disabled_at is null and u.deleted_at is null""",
        [tx.org_id],
    )
