"""`python -m bench.endurance.plot`: the newest run of `endurance` on this machine as a picture, for the docs.

Three plots over one axis of minutes: memory, change to reader, requests. Bands are the times in which a tenth of the
clusters was ill. Both axes of milliseconds are logarithmic, from 1 ms to 100 s.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import ceil, log10
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bench.runs.history import folder

if TYPE_CHECKING:
    from bench.endurance.endurance import Sample

PICTURE = Path(__file__).parents[2] / "docs/operations/endurance.svg"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, GAP = 900, 170, 70, 30, 40, 46  # of the picture, and of each plot
MIB = 2**20
SLOWEST = 100_000.0  # ms
DECADES = (1.0, 10.0, 100.0, 1000.0, 10_000.0)  # ms
_LINES = ("#2563eb", "#d97706")
_INK = "#64748b"  # to be read on white and on black


class Kept(msgspec.Struct, frozen=True):
    """The samples of a run, and of which fleet."""

    fleet: str
    samples: Sequence[Mapping[str, float | str]]


def keep(samples: Sequence[Sample], fleet: str) -> None:
    """Keep a run to be drawn."""
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.encode(Kept(fleet, [msgspec.to_builtins(each) for each in samples])))


def main() -> int:
    """Draw it into the docs; 1 without a run."""
    if not _file().exists():
        print("There is no run here: python -m bench endurance --size M", file=sys.stderr)
        return 1
    PICTURE.write_text(drawn(msgspec.json.decode(_file().read_bytes(), type=Kept)))
    return 0


def drawn(kept: Kept) -> str:
    """The picture (SVG 1.1)."""
    samples = kept.samples
    ends = [float(each["second"]) for each in samples]
    memory = [[float(each[name]) / MIB for each in samples] for name in ("hub", "postgres")]
    plots = (
        Plot("memory, MiB: hub (blue), PostgreSQL", memory, most=_round(max(map(max, memory)))),
        Plot("from change to reader, ms: p50 (blue), p99", _of(samples, "fresh_p50", "fresh_p99")),
        Plot("requests, ms: p50 (blue), p99", _of(samples, "api_p50", "api_p99")),
    )
    height = TOP + len(plots) * (HEIGHT + GAP)
    head = f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12" fill="{_INK}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {head}>',
        f"<title>{kept.fleet}: 500 changes a second, a tenth of the clusters ill in turn</title>",
        f'<text x="{LEFT}" y="18">{kept.fleet}</text>',
    ]
    for number, plot in enumerate(plots):
        top = TOP + number * (HEIGHT + GAP)
        parts += [*_ground(samples, ends, top), *plot.drawn(ends, top)]
    return "\n".join([*parts, "</svg>", ""])


class Plot(msgspec.Struct, frozen=True):
    """Lines over one axis: from 0 to `most`, or, without it, milliseconds by their logarithm."""

    title: str
    lines: Sequence[Sequence[float]]
    most: float = 0.0

    def drawn(self, ends: Sequence[float], top: float) -> Iterator[str]:
        """Its elements, below `top`; `ends` are the seconds at which each sample ended."""
        yield f'<text x="{LEFT}" y="{top - 6}">{self.title}</text>'
        for tick in (0.0, self.most / 2, self.most) if self.most else DECADES:
            y = self._y(tick, top)
            yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{_INK}" stroke-opacity=".3"/>'
            yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{tick:,.0f}</text>'
        for line, colour in zip(self.lines, _LINES, strict=True):
            places = zip(ends, line, strict=True)
            points = " ".join(f"{_x(second, ends):.1f},{self._y(value, top):.1f}" for second, value in places)
            yield f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>'

    def _y(self, value: float, top: float) -> float:
        share = value / self.most if self.most else log10(max(value, 1.0)) / log10(SLOWEST)
        return top + HEIGHT * (1 - share)


def _ground(samples: Sequence[Mapping[str, float | str]], ends: Sequence[float], top: float) -> Iterator[str]:
    """The times of illness as bands, each with its name, and the minutes below."""
    spans = zip(samples, [0.0, *ends[:-1]], ends, strict=True)
    for illness, group in groupby(spans, key=lambda span: str(span[0]["illness"])):
        spell = list(group)
        left, right = _x(spell[0][1], ends), _x(spell[-1][2], ends)
        if illness:
            box = f'x="{left:.1f}" y="{top}" width="{right - left:.1f}" height="{HEIGHT}"'
            yield f'<rect {box} fill="#dc2626" fill-opacity=".08"/>'
            yield f'<text x="{left + 3:.1f}" y="{top + 12}" font-size="10">{illness}</text>'
    for minute in range(0, int(ends[-1] // 60) + 1, 5):
        yield f'<text x="{_x(minute * 60, ends):.1f}" y="{top + HEIGHT + 16}" text-anchor="middle">{minute} min</text>'


def _round(most: float) -> float:
    """The next even hundred: the axis has a tick in its middle."""
    return 200.0 * ceil(most / 200)


def _of(samples: Sequence[Mapping[str, float | str]], *names: str) -> list[list[float]]:
    return [[float(each[name]) for each in samples] for name in names]


def _x(second: float, ends: Sequence[float]) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * second / ends[-1]


def _file() -> Path:
    return folder() / "endurance.json"


if __name__ == "__main__":
    raise SystemExit(main())
