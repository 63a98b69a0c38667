"""What a benchmark found: a figure for each contender, and the bars that the ratios must hold."""

from __future__ import annotations

import io
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table


class Run(msgspec.Struct, frozen=True):
    """How to run: the size of the fleet, and whether only to see that it runs."""

    size: str
    quick: bool
    rounds: int


class Figures(msgspec.Struct, frozen=True):
    """Medians of one contender: seconds of CPU and wall clock for the work, peak resident memory in bytes."""

    name: str
    objects: int
    cpu: float
    wall: float
    peak: int
    runs: int


class Bar(msgspec.Struct, frozen=True):
    """One promise: a measured ratio and the most that it may be."""

    what: str
    measured: float
    at_most: float
    holds: bool

    @classmethod
    def of(cls, what: str, *, measured: float, at_most: float) -> Bar:
        return cls(what, round(measured, 3), at_most, measured <= at_most)


class Report(msgspec.Struct, frozen=True):
    """All of it; a bar without its rival on this machine is left out, and `notes` say so."""

    bench: str
    figures: Sequence[Figures]
    bar: Sequence[Bar]
    holds: bool
    notes: Sequence[str] = ()
    rivals: bool = True
    """Whether the figures are of contenders; otherwise they are of phases, which are not compared."""

    @classmethod
    def of(
        cls,
        bench: str,
        figures: Sequence[Figures],
        bar: Sequence[Bar],
        notes: Sequence[str] = (),
        *,
        rivals: bool = True,
    ) -> Report:
        return cls(bench, figures, bar, all(one.holds for one in bar), notes, rivals)


def table(report: Report) -> str:
    """The report for people; the first contender is ours, the ratios are against each other one."""
    ours = report.figures[0]
    figures = Table("contender", "objects", "CPU s", "wall s", "peak MiB", "our CPU", "our peak", title=report.bench)
    for one in report.figures:
        ratios = (
            ("", "")
            if one is ours or not report.rivals
            else (f"{ours.cpu / one.cpu:.2f} ×", f"{ours.peak / one.peak:.2f} ×")
        )
        cells = (one.name, f"{one.objects:,}", f"{one.cpu:.2f}", f"{one.wall:.2f}", f"{one.peak / 2**20:.0f}")
        figures.add_row(*cells, *ratios)
    bars = Table("bar", "measured", "at most", "holds")
    for bar in report.bar:
        bars.add_row(bar.what, f"{bar.measured:.3f}", f"{bar.at_most}", "yes" if bar.holds else "NO")
    console = Console(file=io.StringIO(), width=120, record=True)
    console.print(figures, bars, *report.notes, sep="\n")
    return console.export_text()
