"""Every query of invitations."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.core.invitations.model import Invitation

MOST = 500
_SELECT = """
    select i.id, i.email, i.role, i.role_name, i.invited_by, coalesce(nullif(u.name, ''), u.email) as invited_by_name,
           i.created_at, i.sent_at, i.expires_at,
           case when i.accepted_at is not null then 'accepted' when i.withdrawn_at is not null then 'withdrawn'
                when i.expires_at <= now() then 'expired' else 'open' end as state
      from invitations i join users u on u.id = i.invited_by
     where i.org_id = %(org)s"""


async def page(tx: Tx) -> list[Invitation]:
    """Invitations, the newest first."""
    return await tx.all(Invitation, f"{_SELECT} order by i.created_at desc, i.id limit {MOST}", {"org": tx.org_id})


async def get(tx: Tx, invitation_id: UUID) -> Invitation | None:
    """One invitation."""
    return await tx.one(Invitation, f"{_SELECT} and i.id = %(id)s", {"org": tx.org_id, "id": invitation_id})


async def insert(
    tx: Tx, email: str, role: tuple[str, str], by: UUID, *, secret_hash: bytes, lifetime: timedelta
) -> UUID:
    """Add an invitation, `role` by id and name; raises Duplicate when one to this address is open."""
    created: UUID = await tx.value(
        """insert into invitations (org_id, email, role, role_name, invited_by, secret_hash, expires_at)
           values (%s, %s, %s, %s, %s, %s, now() + %s) returning id""",
        [tx.org_id, email, *role, by, secret_hash, lifetime],
    )
    return created


async def renew(tx: Tx, invitation_id: UUID, by: UUID, *, secret_hash: bytes, lifetime: timedelta) -> None:
    """Give an invitation another secret and another week, on whoever's word it is now; the earlier link ends."""
    await tx.execute(
        """update invitations set secret_hash = %s, sent_at = now(), expires_at = now() + %s, invited_by = %s
            where org_id = %s and id = %s""",
        [secret_hash, lifetime, by, tx.org_id, invitation_id],
    )


async def withdraw(tx: Tx, invitation_id: UUID) -> bool:
    """End an invitation that nobody has used; False when there is none such."""
    touched = await tx.execute(
        """update invitations set withdrawn_at = now()
            where org_id = %s and id = %s and accepted_at is null and withdrawn_at is null""",
        [tx.org_id, invitation_id],
    )
    return touched > 0


async def use(tx: Tx, secret_hash: bytes) -> UUID | None:
    """Use the invitation of this secret up; its id, or None when there is none that stands."""
    used: UUID | None = await tx.value(
        """update invitations set accepted_at = now()
            where org_id = %s and secret_hash = %s and accepted_at is null and withdrawn_at is null
              and expires_at > now() returning id""",
        [tx.org_id, secret_hash],
    )
    return used
