"""How templates say times and figures: as the field does, in the reader's language and time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from babel.dates import format_date
from babel.numbers import format_compact_decimal, format_decimal

from basefly.base.web.language.reader import current

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))
_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def age(value: datetime | timedelta | None, now: datetime | None = None) -> str:
    """How long ago, as kubectl says it: 42s, 5m30s, 3h12m, 5d3h, 120d, 3y40d; a dash for never."""
    if value is None:
        return "–"
    elapsed = value if isinstance(value, timedelta) else (now or datetime.now(UTC)) - value
    seconds = max(0, int(elapsed.total_seconds()))
    if seconds < 120:
        return f"{seconds}s"
    if seconds < 600:
        return _two(seconds, 60, 1)
    if seconds < 3 * 3_600:
        return f"{seconds // 60}m"
    if seconds < 8 * 3_600:
        return _two(seconds, 3_600, 60)
    if seconds < 48 * 3_600:
        return f"{seconds // 3_600}h"
    if seconds < 8 * 86_400:
        return _two(seconds, 86_400, 3_600)
    if seconds < 2 * 365 * 86_400:
        return f"{seconds // 86_400}d"
    years, rest = divmod(seconds // 86_400, 365)
    return f"{years}y{rest}d" if years < 8 and rest else f"{years}y"


def size(value: float | None) -> str:
    """Bytes in binary units with three digits at most: 512 B, 1.5 MiB, 102 GiB."""
    if value is None:
        return "–"
    amount, unit = float(value), 0
    while abs(amount) >= 1024 and unit < len(_BINARY) - 1:
        amount, unit = amount / 1024, unit + 1
    digits = 0 if unit == 0 or abs(amount) >= 100 or amount == int(amount) else 1
    shown = _decimal(amount, current().language.cldr, pattern="0.0" if digits else "0")
    return f"{shown} {_BINARY[unit]}"


def number(value: float | None) -> str:
    """A number with its thousands apart (1,234,567), at most three decimals; a dash for none."""
    return "–" if value is None else _decimal(value, current().language.cldr)


def figure(value: float) -> str:
    """A figure of an object, two decimals at most. Thousands stand apart from 10,000 on: what is less may be a port."""
    large = abs(value) >= 10_000
    shown = round(value) if large else round(value, 2)
    return _decimal(shown, current().language.cldr, grouped=large)


def compact(value: float) -> str:
    """A large number in few figures, with what the language counts in: 1.2M, 1,2 Mio., 123.5万."""
    return format_compact_decimal(value, fraction_digits=1, locale=current().language.cldr)


def when(value: datetime | None) -> str:
    """A moment as RFC 3339 in UTC, for `<time datetime>` and for programs; people read `moment`."""
    return f"{value.astimezone(UTC).isoformat()[:19]}Z" if value else ""


def moment(value: datetime | None, now: datetime | None = None) -> str:
    """A moment for people, with its zone: 14:21 CET today, and Nov 23, 2026, 14:21 CET on any other day."""
    if value is None:
        return "–"
    zone = current().zone
    there = value.astimezone(zone)
    clock = f"{there:%H:%M} {_zone_name(there)}"
    today = (now or datetime.now(UTC)).astimezone(zone).date()
    return clock if there.date() == today else f"{day(value)}, {clock}"


def day(value: datetime | None) -> str:
    """The day of a moment, as the language writes it: Nov 23, 2026 or 23.11.2026; a dash for none."""
    if value is None:
        return "–"
    reader = current()
    return format_date(value.astimezone(reader.zone), "medium", locale=reader.language.cldr)


@lru_cache(maxsize=10_000)  # a page has a hundred figures, mostly the same few, and babel takes 50 µs for each
def _decimal(value: float, locale: str, *, pattern: str | None = None, grouped: bool = True) -> str:
    return format_decimal(value, pattern, locale=locale, group_separator=grouped)


def _zone_name(value: datetime) -> str:
    """CET; UTC+03:00 where the zone has no short name of its own."""
    name = value.tzname() or ""
    return name if name.isalpha() else f"UTC{value.isoformat()[-6:]}"


def _two(seconds: int, large: int, small: int) -> str:
    """Two units, without the second when it is nothing."""
    names = dict(_UNITS)
    whole, rest = seconds // large, seconds % large // small
    return f"{whole}{names[large]}" + (f"{rest}{names[small]}" if rest else "")
