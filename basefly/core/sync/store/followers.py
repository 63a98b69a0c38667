"""Who follows which cluster, by the leases."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx


class Cluster(msgspec.Struct, frozen=True):
    """A cluster, as far as it matters who may follow it."""

    id: UUID
    name: str
    region: str


class Following(msgspec.Struct, frozen=True):
    """A cluster, and the name of the process that follows it."""

    cluster_id: UUID
    process: str


async def get_following(tx: Tx) -> list[Following]:
    """Who follows which of the organization's clusters just now."""
    query = """
        select c.id as cluster_id, l.owner as process
        from clusters c join leases l on l.name = 'sync/' || c.id
        where c.org_id = %s and c.deleted_at is null and l.expires_at > clock_timestamp()"""
    return await tx.all(Following, query, [tx.org_id])


async def get_unfollowed(tx: Tx, grace: timedelta) -> list[Cluster]:
    """The organization's clusters that nobody has followed for so long, by name."""
    query = """
        select c.id, c.name, c.region
        from clusters c left join leases l on l.name = 'sync/' || c.id
        where c.org_id = %s and c.deleted_at is null
          and coalesce(l.expires_at, c.created_at) <= clock_timestamp() - %s::interval order by lower(c.name)"""
    return await tx.all(Cluster, query, [tx.org_id, grace])
