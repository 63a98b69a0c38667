"""Every query of elevations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.core.elevation.model import PATIENCE, Approved, Elevation, Row

MOST = 500
_SELECT = """
    select e.id, e.user_id as member, coalesce(nullif(u.name, ''), u.email) as member_name, e.role, e.role_name,
           e.clusters, e.cluster_ids, e.labels, e.region, e.namespaces, e.minutes, e.reason,
           case when e.state = 'approved' and e.expires_at <= now() then 'ended' else e.state end as state,
           e.decided_by, coalesce(nullif(d.name, ''), d.email, '') as decided_by_name, e.decided_at, e.note,
           e.grant_id as grant, e.expires_at, e.created_at,
           e.state = 'pending' and e.created_at < now() - %(patience)s::interval as stale
      from elevations e join users u on u.id = e.user_id left join users d on d.id = e.decided_by
     where e.org_id = %(org)s"""


async def page(tx: Tx, user_id: UUID | None = None) -> list[Elevation]:
    """Elevations, of one person when given; what waits first, then the newest."""
    query = f"""{_SELECT} and (%(user)s::uuid is null or e.user_id = %(user)s)
        order by (e.state = 'pending') desc, e.created_at desc, e.id limit {MOST}"""
    rows = await tx.all(Row, query, {"org": tx.org_id, "user": user_id, "patience": PATIENCE})
    return [row.elevation() for row in rows]


async def get(tx: Tx, elevation_id: UUID, *, lock: bool = False) -> Elevation | None:
    """One elevation; with `lock` nobody else decides it until `tx` ends."""
    query = f"{_SELECT} and e.id = %(id)s{' for update of e' if lock else ''}"
    row = await tx.one(Row, query, {"org": tx.org_id, "id": elevation_id, "patience": PATIENCE})
    return row.elevation() if row else None


async def count_open(tx: Tx, user_id: UUID) -> int:
    """How many requests of a person wait for an answer."""
    query = """select count(*) from elevations where org_id = %s and user_id = %s and state = 'pending'
               and created_at > now() - %s::interval"""
    return int(await tx.value(query, [tx.org_id, user_id, PATIENCE]))


async def insert(tx: Tx, values: dict[str, Any]) -> UUID:
    """Add a request."""
    created: UUID = await tx.value(
        """insert into elevations (org_id, user_id, role, role_name, clusters, cluster_ids, labels, region, namespaces,
                                   minutes, reason)
           values (%(org)s, %(user_id)s, %(role)s, %(role_name)s, %(clusters)s, %(cluster_ids)s, %(labels)s, %(region)s,
                   %(namespaces)s, %(minutes)s, %(reason)s)
           returning id""",
        {**values, "org": tx.org_id},
    )
    return created


async def approve(tx: Tx, elevation_id: UUID, by: UUID, note: str, *, grant_id: UUID, ends_at: datetime) -> None:
    """It is a grant now."""
    await tx.execute(
        """update elevations set state = 'approved', decided_by = %s, decided_at = now(), note = %s, grant_id = %s,
                  expires_at = %s where org_id = %s and id = %s""",
        [by, note, grant_id, ends_at, tx.org_id, elevation_id],
    )


async def refuse(tx: Tx, elevation_id: UUID, by: UUID, note: str) -> None:
    """It will be none."""
    await tx.execute(
        """update elevations set state = 'refused', decided_by = %s, decided_at = now(), note = %s
            where org_id = %s and id = %s""",
        [by, note, tx.org_id, elevation_id],
    )


async def withdraw(tx: Tx, elevation_id: UUID) -> None:
    """Whoever asked no longer wants it."""
    await tx.execute(
        "update elevations set state = 'withdrawn' where org_id = %s and id = %s", [tx.org_id, elevation_id]
    )


async def get_approved(tx: Tx) -> list[Approved]:
    """Those that are grants, as far as is on record."""
    query = """select id, user_id as member, role_name, grant_id as grant from elevations
                where org_id = %s and state = 'approved' for update skip locked"""
    return await tx.all(Approved, query, [tx.org_id])


async def end(tx: Tx, ids: Sequence[UUID]) -> None:
    """They are over."""
    await tx.execute("update elevations set state = 'ended' where org_id = %s and id = any(%s)", [tx.org_id, list(ids)])
