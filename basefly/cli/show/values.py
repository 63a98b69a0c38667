"""Values as people read them: ages as kubectl says them, bytes, cores, lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from basefly.cli.terminal import clean

NOTHING = "<none>"
LISTED = 3  # more values than this are counted
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def moment(value: Any) -> datetime | None:
    """An RFC 3339 time; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def age(value: Any, now: datetime | None = None) -> str:
    """How long ago, as kubectl says it (`HumanDuration` of k8s.io/apimachinery/pkg/util/duration)."""
    since = moment(value)
    if since is None:
        return "<unknown>"
    return span((now or datetime.now(UTC)) - since)


def span(elapsed: timedelta) -> str:
    """A duration as kubectl says it: 42s, 5m30s, 3h12m, 5d3h, 120d, 3y40d."""
    seconds = int(elapsed.total_seconds())
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if seconds < 120:
        return f"{max(seconds, 0)}s"
    if minutes < 10:
        return _two(minutes, "m", seconds % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    return _two(days // 365, "y", days % 365 if days < 2920 else 0, "d")


def _two(large: int, unit: str, small: int, smaller: str) -> str:
    return f"{large}{unit}{small}{smaller}" if small else f"{large}{unit}"


def size(value: float) -> str:
    """Bytes in binary units: 512B, 1.5GiB."""
    amount, unit = float(value), 0
    while abs(amount) >= 1024 and unit < len(_BINARY) - 1:
        amount, unit = amount / 1024, unit + 1
    digits = 0 if unit == 0 or abs(amount) >= 100 or amount == int(amount) else 1
    return f"{amount:.{digits}f}{_BINARY[unit]}"


def text(value: Any, kind: str = "text", *, now: datetime | None = None) -> str:
    """A cell of a column of this type (text, number, bytes, cores, time, list)."""
    if value is None or value in ("", []):
        return NOTHING
    if kind == "time":
        return age(value, now) if moment(value) else clean(str(value))
    if isinstance(value, list):
        shown = ",".join(clean(str(part)) for part in value[:LISTED])
        return f"{shown} + {len(value) - LISTED} more..." if len(value) > LISTED else shown
    if isinstance(value, bool):
        return "yes" if value else "no"
    if kind == "bytes" and isinstance(value, int | float):
        return size(value)
    if isinstance(value, float):
        return f"{round(value, 3):g}"
    return clean(str(value))


def labels(value: dict[str, Any] | None) -> str:
    """Labels as kubectl shows them: a=b,c=d."""
    return clean(",".join(f"{key}={value[key]}" for key in sorted(value))) if value else NOTHING
