"""Moments as people write them: 2h for two hours ago, or a time with its zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from basefly.cli.exits import misuse

_AGO = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime | None = None) -> str:
    """As the hub takes it; the number of a version stays what it is. Raises Failure for what is neither."""
    if ago := _AGO.fullmatch(text):
        number, unit = ago.groups()
        return ((now or datetime.now(UTC)) - timedelta(**{_UNITS[unit]: int(number)})).isoformat()
    try:
        return text if text.isdecimal() else _zoned(datetime.fromisoformat(text)).isoformat()
    except ValueError:
        raise misuse(f"{text!r} is no moment.", "Write 30m, 2h or 7d for ago, or 2026-01-31T12:00:00Z.") from None


def _zoned(read: datetime) -> datetime:
    """A time without a zone is of this machine's."""
    return read if read.tzinfo else read.astimezone()
