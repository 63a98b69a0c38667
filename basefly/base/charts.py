"""The geometry of charts: figures in, places on a plane out. Templates draw them, and say the same as a table.

Across, places are percentages of the plot, so that a chart fills any width; paths count a thousand units across and are
stretched. Down, they are pixels. Values may be None: not measured, which is a gap and never a zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import groupby
from math import floor, log10

import msgspec

ACROSS = 1000.0
HEIGHT = 168.0
TINIEST = 1e-300  # no figure that a chart shows is smaller, and steps below it are no numbers any more
GAP = 0.28  # of a column's width is left between columns
LEVELS = 4
LABELS_ACROSS = 6

Say = Callable[[float], str]


class Series(msgspec.Struct, frozen=True):
    """A name and its values, one for each column of the chart; `kind` is its class where its place does not give it."""

    name: str
    values: Sequence[float | None]
    kind: str = ""


class Tick(msgspec.Struct, frozen=True):
    """A label at a place on an axis: pixels down, or per cent across."""

    at: float
    label: str


class Box(msgspec.Struct, frozen=True):
    """A rectangle: x and width in per cent, y and height in pixels; `kind` is the class that colours it."""

    x: float
    y: float
    width: float
    height: float
    kind: str


class Table(msgspec.Struct, frozen=True):
    """The same figures to be read: one row a column of the chart."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


class Stroke(msgspec.Struct, frozen=True):
    """One series as drawn: its line, the ground below it, and where it ends (x in units, y in pixels)."""

    name: str
    kind: str
    line: str
    area: str
    end: tuple[float, float] | None


class Told(msgspec.Struct, frozen=True):
    """What whoever cannot see the chart is told of it; empty where nothing was measured."""

    low: str = ""
    high: str = ""
    last: str = ""


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """Whatever a macro needs to draw: `strokes` of lines and areas, `boxes` of bars; the rest frames them."""

    height: float
    ups: Sequence[Tick] = ()
    acrosses: Sequence[Tick] = ()
    strokes: Sequence[Stroke] = ()
    boxes: Sequence[Box] = ()
    names: Sequence[tuple[str, str]] = ()  # series and their class, for the key
    told: Told
    table: Table


class Cell(msgspec.Struct, frozen=True):
    """A tile of a heat map: its box grows with its level, so that no colour need be told from another."""

    box: Box
    level: int
    said: str


