"""As whom a cluster sees someone: a user, and the groups of what they hold over a place. Pure."""

from __future__ import annotations

from uuid import UUID

from basefly.base.principal import Principal

# The groups that a cluster sees, by the permission that they stand for. Its own RBAC says what each of them may.
GROUPS = {
    "gateway:read": "basefly:view",
    "gateway:write": "basefly:edit",
    "gateway:exec": "basefly:exec",
    "gateway:secrets": "basefly:secrets",
    "gateway:admin": "basefly:admin",
}


def name_of(user_id: UUID) -> str:
    """The user that clusters see. An id, since addresses change hands."""
    return f"basefly:{user_id}"


def group_of(org_id: UUID) -> str:
    """The group of everybody in an organization."""
    return f"basefly:org:{org_id}"


def groups(by: Principal, cluster: UUID, namespace: str | None) -> tuple[str, ...]:
    """The groups of what they hold over a namespace, or over the whole cluster (None), and no more."""
    held = (group for permission, group in GROUPS.items() if by.scope(permission).covers(cluster, namespace))
    return (*held, group_of(by.org_id))


def groups_anywhere(by: Principal, cluster: UUID) -> tuple[str, ...]:
    """The groups of what they hold over any part of the cluster."""
    held = (group for permission, group in GROUPS.items() if by.scope(permission).sees(cluster))
    return (*held, group_of(by.org_id))
