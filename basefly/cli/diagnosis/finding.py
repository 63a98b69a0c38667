"""One thing that was looked at, and how it is."""

from __future__ import annotations

from typing import Literal, NamedTuple

State = Literal["ok", "warning", "wrong", "unknown"]


class Finding(NamedTuple):
    """What was looked at, how it is, and the cure where it is not well."""

    name: str
    state: State
    detail: str
    cure: str = ""
