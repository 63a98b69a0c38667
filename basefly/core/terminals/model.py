"""What is recorded of whom, and what a recording is. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from basefly.core.gateway.proxy.witness import Entering, Way

RECORDINGS = "terminals:recordings"

Recorded = Literal["off", "shells", "everything"]
SILENCE = timedelta(minutes=3)
LEAST, MOST = 1, 3650  # days that recordings are kept


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an organization wants: which sessions are recorded, and for how many days; None is for ever."""

    recorded: Recorded = "off"
    retention_days: int | None = None


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """One session in a container. `told_at` is when something last came of one that has not ended."""

    id: UUID
    cluster_id: UUID
    cluster_name: str
    namespace: str
    pod: str
    container: str
    user_id: UUID
    user: str
    way: Way
    terminal: bool
    width: int
    height: int
    exit_code: int | None
    bytes: int
    seconds: float
    started_at: datetime
    told_at: datetime
    ended_at: datetime | None
    command: list[str] = []

    def broken(self, now: datetime) -> bool:
        """Whether nothing was heard for so long that whatever wrote it must have died."""
        return self.ended_at is None and now - self.told_at > SILENCE


class Page(msgspec.Struct, frozen=True):
    """Some recordings, newest first; `next` is the cursor of those before."""

    items: list[Recording]
    next: str | None = None


def wanted(settings: Settings, entering: Entering) -> bool:
    """Whether a session is to be recorded: a shell is whatever is typed into."""
    if settings.recorded == "shells":
        return entering.stdin or entering.tty
    return settings.recorded == "everything"
