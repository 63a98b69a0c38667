"""Who does something alone: a row with an owner, an end and an epoch. Only the database's clock counts.

An owner that was paused and wakes up after its end finds its epoch gone at the next fenced write.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError


class Lease(msgspec.Struct, frozen=True):
    """A lease as it was granted. `epoch` grows with each owner; `expires_at` is the database's time."""

    name: str
    owner: str
    epoch: int
    ttl: timedelta
    expires_at: datetime


class LeaseLost(BaseflyError):
    """Another owner has it, or may have it by now: stop, and undo nothing that is already written."""

    code, status, title = "lease_lost", 409, "Another process has taken this over"

    def __init__(self, lease: Lease) -> None:
        super().__init__(f"The lease {lease.name} of {lease.owner} (epoch {lease.epoch}) is over.")
        self.lease = lease


async def acquire(db: Database, name: str, owner: str, ttl: timedelta) -> Lease | None:
    """Take the lease if nobody holds it; None while somebody does. `owner` names one process, never two."""
    async with db.transaction() as tx:
        return await tx.one(
            Lease,
            """
            insert into leases as l (name, owner, epoch, expires_at)
            values (%(name)s, %(owner)s, 1, clock_timestamp() + %(ttl)s)
            on conflict (name) do update
            set owner = excluded.owner, epoch = l.epoch + 1, acquired_at = clock_timestamp(),
                expires_at = clock_timestamp() + %(ttl)s
            where l.expires_at <= clock_timestamp()
            returning name, owner, epoch, %(ttl)s::interval as ttl, expires_at
            """,
            {"name": name, "owner": owner, "ttl": ttl},
        )


async def renew(db: Database, lease: Lease) -> bool:
    """Hold it for another `ttl` from now; False when it is over."""
    async with db.transaction() as tx:
        touched = await tx.execute(
            "update leases set expires_at = clock_timestamp() + %(ttl)s"
            " where name = %(name)s and owner = %(owner)s and epoch = %(epoch)s and expires_at > clock_timestamp()",
            msgspec.structs.asdict(lease),
        )
    return touched == 1


async def release(db: Database, lease: Lease) -> None:
    """Give it back before its end; does nothing if it is over already."""
    async with db.transaction() as tx:
        await tx.execute(
            "update leases set expires_at = clock_timestamp() where name = %(name)s and owner = %(owner)s"
            " and epoch = %(epoch)s and expires_at > clock_timestamp()",
            msgspec.structs.asdict(lease),
        )


async def fence(tx: Tx, *leases: Lease) -> None:
    """Raise LeaseLost unless all leases hold. Nobody can take one over until this transaction has ended."""
    query = """
        select l.name from leases l join unnest(%s::text[], %s::text[], %s::bigint[]) as w (name, owner, epoch)
            on (l.name, l.owner, l.epoch) = (w.name, w.owner, w.epoch)
        where l.expires_at > clock_timestamp() for share of l"""
    wanted = [[lease.name for lease in leases], [lease.owner for lease in leases], [lease.epoch for lease in leases]]
    held = set(await tx.all(str, query, wanted))
    for lease in leases:
        if lease.name not in held:
            raise LeaseLost(lease)
