"""Every query of devices that ask to be signed in."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.core.identity.model import Origin
from basefly.core.machines.model import Asked, Asking

_OPEN = "approved_at is null and refused_at is null and expires_at > now()"


async def insert(
    tx: Tx, device_hash: bytes, user_hash: bytes, *, machine: str, origin: Origin, lifetime: timedelta
) -> None:
    """Add a request; raises Duplicate when the user code is taken. Forgets those that are over."""
    await tx.execute("delete from device_requests where expires_at < now()")
    await tx.execute(
        """insert into device_requests (device_hash, user_hash, machine, address, agent, expires_at)
           values (%s, %s, %s, %s, %s, now() + %s)""",
        [device_hash, user_hash, machine, origin.address, origin.agent[:400], lifetime],
    )


async def get(tx: Tx, user_hash: bytes) -> Asking | None:
    """The request of a user code, while nobody has decided."""
    query = "select machine, address, agent, created_at, expires_at from device_requests"
    return await tx.one(Asking, f"{query} where user_hash = %s and {_OPEN}", [user_hash])


async def approve(tx: Tx, user_hash: bytes, user_id: UUID) -> str | None:
    """Let a device in as this person of the organization of `tx`; its name, or None when it is not open."""
    machine: str | None = await tx.value(
        f"""update device_requests set approved_at = now(), home_org_id = %s, user_id = %s
             where user_hash = %s and {_OPEN} returning machine""",  # noqa: S608  # our own constant
        [tx.org_id, user_id, user_hash],
    )
    return machine


async def refuse(tx: Tx, user_hash: bytes) -> str | None:
    """Refuse a device; its name, or None when it is not open."""
    machine: str | None = await tx.value(
        f"""update device_requests set refused_at = now()
             where user_hash = %s and {_OPEN} returning machine""",  # noqa: S608  # as above
        [user_hash],
    )
    return machine


async def ask(tx: Tx, device_hash: bytes, more: int) -> Asked | None:
    """How a device's request stands; the pause grows by `more` seconds each time it asks too early."""
    return await tx.one(
        Asked,
        """with before as (
               select device_hash, coalesce(asked_at > now() - make_interval(secs => pause), false) as early
                 from device_requests where device_hash = %s and expires_at > now() for update
           )
           update device_requests r
              set asked_at = now(), pause = case when before.early then r.pause + %s else r.pause end
             from before where r.device_hash = before.device_hash
           returning r.machine, r.pause, before.early, r.refused_at is not null as refused, r.user_id, r.home_org_id""",
        [device_hash, more],
    )


async def delete(tx: Tx, device_hash: bytes) -> bool:
    """Use a request up; False when it was used already."""
    return await tx.execute("delete from device_requests where device_hash = %s", [device_hash]) > 0
