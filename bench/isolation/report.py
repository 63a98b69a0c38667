"""What the others felt: quantiles of each phase, and the bars over the rounds."""

from __future__ import annotations

import io
import statistics
from collections.abc import Mapping, Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from bench.isolation.readers import Samples
from bench.report import Bar, bars_table

LOOKS = ("freshness", "lists", "objects")


class Phase(msgspec.Struct, frozen=True):
    """One stretch of a round. `illness` is "" while all are well; times are seconds."""

    round: int
    illness: str
    samples: Samples
    cpu: float  # share of a core that the hub took
    memory: int  # bytes, resident, of the hub
    rows: float  # rows that the hub wrote a second
    lag: float  # the hub's event loop: the most that it was late, s
    sick: list[float] = []  # how long a person waited for an object of a cluster that is ill
    known: float | None = None  # until all that are ill were known to be
    back: float | None = None  # until all were well again after they answered


class Line(msgspec.Struct, frozen=True):
    """Medians over the rounds of one look while one illness reigns; milliseconds."""

    illness: str
    look: str
    p50: float
    p99: float
    count: int


class Isolation(msgspec.Struct, frozen=True):
    """All of it; `rivals` are seconds to read the whole fleet, well and with sick clusters."""

    bench: str
    figures: Sequence[Line]
    costs: Mapping[str, Mapping[str, float]]
    rivals: Mapping[str, Mapping[str, float]]
    bar: Sequence[Bar]
    holds: bool
    notes: Sequence[str]

    def table(self) -> str:
        """For people."""
        looks = Table("illness of a tenth", "look at the others", "p50 ms", "p99 ms", "looks", title=self.bench)
        for line in self.figures:
            looks.add_row(line.illness or "none", line.look, f"{line.p50:.1f}", f"{line.p99:.1f}", f"{line.count:,}")
        costs = Table("illness", *next(iter(self.costs.values())))
        for illness, spent in self.costs.items():
            costs.add_row(illness or "none", *(f"{value:.2f}" for value in spent.values()))
        rivals = Table("reading the whole fleet, s", *next(iter(self.rivals.values())))
        for name, took in self.rivals.items():
            rivals.add_row(name, *(f"{value:.2f}" for value in took.values()))
        console = Console(file=io.StringIO(), width=120, record=True)
        console.print(looks, costs, rivals, bars_table(self.bar), *self.notes, sep="\n")
        return console.export_text()


def quantile(samples: Sequence[float], share: float) -> float:
    """The smallest value that so many of the samples do not exceed; 0 of none."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def lines(phases: Sequence[Phase]) -> list[Line]:
    """For each illness and look the medians over the rounds."""
    found = []
    for illness in dict.fromkeys(phase.illness for phase in phases):
        for look in LOOKS:
            each = [phase.samples.get(look, []) for phase in phases if phase.illness == illness]
            p50, p99 = (statistics.median(quantile(samples, share) * 1000 for samples in each) for share in (0.5, 0.99))
            found.append(Line(illness, look, round(p50, 2), round(p99, 2), sum(map(len, each))))
    return found


def ratios(phases: Sequence[Phase], look: str, share: float) -> list[float]:
    """For each round: the quantile of all looks while some were ill over that while all were well."""
    found = []
    for number in sorted({phase.round for phase in phases}):
        here = [phase for phase in phases if phase.round == number]
        sick = [took for phase in here if phase.illness for took in phase.samples.get(look, [])]
        well = [took for phase in here if not phase.illness for took in phase.samples.get(look, [])]
        found.append(quantile(sick, share) / max(quantile(well, share), 1e-9))
    return found


def costs(phases: Sequence[Phase]) -> dict[str, dict[str, float]]:
    """What the hub spent, by illness: medians, and the worst lag."""
    told = {}
    for illness in dict.fromkeys(phase.illness for phase in phases):
        here = [phase for phase in phases if phase.illness == illness]
        waits = [wait for phase in here for wait in phase.sick]
        told[illness] = {
            "CPU, cores": round(statistics.median(phase.cpu for phase in here), 3),
            "memory, MiB": round(statistics.median(phase.memory for phase in here) / 2**20, 1),
            "rows/s": round(statistics.median(phase.rows for phase in here), 1),
            "worst loop lag, ms": round(max(phase.lag for phase in here) * 1000, 1),
            "wait at a sick one p50, s": round(quantile(waits, 0.5), 3),
            "p99, s": round(quantile(waits, 0.99), 3),
            "known after, s": round(max((phase.known or 0.0 for phase in here), default=0.0), 1),
            "back after, s": round(max((phase.back or 0.0 for phase in here), default=0.0), 1),
        }
    return told
