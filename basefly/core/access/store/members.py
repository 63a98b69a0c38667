"""Organizations and members. A member's role is the strongest that they themselves hold over the whole organization."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.core.access.model import Member, Membership, Place

T = TypeVar("T")

# A grant over the whole organization, without end, to the member themselves: those of ours first, the strongest first.
_ROLE = """(
    select coalesce(g.role, r.name) from grants g left join roles r on (r.org_id, r.id) = (g.org_id, g.role_id)
    where g.org_id = m.org_id and g.user_id = m.user_id
      and g.clusters = 'all' and g.namespaces is null and g.expires_at is null
    order by array_position(array['owner', 'admin', 'operator', 'developer', 'viewer', 'billing'], g.role), r.name
    limit 1)"""


async def insert_organization(tx: Tx, name: str) -> None:
    """Add the organization whose transaction this is."""
    await tx.execute("insert into organizations (id, name) values (%s, %s)", [tx.org_id, name])


async def get_organization_ids(tx: Tx) -> list[UUID]:
    """Every organization, for what must be done in each of them by itself."""
    return await tx.all(UUID, "select id from organizations where deleted_at is null order by created_at")


async def get_membership(tx: Tx, user_id: UUID) -> Membership | None:
    """A person's place in the organization of `tx`; None when they are no member."""
    return await tx.one(
        Membership,
        f"""select {_ROLE} as role, o.id as org_id, o.name as organization, o.second_factor_required
             from members m join organizations o on o.id = m.org_id
            where m.org_id = %s and m.user_id = %s and m.deleted_at is null and o.deleted_at is null""",  # noqa: S608  # put together from our own constants
        [tx.org_id, user_id],
    )


async def get_place(tx: Tx, user_id: UUID) -> Place | None:
    """The organization of `tx`, if this person is a member of it; asked with every request."""
    return await tx.one(
        Place,
        """select o.name as organization, o.second_factor_required
             from members m join organizations o on o.id = m.org_id
            where m.org_id = %s and m.user_id = %s and m.deleted_at is null and o.deleted_at is null""",
        [tx.org_id, user_id],
    )


async def insert_member(tx: Tx, user_id: UUID, role: str | None, granted_by: UUID | None = None) -> None:
    """Make a person a member; with a role of ours, which they get over the whole organization."""
    await tx.execute("insert into members (org_id, user_id) values (%s, %s)", [tx.org_id, user_id])
    if role:
        await tx.execute(
            "insert into grants (org_id, user_id, role, granted_by) values (%s, %s, %s, %s)",
            [tx.org_id, user_id, role, granted_by],
        )


async def update_second_factor(tx: Tx, *, required: bool) -> bool:
    """Want a second factor of everyone in the organization of `tx`, or no more; False when that is so already."""
    touched = await tx.execute(
        "update organizations set second_factor_required = %s where id = %s and second_factor_required <> %s",
        [required, tx.org_id, required],
    )
    return touched > 0


async def delete_member(tx: Tx, user_id: UUID) -> bool:
    """Take a member out; False when they are none."""
    touched = await tx.execute(
        "update members set deleted_at = now() where org_id = %s and user_id = %s and deleted_at is null",
        [tx.org_id, user_id],
    )
    return touched > 0


async def page_members(tx: Tx) -> list[Member]:
    """Every member, by name."""
    return await tx.all(
        Member,
        f"""select u.id, u.name, u.email, {_ROLE} as role, m.created_at
             from members m join users u on u.id = m.user_id
            where m.org_id = %s and m.deleted_at is null order by lower(u.name), u.id""",  # noqa: S608  # put together from our own constants
        [tx.org_id],
    )


async def get_member(tx: Tx, user_id: UUID) -> Member | None:
    """One member."""
    return await tx.one(
        Member,
        f"""select u.id, u.name, u.email, {_ROLE} as role, m.created_at
             from members m join users u on u.id = m.user_id
            where m.org_id = %s and m.user_id = %s and m.deleted_at is null""",  # noqa: S608  # put together from our own constants
        [tx.org_id, user_id],
    )


async def get_standing(tx: Tx, user_id: UUID) -> Member | None:
    """One member, person or service account, if nobody has disabled them."""
    return await tx.one(
        Member,
        f"""select u.id, u.name, u.email, {_ROLE} as role, m.created_at
             from members m join users u on u.id = m.user_id join organizations o on o.id = m.org_id
            where m.org_id = %s and m.user_id = %s and m.deleted_at is null and o.deleted_at is null
              and u.deleted_at is null and u.disabled_at is null""",  # noqa: S608  # put together from our own constants
        [tx.org_id, user_id],
    )


async def page_service_accounts(tx: Tx, into: type[T]) -> list[T]:
    """Every member that is no person, with the number of its tokens, by name."""
    return await tx.all(
        into,
        f"""select u.id, u.name, {_ROLE} as role, m.created_at, u.disabled_at,
                  (select count(*) from api_tokens t where t.org_id = m.org_id and t.user_id = m.user_id
                      and t.revoked_at is null and (t.expires_at is null or t.expires_at > now())) as tokens
             from members m join users u on u.id = m.user_id
            where m.org_id = %s and m.deleted_at is null and u.kind = 'service' order by lower(u.name), u.id""",  # noqa: S608  # put together from our own constants
        [tx.org_id],
    )
