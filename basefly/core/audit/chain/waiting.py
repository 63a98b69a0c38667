"""Whose records wait for their links: a hint within this process, so that the sequencer need not ask everybody."""

from __future__ import annotations

import time
from uuid import UUID

LINGER = 5.0  # seconds that a hint stands: the transaction that it tells of commits later than it is given

_noted: dict[UUID, float] = {}


def note(org_id: UUID | None) -> None:
    """A record of this organization was written, and will be there if its transaction commits."""
    if org_id is not None:
        _noted[org_id] = time.monotonic()


def fresh() -> set[UUID]:
    """The organizations that have written within the last moments."""
    now = time.monotonic()
    for org_id in [org_id for org_id, at in _noted.items() if now - at > LINGER]:
        del _noted[org_id]
    return set(_noted)
