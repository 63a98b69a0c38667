"""What following a cluster is about: its streams, how far each has come, and how it fares."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from basefly.core.sync.printed import Printed

StreamState = Literal["listing", "live", "retrying", "denied", "failed"]


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """How far the list and watch of one resource of one cluster has come.

    `due`: only a list can say what is true by now; `doubtful`: one has to, when the watch ends. `printed` are the
    columns of its definition.
    """

    cluster_id: UUID
    resource: str
    kind: str
    version: str
    namespaced: bool
    resource_version: str
    state: StreamState
    reason: str
    skipped: int
    doubtful: bool = False
    due: bool = False
    listed_at: datetime | None
    as_of: datetime | None
    printed: tuple[Printed, ...] = ()


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """A resource as some clusters serve it, and how many of them do."""

    resource: str
    kind: str
    version: str
    namespaced: bool
    clusters: int
    printed: tuple[tuple[Printed, ...], ...] = ()  # the columns of its definitions, each once


class Place(msgspec.Struct, frozen=True, cache_hash=True):
    """A resource of a cluster: what a list covers, and what a notice is about."""

    cluster_id: UUID
    resource: str


class Standing(msgspec.Struct):
    """Where a stream stands once what it reported is written, and how it fares. None: that stays as it was."""

    resource_version: str | None = None
    listed: bool = False
    restored: bool = False
    state: StreamState = "live"
    reason: str = ""
    skipped: int = 0  # objects that could not even be told from others,
    anew: bool = False  # in a list that has begun
    doubtful: bool | None = None
    due: bool | None = None
