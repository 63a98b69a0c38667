"""What an elevation is, and when it may still be decided."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from basefly.core.access.model import Clusters, Where

State = Literal["pending", "approved", "refused", "withdrawn", "ended"]
SHORTEST, LONGEST = 5, 480  # minutes
PATIENCE = timedelta(hours=24)  # after which nobody can approve what was asked


class Elevation(msgspec.Struct, frozen=True, kw_only=True):
    """One request for a role over a place for some minutes, and what became of it.

    `stale`: it was not decided within a day, and cannot be approved any more.
    """

    id: UUID
    member: UUID
    member_name: str
    role: str
    role_name: str
    where: Where
    minutes: int
    reason: str
    state: State
    decided_by: UUID | None
    decided_by_name: str
    decided_at: datetime | None
    note: str
    grant: UUID | None
    expires_at: datetime | None
    created_at: datetime
    stale: bool


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """An elevation as the table has it."""

    id: UUID
    member: UUID
    member_name: str
    role: str
    role_name: str
    clusters: Clusters
    cluster_ids: tuple[UUID, ...] | None
    labels: str | None
    region: str | None
    namespaces: tuple[str, ...] | None
    minutes: int
    reason: str
    state: State
    decided_by: UUID | None
    decided_by_name: str
    decided_at: datetime | None
    note: str
    grant: UUID | None
    expires_at: datetime | None
    created_at: datetime
    stale: bool

    def elevation(self) -> Elevation:
        """The same, with its place in one."""
        where = Where(**{name: getattr(self, name) for name in Where.__struct_fields__})
        values = {name: getattr(self, name) for name in Elevation.__struct_fields__ if name != "where"}
        return Elevation(**values, where=where)


class Approved(msgspec.Struct, frozen=True):
    """An elevation that is a grant."""

    id: UUID
    member: UUID
    role_name: str
    grant: UUID
