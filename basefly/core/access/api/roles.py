"""Roles and permissions as JSON."""

from __future__ import annotations

from typing import Annotated

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.slice import Permissions
from basefly.base.web import Body, delete, get, patch, post
from basefly.core.access import roles as actions
from basefly.core.access.model import RoleInfo

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Text = Annotated[str, msgspec.Meta(max_length=2000)]
Chosen = Annotated[list[Name], msgspec.Meta(min_length=1, max_length=500)]


class NewRole(Body):
    """A role of the organization's own."""

    name: Name
    permissions: Chosen
    description: Text = ""


class RoleWish(Body):
    """What of a role is to change; what is left out stays."""

    name: Name | None = None
    description: Text | None = None
    permissions: Chosen | None = None


class RoleList(msgspec.Struct, frozen=True):
    """Roles, those of every organization first."""

    items: list[RoleInfo]


class Permission(msgspec.Struct, frozen=True):
    """A permission, and what it allows."""

    name: str
    allows: str


class PermissionList(msgspec.Struct, frozen=True):
    """Every permission there is."""

    items: list[Permission]


@get("/permissions", permission="access:read", summary="List permissions")
async def list_permissions(house: House) -> PermissionList:
    """What roles are made of."""
    return PermissionList([Permission(name, allows) for name, allows in sorted(house.get(Permissions).items())])


@get("/roles", permission="access:read", summary="List roles")
async def list_roles(house: House, tx: Tx, by: Principal) -> RoleList:
    """Ours, and those of the organization's own."""
    return RoleList(await actions.roles(house, tx, by))


@post("/roles", permission="access:write", summary="Make a role")
async def create_role(house: House, tx: Tx, by: Principal, data: NewRole) -> RoleInfo:
    """Of permissions that you hold over the whole organization."""
    return await actions.create(
        house, tx, by, name=data.name, description=data.description, permissions=data.permissions
    )


@patch("/roles/{role_id:str}", permission="access:write", summary="Change a role")
async def change_role_itself(house: House, tx: Tx, by: Principal, role_id: str, data: RoleWish) -> RoleInfo:
    """For everyone who has it, with their next request."""
    wanted = {"name": data.name, "description": data.description, "permissions": data.permissions}
    return await actions.change(house, tx, by, role_id, wanted)


@delete("/roles/{role_id:str}", permission="access:write", summary="Delete a role")
async def delete_role(tx: Tx, by: Principal, role_id: str) -> None:
    """Refused while a grant gives it."""
    await actions.delete(tx, by, role_id)


HANDLERS = (list_permissions, list_roles, create_role, change_role_itself, delete_role)
