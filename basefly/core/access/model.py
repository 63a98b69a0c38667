"""Members, roles, teams, grants. A role of ours is a rule over permissions: those of a new slice find their roles."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

Role = Literal["owner", "admin", "operator", "developer", "viewer", "billing"]
Clusters = Literal["all", "ids", "labels", "region"]
SubjectKind = Literal["user", "team", "group"]

ROLES: dict[Role, str] = {
    "owner": "Everything, the organization itself included",
    "admin": "Everything but the organization itself",
    "operator": "Sees clusters and members, and acts on clusters and workloads",
    "developer": "Sees clusters and what runs in them, and acts on workloads",
    "viewer": "Sees clusters and what runs in them",
    "billing": "Sees who is a member, and what concerns the bills",
}
OWN = "access:own"
READ = "access:read"
WRITE = "access:write"

_GOVERNING = ("access:", "audit:", "identity:", "billing:", "federation:", "terminals:")
_OF_CLUSTERS = ("clusters:", "provisioning:")  # what acts on clusters rather than on what runs in them
# What concerns the organization as a whole: a grant over a part of it does not give these.
_WHOLE = ("access:own", "audit:", "identity:", "billing:", "federation:", "terminals:", "views:")


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person in an organization; `role` is theirs over the whole of it, None for whoever has narrower grants only."""

    id: UUID
    name: str
    email: str
    role: str | None
    created_at: datetime


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and what they may."""

    id: UUID
    name: str
    email: str
    role: str | None
    organization: Organization
    permissions: list[str]
    kind: str


class Organization(msgspec.Struct, frozen=True):
    """A tenant."""

    id: UUID
    name: str


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """One person's place in one organization."""

    role: str | None
    org_id: UUID
    organization: str
    second_factor_required: bool


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What every request needs to know of the organization that it is asked in."""

    organization: str
    second_factor_required: bool


class Credential(msgspec.Struct, frozen=True):
    """A session or a token, known by what is kept of its secret."""

    org_id: UUID
    kind: str
    fingerprint: bytes


class RoleInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A role: one of ours by its name, which is its id too, or one of the organization's own."""

    id: str
    name: str
    description: str
    permissions: list[str]
    builtin: bool
    grants: int = 0


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """People who get grants together."""

    id: UUID
    name: str
    description: str
    created_at: datetime
    members: int = 0
    grants: int = 0


class TeamMember(msgspec.Struct, frozen=True, kw_only=True):
    """Someone in a team, and since when."""

    id: UUID
    name: str
    email: str
    created_at: datetime


class Subject(msgspec.Struct, frozen=True):
    """Who gets a grant: a user or a team by id, or a group by the name that the identity provider gives it."""

    kind: SubjectKind
    id: str
    name: str = ""


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """Over what: all clusters, some by id, by label selector or by region; and all namespaces of them, or some."""

    clusters: Clusters = "all"
    cluster_ids: tuple[UUID, ...] | None = None
    labels: str | None = None
    region: str | None = None
    namespaces: tuple[str, ...] | None = None

    @property
    def whole(self) -> bool:
        """Whether it is the whole organization."""
        return self.clusters == "all" and self.namespaces is None

    @property
    def rule(self) -> str:
        """What chooses the clusters, where it is more than their ids; "" otherwise."""
        if self.clusters == "labels":
            return f"labels:{self.labels}"
        return f"region:{self.region}" if self.clusters == "region" else ""


class Granted(msgspec.Struct, frozen=True, kw_only=True):
    """A grant as people read it. `role` is the id of a role, `role_name` its name; `active` until it has ended."""

    id: UUID
    subject: Subject
    role: str
    role_name: str
    where: Where
    expires_at: datetime | None
    reason: str
    granted_by: UUID | None
    granted_by_name: str
    created_at: datetime
    active: bool = True


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A grant that someone has, directly, by a team or by a group, with the permissions of a role that is not ours."""

    id: UUID
    user_id: UUID
    role: str | None
    role_name: str
    permissions: list[str] | None
    via: str
    clusters: Clusters
    cluster_ids: tuple[UUID, ...] | None
    labels: str | None
    region: str | None
    namespaces: tuple[str, ...] | None
    expires_at: datetime | None
    active: bool = True

    @property
    def where(self) -> Where:
        """Over what."""
        return Where(
            clusters=self.clusters,
            cluster_ids=self.cluster_ids,
            labels=self.labels,
            region=self.region,
            namespaces=self.namespaces,
        )


def permissions_of(role: Role, known: Iterable[str]) -> frozenset[str]:
    """The permissions of a role of ours, out of all that slices declare."""
    return frozenset(permission for permission in known if _gives(role, permission))


def given_over(permissions: Iterable[str], *, whole: bool) -> frozenset[str]:
    """What of a role's permissions a grant gives: over a part of the organization nothing that concerns the whole."""
    return frozenset(each for each in permissions if whole or not each.startswith(_WHOLE))


def governing(permission: str) -> bool:
    """Whether a permission is over the organization itself, not over clusters and what runs in them."""
    return permission.startswith(_GOVERNING)


def _gives(role: Role, permission: str) -> bool:
    if role == "owner":
        return True
    if role == "admin":
        return permission != OWN
    if role == "billing":
        return permission.startswith("billing:") or permission == READ
    if permission.endswith(":admin"):
        return False
    if permission.startswith(_GOVERNING):
        return permission == READ
    if role == "developer" and permission.startswith(_OF_CLUSTERS):
        return permission.endswith(":read")
    return role in ("operator", "developer") or permission.endswith(":read")
