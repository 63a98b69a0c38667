"""Roles: the matrix of what each gives, and the organization's own."""

from __future__ import annotations

from typing import Any

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.slice import Permissions
from basefly.base.web import Form, Request, Response, get, post
from basefly.core.access import roles
from basefly.core.access.pages.frame import Context, attempt, show

HERE = "/access/roles"


@get("/access/roles", permission="access:read")
async def roles_page(request: Request, house: House, by: Principal) -> Response[Any]:
    """The matrix, and the form of a new role."""
    return await _roles(request, house, by)


@post("/access/roles", permission="access:write")
async def create_role_page(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Makes a role."""
    given = _given(form)
    return await attempt(
        house,
        by,
        lambda tx: roles.create(house, tx, by, **given),
        HERE,
        lambda error: _roles(request, house, by, error=error, given=given),
    )


@get("/access/roles/{role_id:str}", permission="access:read")
async def role_page(request: Request, house: House, by: Principal, role_id: str) -> Response[Any]:
    """One role."""
    return await _role(request, house, by, role_id)


@post("/access/roles/{role_id:str}", permission="access:write")
async def change_role_page(request: Request, house: House, by: Principal, form: Form, role_id: str) -> Response[Any]:
    """Changes or deletes a role of the organization's own."""
    given = _given(form)

    async def work(tx: Tx) -> None:
        if form.text("act") == "delete":
            await roles.delete(tx, by, role_id)
        else:
            await roles.change(house, tx, by, role_id, given)

    return await attempt(
        house, by, work, HERE, lambda error: _role(request, house, by, role_id, error=error, given=given)
    )


def _given(form: Form) -> dict[str, Any]:
    return {
        "name": form.text("name"),
        "description": form.text("description"),
        "permissions": form.all("permission"),
    }


async def _roles(request: Request, house: House, by: Principal, **more: Any) -> Response[Any]:
    async def read(tx: Tx) -> Context:
        found = await roles.roles(house, tx, by)
        known = sorted(house.get(Permissions).items())
        matrix = [(name, allows, [name in role.permissions for role in found]) for name, allows in known]
        return {"roles": found, "matrix": matrix, "permissions": known}

    more.setdefault("given", {"name": "", "description": "", "permissions": []})
    return await show(request, house, by, "roles.html", read, here=HERE, **more)


async def _role(
    request: Request, house: House, by: Principal, role_id: str, error: BaseflyError | None = None, given: Any = None
) -> Response[Any]:
    async def read(tx: Tx) -> Context:
        found = next((role for role in await roles.roles(house, tx, by) if role.id == role_id), None)
        if found is None:
            raise NotFound("There is no such role.")
        typed = given or {"name": found.name, "description": found.description, "permissions": found.permissions}
        return {"role": found, "given": typed, "permissions": sorted(house.get(Permissions).items())}

    return await show(request, house, by, "role.html", read, here=HERE, error=error)


HANDLERS = (roles_page, create_role_page, role_page, change_role_page)
