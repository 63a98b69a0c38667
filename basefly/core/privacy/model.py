"""An export of one's own data, as its owner sees it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

State = Literal["pending", "running", "done", "failed", "cancelled"]
# Columns that are no information about anybody, but keys to something.
SECRET = re.compile(r"(^|_)(hash|secret|sealed|wrapped|password|token|key)(_|$)")


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """`size` is in bytes, once `state` is done; it can be fetched until `expires_at`."""

    id: UUID
    state: State
    size: int | None
    created_at: datetime
    expires_at: datetime


class Table(msgspec.Struct, frozen=True):
    """A table that has rows about people, by their id in `user_id`, and what of it may be told."""

    name: str
    tenant: bool
    columns: list[str]