class Heat(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of tiles over common columns."""

    height: float
    ups: Sequence[Tick]
    acrosses: Sequence[Tick]
    cells: Sequence[Cell]
    steps: Sequence[str]  # what each level begins with
    table: Table


class Happening(msgspec.Struct, frozen=True):
    """Something on a timeline: a moment, or a span with an end."""

    at: datetime
    title: str
    tone: str = "idle"
    until: datetime | None = None


class Mark(msgspec.Struct, frozen=True):
    """A happening as drawn: a span, or a symbol at its place in per cent; `y` is its lane's middle."""

    x: float
    y: float
    width: float
    tone: str
    title: str


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """Lanes of happenings over one stretch of time."""

    height: float
    ups: Sequence[Tick]
    acrosses: Sequence[Tick]
    marks: Sequence[Mark]
    rows: Sequence[tuple[str, Happening]]


class Meter(msgspec.Struct, frozen=True):
    """How much of a capacity is used, and how much was asked for, in per cent; `tone` says whether it is tight."""

    used: float
    requested: float | None
    tone: str


def plain(value: float) -> str:
    """A figure as short as it can be told: 1.2M, 34k, 12, 0.4."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round figures that enclose low and high: steps of 1, 2, 2.5 or 5 times a power of ten."""
    if high - low < TINIEST:
        high = low + max(abs(low), 1)
    rough = (high - low) / about
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    first = floor(low / step + 1e-9)
    found = [first * step]
    while found[-1] < high - step * 1e-9:
        found.append((first + len(found)) * step)
    return found


def sparkline(values: Sequence[float | None], columns: Sequence[str], *, say: Say = plain, height: float = 36) -> Chart:
    """A line without axes. It need not begin at zero: it shows the course, not the size."""
    known = [value for value in values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    pad = 3.0
    span = (high - low) or 1.0

    def down(value: float) -> float:
        return height - pad - (value - low) / span * (height - 2 * pad) if high > low else height / 2

    stroke = _stroke(Series("", values), "c1", floors=[None] * len(values), down=down, height=height)
    table = Table(("", ""), [(column, _said(value, say)) for column, value in zip(columns, values, strict=True)])
    return Chart(height=height, strokes=[stroke], table=table, told=_told(known, say))


def area(
    series: Sequence[Series], columns: Sequence[str], *, say: Say = plain, stacked: bool = False, height: float = HEIGHT
) -> Chart:
    """Lines over time on grounds of their colour; `stacked`, each stands on the one before."""
    floors = _floors(series, stacked=stacked)
    marks = ticks(min(0.0, *_flat(series, floors)), max(0.0, *_flat(series, floors)))
    down = _down(marks, height)
    strokes = [_stroke(one, f"c{n}", floors=floors[n - 1], down=down, height=height) for n, one in enumerate(series, 1)]
    return Chart(
        height=height,
        ups=[Tick(down(mark), say(mark)) for mark in marks],
        acrosses=_acrosses(columns, edge=True),
        strokes=strokes,
        names=[(stroke.name, stroke.kind) for stroke in strokes],
        table=_table(series, columns, say),
        told=_told(_known(series), say),
    )


def bars(series: Sequence[Series], columns: Sequence[str], *, say: Say = plain, height: float = HEIGHT) -> Chart:
    """Columns of figures, several series stacked. They begin at zero, and there is nothing below it."""
    floors = _floors(series, stacked=True)
    marks = ticks(0.0, max(0.0, *_flat(series, floors)))
    down = _down(marks, height)
    width = 100 / max(1, len(columns))
    boxes = [
        Box(
            x=round(at * width + width * GAP / 2, 3),
            y=round(down((below or 0) + value), 2),
            width=round(width * (1 - GAP), 3),
            height=round(down(below or 0) - down((below or 0) + value), 2),
            kind=one.kind or f"c{n}",
        )
        for n, one in enumerate(series, 1)
        for at, (value, below) in enumerate(zip(one.values, floors[n - 1], strict=True))
        if value
    ]
    return Chart(
        height=height,
        ups=[Tick(down(mark), say(mark)) for mark in marks],
        acrosses=_acrosses(columns),
        boxes=boxes,
        names=[(one.name, one.kind or f"c{n}") for n, one in enumerate(series, 1)],
        table=_table(series, columns, say),
        told=_told(_known(series), say),
    )


def heat(rows: Sequence[Series], columns: Sequence[str], *, say: Say = plain, tile: float = 26) -> Heat:
    """Tiles in rows. A level is a quarter of the way to the highest value; zero is a dot, and None is nothing."""
    top = max(_known(rows), default=0.0) or 1.0
    width = 100 / max(1, len(columns))
    cells = []
    for down, row in enumerate(rows):
        for across, value in enumerate(row.values):
            if value is None:
                continue
            level = 0 if value <= 0 else min(LEVELS, 1 + int(value / top * LEVELS - 1e-9))
            size = (0.16, 0.4, 0.58, 0.76, 0.92)[level]
            box = Box(
                x=round((across + (1 - size) / 2) * width, 3),
                y=round((down + (1 - size) / 2) * tile, 2),
                width=round(width * size, 3),
                height=round(tile * size, 2),
                kind=f"h{level}",
            )
            cells.append(Cell(box, level, f"{row.name}, {columns[across]}: {say(value)}"))
    return Heat(
        height=tile * len(rows),
        ups=[Tick((at + 0.5) * tile, row.name) for at, row in enumerate(rows)],
        acrosses=_acrosses(columns),
        cells=cells,
        steps=[say(0), *(say(top * step / LEVELS) for step in range(1, LEVELS + 1))],
        table=_table(rows, columns, say),
    )


def timeline(
    lanes: Sequence[tuple[str, Sequence[Happening]]],
    *,
    begin: datetime,
    end: datetime,
    columns: Sequence[str],
    lane: float = 34,
) -> Timeline:
    """Happenings in lanes between two moments; `columns` are labels spread evenly from the first to the last."""
    whole = (end - begin).total_seconds() or 1.0

    def across(moment: datetime) -> float:
        return round(min(100.0, max(0.0, (moment - begin).total_seconds() / whole * 100)), 3)

    inside = [
        (at, name, one)
        for at, (name, happenings) in enumerate(lanes)
        for one in happenings
        if one.at <= end and (one.until or one.at) >= begin
    ]
    marks = [
        Mark(
            x=across(one.at),
            y=(at + 0.5) * lane,
            width=max(0.6, round(across(one.until) - across(one.at), 3)) if one.until else 0.0,
            tone=one.tone,
            title=one.title,
        )
        for at, _, one in inside
    ]
    return Timeline(
        height=lane * len(lanes),
        ups=[Tick((at + 0.5) * lane, name) for at, (name, _) in enumerate(lanes)],
        acrosses=_acrosses(columns, edge=True),
        marks=marks,
        rows=[(name, one) for _, name, one in sorted(inside, key=lambda found: found[2].at)],
    )


def meter(used: float, capacity: float, requested: float | None = None) -> Meter:
    """Shares of a capacity, which may be asked for more than once over: both end at the full width.

    Above 90 % it is bad and above 75 % it warns.
    """
    if capacity <= 0:
        return Meter(0.0, None, "idle")
    share = 100 * used / capacity
    tone = "bad" if share > 90 else "warn" if share > 75 else "ok"
    asked = None if requested is None else round(min(100.0, max(0.0, 100 * requested / capacity)), 2)
    return Meter(round(min(100.0, max(0.0, share)), 2), asked, tone)


def _stroke(
    one: Series, kind: str, *, floors: Sequence[float | None], down: Callable[[float], float], height: float
) -> Stroke:
    step = ACROSS / max(1, len(one.values) - 1)
    base = down(0.0) if any(below is not None for below in floors) else height
    points = [
        (
            round(at * step, 1),
            None if value is None else round(down(value + (below or 0)), 2),
            round(down(below) if below is not None else base, 2),
        )
        for at, (value, below) in enumerate(zip(one.values, floors, strict=True))
    ]
    line, ground = [], []
    for there, run in groupby(points, key=lambda point: point[1] is not None):
        if not there:
            continue
        known = [(x, y, below) for x, y, below in run if y is not None]
        upper = "L".join(f"{x:g} {y:g}" for x, y, _ in known)
        line.append(f"M{upper}" + ("h.01" if len(known) == 1 else ""))
        lower = "L".join(f"{x:g} {below:g}" for x, _, below in reversed(known))
        ground.append(f"M{upper}L{lower}Z")
    end = next(((x, y) for x, y, _ in reversed(points) if y is not None), None)
    return Stroke(one.name, kind, "".join(line), "".join(ground), end)


def _floors(series: Sequence[Series], *, stacked: bool) -> list[list[float | None]]:
    """What each value stands on: zero, or the sum of those below."""
    length = len(series[0].values) if series else 0
    floors: list[list[float | None]] = []
    sums = [0.0] * length
    for one in series:
        floors.append(list(sums))
        if stacked:
            sums = [below + (value or 0) for below, value in zip(sums, one.values, strict=True)]
    return floors


def _flat(series: Sequence[Series], floors: Sequence[Sequence[float | None]]) -> list[float]:
    tops = [
        (below or 0) + value
        for one, under in zip(series, floors, strict=True)
        for value, below in zip(one.values, under, strict=True)
        if value is not None
    ]
    return tops or [0.0]


def _down(marks: Sequence[float], height: float) -> Callable[[float], float]:
    low, high, top = marks[0], marks[-1], 8.0  # room for half a label above the highest line
    return lambda value: round(height - (value - low) / (high - low) * (height - top), 2)


def _acrosses(columns: Sequence[str], *, edge: bool = False) -> list[Tick]:
    """Some of the columns' labels, evenly: at the points of a line (`edge`), or in the middle of columns."""
    count = len(columns)
    every = max(1, -(-count // LABELS_ACROSS))
    step = 100 / max(1, count - 1) if edge else 100 / max(1, count)
    return [Tick(round(at * step + (0 if edge else step / 2), 2), columns[at]) for at in range(0, count, every)]


def _known(series: Sequence[Series]) -> list[float]:
    return [value for one in series for value in one.values if value is not None]


def _told(known: Sequence[float], say: Say) -> Told:
    return Told(say(min(known)), say(max(known)), say(known[-1])) if known else Told()


def _table(series: Sequence[Series], columns: Sequence[str], say: Say) -> Table:
    rows = [(column, *(_said(one.values[at], say) for one in series)) for at, column in enumerate(columns)]
    return Table(("", *(one.name for one in series)), rows)


def _said(value: float | None, say: Say) -> str:
    return "–" if value is None else say(value)
