"""Members and roles. A role is a rule over permissions, so that a new slice's permissions find their roles at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

Role = Literal["owner", "admin", "operator", "viewer"]

ROLES: dict[Role, str] = {
    "owner": "Everything, the organization itself included",
    "admin": "Everything but the organization itself",
    "operator": "Sees everything but the audit, and acts on clusters and workloads",
    "viewer": "Sees clusters and what runs in them",
}

_OWNERS = {"access:own"}
_GOVERNING = ("access:", "audit:", "identity:", "federation:", "billing:")


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person in an organization."""

    id: UUID
    name: str
    email: str
    role: Role
    created_at: datetime


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what they may."""

    id: UUID
    name: str
    email: str
    role: Role
    organization: Organization
    permissions: list[str]
    kind: str


class Organization(msgspec.Struct, frozen=True):
    """A tenant."""

    id: UUID
    name: str


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """One person's place in one organization."""

    role: Role
    org_id: UUID
    organization: str


def permissions_of(role: Role, known: Iterable[str]) -> frozenset[str]:
    """The permissions of a role, out of all that slices declare."""
    return frozenset(permission for permission in known if _gives(role, permission))


def governing(permission: str) -> bool:
    """Whether a permission is over the organization itself, not over clusters and what runs in them."""
    return permission.startswith(_GOVERNING)


def _gives(role: Role, permission: str) -> bool:
    if role == "owner":
        return True
    if role == "admin":
        return permission not in _OWNERS
    if permission.startswith(_GOVERNING):
        return permission == "access:read"
    return role == "operator" or permission.endswith(":read")
