"""Values as people read them: cores, bytes, ages, lists that do not run over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from basefly.base.web.language import t
from basefly.base.web.language.formats import figure
from basefly.core.sync.kind import Column

NOTHING = "–"
LISTED = 2  # more values than this are counted


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One value: its text; `full` where that is shortened (of a status: its health), `time` where it is one.

    `title` is its column's, translated, `href` where it leads, `kind` its classes. With `used` a meter of `allowed`.
    """

    title: str
    text: str
    type: str = "text"
    kind: str = ""
    full: str = ""
    time: datetime | None = None
    href: str = ""
    used: float | None = None
    allowed: float = 0.0


def metered(shown: Cell, column: Column, cells: Mapping[str, Any]) -> Cell:
    """The cell as a meter, where the object says how much of the value is asked for."""
    asked = (cells.get("requested") or {}).get(column.name)
    allowed = cells.get(column.name)
    if asked is None or not isinstance(allowed, int | float) or not allowed:
        return shown
    return msgspec.structs.replace(shown, used=float(asked), allowed=float(allowed))


def cell(column: Column, value: Any, title: str = "") -> Cell:
    """A value of a column, which may be absent; `title` is the column's, for whoever has many of its cells."""
    text, full, time = _shown(column.type, value)
    return Cell(title=title or t(column.title), text=text, type=column.type, full=full, time=time)


def _shown(kind: str, value: Any) -> tuple[str, str, datetime | None]:
    if value is None or value == "" or value == []:
        return NOTHING, "", None
    if kind == "time":
        return ("", "", time) if (time := moment(value)) else (str(value), "", None)
    if kind == "list" and isinstance(value, list):
        return _list([str(part) for part in value])
    if kind == "bytes" and isinstance(value, int | float):
        return "", str(value), None
    if kind in ("number", "cores") and isinstance(value, int | float):
        return figure(value), "", None
    if isinstance(value, bool):
        return t("yes") if value else t("no"), "", None
    return str(value), "", None


def _list(parts: list[str]) -> tuple[str, str, None]:
    whole = ", ".join(parts)
    if len(parts) <= LISTED:
        return whole, "", None
    return f"{', '.join(parts[:LISTED])} +{len(parts) - LISTED}", whole, None


def moment(text: str) -> datetime | None:
    """A time as Kubernetes writes it; None if it is none."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
