"""The part of a page in the docs that a program writes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

END = "<!-- end -->\n"


def rewrite(page: Path, program: str, lines: Iterable[str]) -> str:
    """Put these lines where the page says `begin: python -m PROGRAM`; what was put there."""
    begin, text = f"<!-- begin: python -m {program} -->\n", "\n".join(lines) + "\n"
    before, mark, rest = page.read_text().partition(begin)
    if not mark or END not in rest:
        raise ValueError(f"{page} has no place for what {program} says")
    page.write_text(f"{before}{begin}{text}{END}{rest.partition(END)[2]}")
    return text
