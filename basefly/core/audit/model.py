"""What a record says: who, what, when, from where, and how it came out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

Outcome = Literal["started", "done", "failed", "refused"]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `object` is the path of what it was done to (`clusters/ID`); `actor_id` is None for the hub itself."""

    id: UUID
    at: datetime
    act: str
    object: str
    outcome: Outcome
    actor_id: UUID | None
    actor_kind: str
    request_id: str
    trace_id: str
    address: str
    detail: dict[str, Any]


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which records to show; what is not given does not narrow. `act` and `object` also match what lies under them."""

    act: str | None = None
    object: str | None = None
    actor: UUID | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Records, newest first. `next` is the cursor of the following page; empty at the end."""

    items: list[Record]
    next: str
