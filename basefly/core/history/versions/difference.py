"""Two texts, line by line: the lines that differ, and three of what stands around them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import unified_diff
from typing import Literal

import msgspec

AROUND = 3  # lines that do not differ, beside those that do


class Line(msgspec.Struct, frozen=True):
    """One line: added, removed, the same in both; or a gap, where more of the same was left out."""

    kind: Literal["added", "removed", "same", "gap"]
    text: str


def difference(old: str, new: str) -> list[Line]:
    """The lines that differ and what is around them; nothing when nothing differs."""
    kinds: dict[str, Literal["added", "removed", "same"]] = {"+": "added", "-": "removed", " ": "same"}
    found = list[Line]()
    for line in list(unified_diff(_lines(old), _lines(new), n=AROUND, lineterm=""))[2:]:
        gap = line.startswith("@@")
        found.append(Line("gap", line) if gap else Line(kinds[line[0]], line[1:]))
    return found


def written(lines: Iterable[Line]) -> str:
    """As `diff -u` prints it."""
    signs = {"added": "+", "removed": "-", "same": " ", "gap": ""}
    return "".join(f"{signs[line.kind]}{line.text}\n" for line in lines)


def _lines(text: str) -> list[str]:
    """As YAML means them; Python would part them at rarer characters too."""
    return text.removesuffix("\n").split("\n") if text else []
