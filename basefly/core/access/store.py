"""Every query of organizations and members."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.core.access.model import Member, Membership, Role

T = TypeVar("T")


async def insert_organization(tx: Tx, name: str) -> None:
    """Add the organization whose transaction this is."""
    await tx.execute("insert into organizations (id, name) values (%s, %s)", [tx.org_id, name])


async def get_organization_ids(tx: Tx) -> list[UUID]:
    """Every organization, for what must be done in each of them by itself."""
    return await tx.all(UUID, "select id from organizations where deleted_at is null order by created_at")


async def get_membership(tx: Tx, user_id: UUID) -> Membership | None:
    """A person's role in the organization of `tx`; None when they are no member."""
    return await tx.one(
        Membership,
        """select m.role, o.id as org_id, o.name as organization
             from members m join organizations o on o.id = m.org_id
            where m.org_id = %s and m.user_id = %s and m.deleted_at is null and o.deleted_at is null""",
        [tx.org_id, user_id],
    )


async def insert_member(tx: Tx, user_id: UUID, role: Role) -> None:
    """Make a person a member."""
    await tx.execute("insert into members (org_id, user_id, role) values (%s, %s, %s)", [tx.org_id, user_id, role])


async def update_role(tx: Tx, user_id: UUID, role: Role) -> bool:
    """Give a member another role; False when they are none."""
    touched = await tx.execute(
        "update members set role = %s where org_id = %s and user_id = %s and deleted_at is null",
        [role, tx.org_id, user_id],
    )
    return touched > 0


async def delete_member(tx: Tx, user_id: UUID) -> bool:
    """Take a member out; False when they are none."""
    touched = await tx.execute(
        "update members set deleted_at = now() where org_id = %s and user_id = %s and deleted_at is null",
        [tx.org_id, user_id],
    )
    return touched > 0


async def count_owners(tx: Tx) -> int:
    """How many owners the organization has. Holds off other changes of members until `tx` ends."""
    await tx.execute("select pg_advisory_xact_lock(hashtext('members' || %s::text))", [str(tx.org_id)])
    return int(
        await tx.value(
            "select count(*) from members where org_id = %s and role = 'owner' and deleted_at is null", [tx.org_id]
        )
    )


async def page_members(tx: Tx) -> list[Member]:
    """Every member, by name."""
    return await tx.all(
        Member,
        """select u.id, u.name, u.email, m.role, m.created_at
             from members m join users u on u.id = m.user_id
            where m.org_id = %s and m.deleted_at is null order by lower(u.name), u.id""",
        [tx.org_id],
    )


async def get_member(tx: Tx, user_id: UUID) -> Member | None:
    """One member."""
    return await tx.one(
        Member,
        """select u.id, u.name, u.email, m.role, m.created_at
             from members m join users u on u.id = m.user_id
            where m.org_id = %s and m.user_id = %s and m.deleted_at is null""",
        [tx.org_id, user_id],
    )


async def page_service_accounts(tx: Tx, into: type[T]) -> list[T]:
    """Every member that is no person, with the number of its tokens, by name."""
    return await tx.all(
        into,
        """select u.id, u.name, m.role, m.created_at, u.disabled_at,
                  (select count(*) from api_tokens t where t.org_id = m.org_id and t.user_id = m.user_id
                      and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())) as tokens
             from members m join users u on u.id = m.user_id
            where m.org_id = %s and m.deleted_at is null and u.kind = 'service' order by lower(u.name), u.id""",
        [tx.org_id],
    )
