"""What reading costs, of the hub and of its rival."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from bench.console.stopwatch import percentile
from bench.query.load import Waited
from bench.report import Bar, bars_table

SLOWEST = 8  # questions that the table names


class Waits(msgspec.Struct, frozen=True):
    """Milliseconds that half, 95 and 99 of 100 requests waited at most; how many there were."""

    count: int
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, waits: Sequence[float]) -> Waits:
        ordered = sorted(waits)
        shares = (round(percentile(ordered, share), 1) for share in (0.5, 0.95, 0.99))
        return cls(len(ordered), *shares)


class Side(msgspec.Struct, frozen=True):
    """One contender in one group: all its waits, those of each question, the lateness of the generator (ms, p99).

    `overtime` is how many times as long as requests were offered it took to answer all of them.
    """

    name: str
    waits: Waits
    questions: Mapping[str, Waits]
    late: float
    overtime: float

    @classmethod
    def of(cls, name: str, waited: Waited, seconds: float) -> Side:
        each = {question: Waits.of(waits) for question, waits in waited.waits.items() if waits}
        return cls(name, Waits.of(waited.all), each, round(waited.late, 1), round(waited.seconds / seconds, 2))


class Asked(msgspec.Struct, frozen=True):
    """One group of questions: how many a second were offered, the hub, the rival, the bar on the hub's p99."""

    group: str
    rate: float
    sides: Sequence[Side]
    most: float


class Queries(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `streams` are seconds for all rows by form and contender, `busy` answers a second of a closed loop."""

    bench: str
    size: str
    figures: Sequence[Asked]
    streams: Mapping[str, Mapping[str, float]]
    busy: Mapping[str, float]
    bytes_a_pod: Mapping[str, float]
    bar: Sequence[Bar]
    holds: bool
    notes: Sequence[str]

    def table(self) -> str:
        """For people."""
        told = Table("questions", "a second", "contender", "p50 ms", "p95", "p99", "p99 ratio", title=self.bench)
        for group in self.figures:
            ours, theirs = group.sides
            for side in group.sides:
                figures = (f"{value:,.1f}" for value in (side.waits.p50, side.waits.p95, side.waits.p99))
                ratio = f"{ours.waits.p99 / theirs.waits.p99:.2f} ×" if side is ours else ""
                told.add_row(group.group, f"{group.rate:g}", side.name, *figures, ratio)
        console = Console(file=io.StringIO(), width=140, record=True)
        console.print(told, self._slowest(), bars_table(self.bar))
        for form, taken in self.streams.items():
            console.print(f"{form} streamed:", ", ".join(f"{name} {seconds:.2f} s" for name, seconds in taken.items()))
        for what, found in (("answers a second, all users busy", self.busy), ("bytes a pod", self.bytes_a_pod)):
            console.print(f"{what}:", ", ".join(f"{name} {value:,.0f}" for name, value in found.items()))
        console.print(*self.notes, sep="\n")
        return console.export_text()

    def _slowest(self) -> Table:
        table = Table("the hub's slowest questions", "p50 ms", "p99", "rival's p50", "p99")
        every = [
            (waits, name, group.sides[1].questions.get(name))
            for group in self.figures
            for name, waits in group.sides[0].questions.items()
        ]
        for waits, name, theirs in sorted(every, key=lambda each: -each[0].p50)[:SLOWEST]:
            beside = (f"{theirs.p50:.1f}", f"{theirs.p99:.1f}") if theirs else ("", "")
            table.add_row(name, f"{waits.p50:.1f}", f"{waits.p99:.1f}", *beside)
        return table
