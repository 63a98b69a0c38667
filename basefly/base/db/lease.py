"""Who does something alone: a row with an owner, an end and an epoch. Only the database's clock counts.

An owner that was paused and wakes up after its end finds its epoch gone at the next fenced write. A fence is a lock for
key share: it keeps off the next owner, who locks for update, and not the renewal, which changes no key.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError

HOLDS = "5s"  # that a fenced write may pause


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
    return next(iter(await claim(db, [name], owner, ttl)), None)


async def claim(db: Database, names: Sequence[str], owner: str, ttl: timedelta) -> list[Lease]:
    """Take those of many leases that nobody holds. One whose last owner still writes within its fence is left."""
    async with db.transaction() as tx:
        return await tx.all(
            Lease,
            """
            with wanted as (select distinct name from unnest(%(names)s::text[]) as w (name)),
            free as (
                select l.name from leases l join wanted using (name) where l.expires_at <= clock_timestamp()
                order by l.name for update of l skip locked
            ),
            taken as (
                update leases l
                set owner = %(owner)s, epoch = l.epoch + 1, acquired_at = clock_timestamp(),
                    expires_at = clock_timestamp() + %(ttl)s
                from free where l.name = free.name
                returning l.name, l.owner, l.epoch, l.expires_at
            ),
            made as (
                insert into leases (name, owner, epoch, expires_at)
                select name, %(owner)s, 1, clock_timestamp() + %(ttl)s from wanted order by name
                on conflict (name) do nothing
                returning name, owner, epoch, expires_at
            )
            select name, owner, epoch, %(ttl)s::interval as ttl, expires_at
            from (select * from taken union all select * from made) as got order by name
            """,
            {"names": list(names), "owner": owner, "ttl": ttl},
        )


async def renew(db: Database, lease: Lease) -> bool:
    """Hold it for another `ttl` from now; False when it is over."""
    return not await renew_all(db, [lease])


async def renew_all(db: Database, leases: Sequence[Lease]) -> list[Lease]:
    """Hold all of them for another `ttl`; returns those that are over. It waits for nobody's fence."""
    async with db.transaction() as tx:
        held = set(await tx.all(str, _RENEW, _columns(leases) | {"ttl": leases[0].ttl})) if leases else set[str]()
    return [lease for lease in leases if lease.name not in held]


async def release(db: Database, *leases: Lease) -> None:
    """Give them back before their end; does nothing to those that are over already."""
    async with db.transaction() as tx:
        await tx.execute(_RENEW, _columns(leases) | {"ttl": timedelta()})


async def fence(tx: Tx, *leases: Lease) -> None:
    """Raise LeaseLost unless all leases hold. Nobody can take one over until this transaction has ended."""
    held = set(await tx.all(str, f"{_HELD} for key share of l", _columns(leases)))
    for lease in leases:
        if lease.name not in held:
            raise LeaseLost(lease)
    # Whoever is paused within the fence must not hold the next owner off for long.
    await tx.execute("select set_config('idle_in_transaction_session_timeout', %s, true)", [HOLDS])


def _columns(leases: Sequence[Lease]) -> dict[str, object]:
    return {
        "names": [lease.name for lease in leases],
        "owners": [lease.owner for lease in leases],
        "epochs": [lease.epoch for lease in leases],
    }


# Rows are locked in the order of their names, so that many leases at once never wait for each other in a circle.
_HELD = """
    select l.name from leases l join unnest(%(names)s::text[], %(owners)s::text[], %(epochs)s::bigint[])
        as w (name, owner, epoch) on (l.name, l.owner, l.epoch) = (w.name, w.owner, w.epoch)
    where l.expires_at > clock_timestamp() order by l.name"""
_RENEW = f"""
    with held as ({_HELD} for no key update of l)
    update leases l set expires_at = clock_timestamp() + %(ttl)s from held where l.name = held.name returning l.name"""  # noqa: S608  # of constants of this file
