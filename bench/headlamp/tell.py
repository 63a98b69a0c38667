"""Both sides' pages beside each other, and the ratios: theirs over ours, so that more than 1 speaks for ours."""

from __future__ import annotations

import io
from collections.abc import Sequence
from statistics import median

import msgspec
from rich.console import Console
from rich.table import Table

from bench.headlamp.visit import Visit
from bench.report import Bar, bars_table


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """One page of one side: bytes, milliseconds; medians over the rounds. None: it was never shown."""

    page: str
    side: str
    first_visit: int
    second_visit: int
    script: int
    paint: float
    paint_again: float
    shown: float | None
    shown_again: float | None
    heap: int
    axe: Sequence[str]  # the rules that are broken

    @classmethod
    def of(cls, page: str, side: str, visits: Sequence[tuple[Visit, Visit]], axe: Sequence[str]) -> Figures:
        """The medians of first and second visits."""
        firsts, seconds = [first for first, _ in visits], [second for _, second in visits]
        return cls(
            page=page,
            side=side,
            first_visit=round(median(one.bytes for one in firsts)),
            second_visit=round(median(one.bytes for one in seconds)),
            script=round(median(one.script for one in firsts)),
            paint=median(one.paint for one in firsts),
            paint_again=median(one.paint for one in seconds),
            shown=middle([one.shown for one in firsts]),
            shown_again=middle([one.shown for one in seconds]),
            heap=round(median(one.heap for one in firsts)),
            axe=axe,
        )


class Moved(msgspec.Struct, frozen=True):
    """From one page to another by its links: bytes, and milliseconds until a name of the other is shown."""

    start: str
    end: str
    side: str
    bytes: int
    shown: float | None

    @classmethod
    def of(cls, start: str, end: str, side: str, moves: Sequence[tuple[int, float | None]]) -> Moved:
        """The medians."""
        size = round(median(size for size, _ in moves))
        return cls(start, end, side, size, middle([shown for _, shown in moves]))


class Beside(msgspec.Struct, frozen=True):
    """All of it; ours comes first in each pair."""

    bench: str
    figures: Sequence[Figures]
    moves: Sequence[Moved]
    bar: Sequence[Bar]
    holds: bool
    notes: Sequence[str] = ()

    @classmethod
    def of(cls, figures: Sequence[Figures], moves: Sequence[Moved], notes: Sequence[str]) -> Beside:
        bar = bars(figures)
        return cls("headlamp", figures, moves, bar, all(one.holds for one in bar), notes)

    def table(self) -> str:
        """For people."""
        titles = (
            "page",
            "of",
            "1st KB",
            "script",
            "2nd KB",
            "paint ms",
            "again",
            "shown ms",
            "again",
            "heap MB",
            "axe",
        )
        table = Table(*titles, title=self.bench)
        for ours, theirs in pairs(self.figures):
            table.add_row(ours.page, *_cells(ours))
            table.add_row("", *_cells(theirs))
            table.add_row("", "theirs / ours", *_ratios(ours, theirs), end_section=True)
        moves = (
            f"from {one.start} to {one.end} by clicking, {one.side}: {one.bytes / 1024:,.0f} KB, {_ms(one.shown)} ms"
            for one in self.moves
        )
        console = Console(file=io.StringIO(), width=130, record=True)
        console.print(table, bars_table(self.bar), *moves, *self.notes, sep="\n")
        return console.export_text()


def middle(found: Sequence[float | None]) -> float | None:
    """The median; None where one of them never came: a median of those that did would flatter."""
    came = [one for one in found if one is not None]
    return median(came) if came and len(came) == len(found) else None


def ratio(theirs: float | None, ours: float | None) -> float | None:
    """Theirs over ours; None where one of them is not there, or ours is nothing."""
    return None if theirs is None or not ours else theirs / ours


def pairs(figures: Sequence[Figures]) -> list[tuple[Figures, Figures]]:
    """Ours and theirs of each page."""
    return list(zip(figures[::2], figures[1::2], strict=True))


def bars(figures: Sequence[Figures]) -> list[Bar]:
    """Ours is not above theirs, on its worst page, in bytes and in largest paint."""
    return [_worst(figures, what) for what in ("first_visit", "second_visit", "paint", "paint_again")]


def _worst(figures: Sequence[Figures], what: str) -> Bar:
    """A paint that never was (0) cannot be beaten: the page is left to the table, which shows it."""
    told = what.replace("_", " ")
    shares = [
        (getattr(ours, what) / getattr(theirs, what), ours.page)
        for ours, theirs in pairs(figures)
        if getattr(theirs, what)
    ]
    if not shares:
        return Bar(f"{told}: theirs was never measured", 0.0, 1.0, holds=False)
    share, page = max(shares)
    return Bar.of(f"{told}, ours / theirs, at worst: {page}", measured=share, at_most=1.0)


def _cells(one: Figures) -> tuple[str, ...]:
    visits = (f"{size / 1024:,.1f}" for size in (one.first_visit, one.script, one.second_visit))
    times = (_ms(taken) for taken in (one.paint or None, one.paint_again or None, one.shown, one.shown_again))
    return one.side, *visits, *times, f"{one.heap / 2**20:.1f}", str(len(one.axe))


def _ratios(ours: Figures, theirs: Figures) -> list[str]:
    names = ("first_visit", "script", "second_visit", "paint", "paint_again", "shown", "shown_again", "heap")
    found = (ratio(getattr(theirs, name) or None, getattr(ours, name)) for name in names)
    return ["–" if one is None else f"{one:,.1f} ×" for one in found]


def _ms(taken: float | None) -> str:
    return "never" if taken is None else f"{taken:,.0f}"
