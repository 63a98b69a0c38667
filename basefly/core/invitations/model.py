"""What an invitation is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

LIFETIME = timedelta(days=7)

State = Literal["open", "expired", "accepted", "withdrawn"]


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who was asked in, with which role, and what became of it."""

    id: UUID
    email: str
    role: str
    role_name: str
    invited_by: UUID
    invited_by_name: str
    created_at: datetime
    sent_at: datetime
    expires_at: datetime
    state: State


class Sent(Invitation, frozen=True, kw_only=True):
    """An invitation just sent. `link` is there, this once, where the hub cannot send mail."""

    link: str | None
