"""What the pages cost, for people and for programs."""

from __future__ import annotations

import io
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from bench.report import Bar, bars_table


class PageFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One page: milliseconds and bytes. Cold is the first request for it; paints are the largest, of a first visit
    and of one that comes again.
    """

    path: str
    first_byte_cold: float
    first_byte_p50: float
    first_byte_p95: float
    html: int
    html_gzip: int
    html_brotli: int  # as sent to a browser that takes brotli alone
    paint: float
    paint_again: float
    first_visit: int
    second_visit: int
    script: int


class Pages(msgspec.Struct, frozen=True):
    """All pages, and the bars that the worst of them must hold."""

    bench: str
    figures: Sequence[PageFigures]
    bar: Sequence[Bar]
    holds: bool
    notes: Sequence[str] = ()

    @classmethod
    def of(cls, bench: str, figures: Sequence[PageFigures], bar: Sequence[Bar], notes: Sequence[str]) -> Pages:
        return cls(bench, figures, bar, all(one.holds for one in bar), notes)

    def table(self) -> str:
        """For people."""
        titles = (
            "page",
            "first byte cold",
            "p50",
            "p95 ms",
            "HTML KB",
            "gzip",
            "paint ms",
            "again",
            "1st visit KB",
            "2nd",
        )
        figures = Table(*titles, title=self.bench)
        for one in self.figures:
            sizes = (f"{one.html / 1024:.0f}", f"{one.html_gzip / 1024:.1f}")
            visits = (f"{one.first_visit / 1024:.1f}", f"{one.second_visit / 1024:.1f}")
            soon = (f"{one.first_byte_cold:.0f}", f"{one.first_byte_p50:.1f}", f"{one.first_byte_p95:.1f}")
            figures.add_row(one.path[:50], *soon, *sizes, f"{one.paint:.0f}", f"{one.paint_again:.0f}", *visits)
        console = Console(file=io.StringIO(), width=140, record=True)
        console.print(figures, bars_table(self.bar), *self.notes, sep="\n")
        return console.export_text()
