"""Roles of an organization's own."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.core.access.model import RoleInfo

_SELECT = """
    select r.id::text as id, r.name, r.description, r.permissions, false as builtin,
           (select count(*) from grants g where g.org_id = r.org_id and g.role_id = r.id)::int as grants
      from roles r where r.org_id = %(org)s"""


async def page(tx: Tx) -> list[RoleInfo]:
    """Every role of the organization's own, by name."""
    return await tx.all(RoleInfo, f"{_SELECT} order by lower(r.name), r.id", {"org": tx.org_id})


async def get(tx: Tx, word: str) -> RoleInfo | None:
    """The role of this id or name."""
    query = f"{_SELECT} and (r.id::text = lower(%(word)s) or lower(r.name) = lower(%(word)s)) limit 1"
    return await tx.one(RoleInfo, query, {"org": tx.org_id, "word": word})


async def counts(tx: Tx) -> dict[str, int]:
    """How many grants there are of each role of ours."""
    rows = await tx.all(
        dict,
        "select role, count(*)::int as n from grants where org_id = %s and role is not null group by role",
        [tx.org_id],
    )
    return {row["role"]: row["n"] for row in rows}


async def insert(tx: Tx, name: str, description: str, permissions: Sequence[str], by: UUID) -> UUID:
    """Add a role; raises Duplicate when there is one of this name."""
    created: UUID = await tx.value(
        "insert into roles (org_id, name, description, permissions, created_by) values (%s, %s, %s, %s, %s)"
        " returning id",
        [tx.org_id, name, description, list(permissions), by],
    )
    return created


async def update(tx: Tx, role_id: str, name: str, description: str, permissions: Sequence[str]) -> None:
    """Write a role as it now is; raises Duplicate when another has this name."""
    await tx.execute(
        "update roles set name = %s, description = %s, permissions = %s where org_id = %s and id = %s::uuid",
        [name, description, list(permissions), tx.org_id, role_id],
    )


async def delete(tx: Tx, role_id: str) -> None:
    """Delete a role that no grant has."""
    await tx.execute("delete from roles where org_id = %s and id = %s::uuid", [tx.org_id, role_id])
