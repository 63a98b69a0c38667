"""Members: who they are, what they hold, and how they come and go."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import Form, Request, Response, get, post, redirect
from basefly.core.access import actions, roles, store
from basefly.core.access.pages.frame import Context, Line, attempt, lines, show
from basefly.core.access.rights.places import in_sight
from basefly.core.access.store import grants
from basefly.core.access.words import place, through

NEW = ("name", "email", "role")


@get("/access", permission="access:read")
async def members_page(request: Request, house: House, by: Principal) -> Response[Any]:
    """Everyone in the organization."""
    return await _members(request, house, by)


@post("/access/members", permission="access:write")
async def add_member_page(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Makes an account with a first password."""
    given = {name: form.text(name) for name in NEW}
    try:
        await actions.add_member(
            house,
            by,
            email=given["email"],
            name=given["name"],
            password=Secret(form.raw("password")),
            role=given["role"],
        )
    except BaseflyError as error:
        return await _members(request, house, by, error=error, given=given)
    return redirect("/access")


@post("/access/members/{member_id:uuid}/roles", permission="access:write")
async def change_member_page(
    request: Request, house: House, by: Principal, form: Form, member_id: UUID
) -> Response[Any]:
    """Gives another role over the whole organization."""
    return await attempt(
        house,
        by,
        lambda tx: actions.change_role(house, tx, by, member_id, form.text("role")),
        f"/access/members/{member_id}",
        lambda error: _member(request, house, by, member_id, error),
    )


@post("/access/members/{member_id:uuid}/removals", permission="access:write")
async def remove_member_page(request: Request, house: House, by: Principal, member_id: UUID) -> Response[Any]:
    """Takes someone out."""
    return await attempt(
        house,
        by,
        lambda tx: actions.remove_member(house, tx, by, member_id),
        "/access",
        lambda error: _member(request, house, by, member_id, error),
    )


@get("/access/members/{member_id:uuid}", permission="access:read")
async def member_page(request: Request, house: House, by: Principal, member_id: UUID) -> Response[Any]:
    """One member, with all that they hold and through whom."""
    return await _member(request, house, by, member_id)


async def _members(request: Request, house: House, by: Principal, **more: Any) -> Response[Any]:
    async def read(tx: Tx) -> Context:
        return {"members": await actions.members(tx, by), "roles": await roles.roles(house, tx, by)}

    more.setdefault("given", dict.fromkeys(NEW, ""))
    return await show(request, house, by, "members.html", read, here="/access", **more)


async def _member(
    request: Request, house: House, by: Principal, member_id: UUID, error: BaseflyError | None = None
) -> Response[Any]:
    async def read(tx: Tx) -> Context:
        member = await store.get_member(tx, member_id)
        if member is None:
            raise NotFound("There is no such member.")
        names = await in_sight(house, tx, by)
        own = lines(await grants.page(tx), names)
        held = [each for each in await grants.held_by_all(tx, member_id) if each.via and each.active]
        return {
            "member": member,
            "lines": _of(own, member_id),
            "held": [(each.role_name, through(each.via), place(each.where, names), each.expires_at) for each in held],
            "roles": await roles.roles(house, tx, by),
        }

    return await show(request, house, by, "member.html", read, here="/access", error=error)


def _of(own: list[Line], member_id: UUID) -> list[Line]:
    return [each for each in own if each.grant.subject.id == str(member_id)]


HANDLERS = (members_page, add_member_page, change_member_page, remove_member_page, member_page)
