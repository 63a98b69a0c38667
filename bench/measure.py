"""Measuring a contender: each in a process of its own, which prints its cost as its last line."""

from __future__ import annotations

import re
import resource
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bench.report import Figures

LONGEST = 900.0  # s


class Cost(msgspec.Struct):
    """What one run cost: seconds of CPU and wall clock for the work, peak resident memory of the process in bytes.

    `idle` is what the process held before the work began, for whoever asks what the objects themselves cost.
    """

    objects: int = 0
    cpu: float = 0.0
    wall: float = 0.0
    peak: int = 0
    idle: int = 0


@contextmanager
def metered() -> Iterator[Cost]:
    """Meter the block in this process, and print the cost as the line that `measure` reads."""
    cost = Cost(idle=_peak())
    wall, cpu = time.perf_counter(), _cpu()
    yield cost
    cost.wall, cost.cpu = time.perf_counter() - wall, _cpu() - cpu
    cost.peak = _peak()
    print(msgspec.json.encode(cost).decode(), flush=True)


def interleaved(
    contenders: Mapping[str, Sequence[str]],
    *,
    rounds: int,
    before: Callable[[], None],
    during: Callable[[], None] | None = None,
) -> list[list[Figures]]:
    """Run every contender once a round, in turn, so that a busy minute hits all; medians of each.

    `before` runs ahead of each, unmeasured, and `during` as soon as one has told its first cost; whatever it tells
    then is its second. All must have seen the same number of objects. Returns the figures of each telling.
    """
    costs: dict[str, list[list[Cost]]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, command in contenders.items():
            before()
            costs[name].append(_measure(name, command, during))
    tellings = range(max(len(told) for runs in costs.values() for told in runs))
    return [
        _medians({name: [told[n] for told in runs] for name, runs in costs.items() if len(runs[0]) > n})
        for n in tellings
    ]


def _measure(name: str, command: Sequence[str], during: Callable[[], None] | None) -> list[Cost]:
    told: list[Cost] = []
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True) as running,
    ):
        assert running.stdout is not None
        ended = threading.Timer(LONGEST, running.kill)
        ended.start()
        for line in running.stdout:
            told.append(msgspec.json.decode(line, type=Cost))
            if during and len(told) == 1:
                during()
        ended.cancel()
        if running.wait() or not told:
            errors.seek(0)
            raise SystemExit(f"{name} failed:\n{errors.read()[-4000:]}")
    return told


def _medians(costs: Mapping[str, Sequence[Cost]]) -> list[Figures]:
    _agree(costs)
    return [_median(name, runs) for name, runs in costs.items()]


def _agree(costs: Mapping[str, Sequence[Cost]]) -> None:
    """Whoever saw less has done less, and its cost says nothing."""
    seen = {name: sorted({cost.objects for cost in runs}) for name, runs in costs.items()}
    if len({count for counts in seen.values() for count in counts}) != 1:
        raise SystemExit(f"The contenders did not see the same objects: {seen}")


def _median(name: str, runs: Sequence[Cost]) -> Figures:
    return Figures(
        name,
        objects=runs[0].objects,
        cpu=round(statistics.median(run.cpu for run in runs), 3),
        wall=round(statistics.median(run.wall for run in runs), 3),
        peak=round(statistics.median(run.peak for run in runs)),
        runs=len(runs),
        grown=round(statistics.median(run.peak - run.idle for run in runs)),
    )


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _peak() -> int:
    """The largest resident size of this process, in bytes (VmHWM; ru_maxrss would remember the parent's)."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0
