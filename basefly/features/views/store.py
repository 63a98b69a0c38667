"""Every query of saved views. Whoever asks sees their own and those that are shared."""

from __future__ import annotations

from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.features.views.model import View

MOST = 500
_SELECT = """
    select v.id, v.name, v.address, v.shared, v.created_at, v.user_id = %(user)s as mine,
           coalesce(nullif(u.name, ''), u.email) as owner, d.view_id is not null as default
    from views v join users u on u.id = v.user_id
    left join view_defaults d on (d.org_id, d.view_id) = (v.org_id, v.id) and d.user_id = %(user)s
    where v.org_id = %(org)s and (v.user_id = %(user)s or v.shared)"""


async def page(tx: Tx, user_id: UUID, path: str = "") -> list[View]:
    """Views in sight, of one page when given; one's own first, then by name."""
    query = f"""{_SELECT} and (%(path)s = '' or split_part(v.address, '?', 1) = %(path)s)
        order by mine desc, lower(v.name), v.id limit {MOST}"""
    return await tx.all(View, query, {"org": tx.org_id, "user": user_id, "path": path})


async def get(tx: Tx, user_id: UUID, view_id: UUID) -> View | None:
    """A view in sight."""
    return await tx.one(View, f"{_SELECT} and v.id = %(id)s", {"org": tx.org_id, "user": user_id, "id": view_id})


async def insert(tx: Tx, user_id: UUID, name: str, address: str, *, shared: bool) -> UUID | None:
    """Keep a view; None if one of that name is there."""
    query = """
        insert into views (org_id, user_id, name, address, shared) values (%s, %s, %s, %s, %s)
        on conflict (org_id, user_id, lower(name)) do nothing returning id"""
    return await tx.one(UUID, query, [tx.org_id, user_id, name, address, shared])


async def update(tx: Tx, view: View) -> None:
    """Write a view as it now is."""
    query = "update views set name = %s, address = %s, shared = %s where org_id = %s and id = %s"
    await tx.execute(query, [view.name, view.address, view.shared, tx.org_id, view.id])


async def named(tx: Tx, user_id: UUID, name: str) -> UUID | None:
    """The id of one's own view of that name."""
    query = "select id from views where org_id = %s and user_id = %s and lower(name) = lower(%s)"
    return await tx.one(UUID, query, [tx.org_id, user_id, name])


async def delete(tx: Tx, view_id: UUID) -> None:
    """Forget a view, also where it is someone's default."""
    await tx.execute("delete from view_defaults where org_id = %s and view_id = %s", [tx.org_id, view_id])
    await tx.execute("delete from views where org_id = %s and id = %s", [tx.org_id, view_id])


async def set_default(tx: Tx, user_id: UUID, view: View) -> None:
    """Let someone's list open with this view."""
    query = """
        insert into view_defaults (org_id, user_id, path, view_id) values (%s, %s, %s, %s)
        on conflict (org_id, user_id, path) do update set view_id = excluded.view_id"""
    await tx.execute(query, [tx.org_id, user_id, view.path, view.id])


async def unset_default(tx: Tx, user_id: UUID, view: View) -> None:
    """Let someone's list open as it is by itself."""
    query = "delete from view_defaults where org_id = %s and user_id = %s and view_id = %s"
    await tx.execute(query, [tx.org_id, user_id, view.id])
