"""`python -m bench.runs.bars`: the table of docs/operations/bars.md, from the newest full runs on this machine.

Run the benches, or `python -m bench all`, at the sizes that the table shall have; what was not run is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.fleet.size import SIZES
from bench.report import Bar
from bench.runs.history import newest
from bench.runs.page import rewrite

PAGE = Path(__file__).parents[2] / "docs/operations/bars.md"
NAME = "bench.runs.bars"
BENCHES = (
    "query",
    "reading",
    "rights",
    "freshness",
    "restart",
    "ingest",
    "memory",
    "isolation",
    "agent",
    "proxy",
    "api",
    "endurance",
)
"""In the order of the product's bars."""

Bars = Mapping[str, Bar]


def main() -> int:
    """Write the table into the page, and print it."""
    sys.stdout.write(rewrite(PAGE, NAME, lines()))
    return 0


def lines() -> Iterator[str]:
    """The lines of the table in Markdown."""
    found = {bench: {size: _bars(bench, size) for size in SIZES} for bench in BENCHES}
    yield f"| bench | bar | {' | '.join(SIZES)} |"
    yield f"|---|---|{'--:|' * len(SIZES)}"
    for bench, by_size in found.items():
        for what in dict.fromkeys(what for bars in by_size.values() for what in bars):
            yield f"| {bench} | {what} | {' | '.join(_told(bars.get(what)) for bars in by_size.values())} |"


def _bars(bench: str, size: str) -> Bars:
    past = newest(bench, size)
    return {bar.what: bar for bar in past.bars} if past else {}


def _told(bar: Bar | None) -> str:
    if bar is None:
        return ""
    told = (
        f"{bar.measured:,.2f} of {bar.at_most:,g}" if bar.measured < 10 else f"{bar.measured:,.0f} of {bar.at_most:,g}"
    )
    return told if bar.holds else f"**{told}**"


if __name__ == "__main__":
    sys.exit(main())
