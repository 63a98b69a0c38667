"""What a benchmark found: a figure for each contender, and the bars that the ratios must hold."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
from rich.console import Console
from rich.table import Table


class Run(msgspec.Struct, frozen=True):
    """How to run: the size of the fleet, and whether only to see that it runs."""

    size: str
    quick: bool
    rounds: int
    keep: Path | None = None  # a folder for what takes long to make, to be used again
    profile: bool = False  # also where each microsecond goes


class Figures(msgspec.Struct, frozen=True):
    """Medians of one contender: seconds of CPU and wall clock for the work, peak resident memory in bytes.

    `grown` is how much of the peak came with the work; 0 where nobody asked.
    """

    name: str
    objects: int
    cpu: float
    wall: float
    peak: int
    runs: int
    grown: int = 0


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

    def table(self) -> str:
        """For people; the first contender is ours, the ratios are against each other one."""
        ours = self.figures[0]
        heads = ("contender", "objects", "CPU s", "wall s", "peak MiB", "grown MiB", "our CPU", "our peak")
        figures = Table(*heads, title=self.bench)
        for one in self.figures:
            ratios = (
                ("", "")
                if one is ours or not self.rivals
                else (f"{ours.cpu / one.cpu:.2f} ×", f"{ours.peak / one.peak:.2f} ×")
            )
            grown = f"{one.grown / 2**20:.0f}" if one.grown else ""
            cells = (
                one.name,
                f"{one.objects:,}",
                f"{one.cpu:.2f}",
                f"{one.wall:.2f}",
                f"{one.peak / 2**20:.0f}",
                grown,
            )
            figures.add_row(*cells, *ratios)
        console = Console(file=io.StringIO(), width=120, record=True)
        console.print(figures, bars_table(self.bar), *self.notes, sep="\n")
        return console.export_text()


class Findings(msgspec.Struct, frozen=True):
    """What was found of one subject: figures, each with its unit in its name, and the bars that they must hold."""

    bench: str
    figures: Mapping[str, float]
    bar: Sequence[Bar]
    holds: bool
    notes: Sequence[str] = ()

    @classmethod
    def of(cls, bench: str, figures: Mapping[str, float], bar: Sequence[Bar], notes: Sequence[str] = ()) -> Findings:
        rounded = {name: round(value, 3) for name, value in figures.items()}
        return cls(bench, rounded, bar, all(one.holds for one in bar), notes)

    def table(self) -> str:
        """For people."""
        figures = Table("figure", "value", title=self.bench)
        for name, value in self.figures.items():
            figures.add_row(name, f"{value:,.3f}" if value < 10 else f"{value:,.0f}")
        console = Console(file=io.StringIO(), width=120, record=True)
        console.print(figures, bars_table(self.bar), *self.notes, sep="\n")
        return console.export_text()


class Told(Protocol):
    """What every benchmark brings home."""

    @property
    def figures(self) -> Any:
        """Numbers by name, in whatever shape suits the subject."""
        ...

    @property
    def bar(self) -> Sequence[Bar]:
        """The promises."""
        ...

    @property
    def holds(self) -> bool:
        """Whether every bar does."""
        ...

    def table(self) -> str:
        """For people."""
        ...


def bars_table(bars: Sequence[Bar]) -> Table:
    """The promises, and how they are held."""
    told = Table("bar", "measured", "at most", "holds")
    for bar in bars:
        told.add_row(bar.what, f"{bar.measured:.3f}", f"{bar.at_most}", "yes" if bar.holds else "NO")
    return told
