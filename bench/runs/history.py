"""What earlier runs on this machine found, and how far a run lies from them.

A line of JSON for each full run, by bench and size, in the user's state folder (XDG Base Directory Specification 0.8).
The distance is the modified z-score (Iglewicz and Hoaglin, 1993): 0.6745 times the distance from the median, in medians
of such distances. Beyond 3.5 either way a figure is told as unusual: one of two noisy runs says little by itself.
"""

from __future__ import annotations

import io
import os
import platform
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from bench.report import Bar, Told

FEWEST = 5  # earlier runs, below which a distance says nothing
UNUSUAL = 3.5
_NAMES = ("name", "path", "way", "group", "pods")  # what tells the members of a list of figures apart


class Past(msgspec.Struct, frozen=True):
    """One run: when, of which commit, on which machine, what it found."""

    at: datetime
    commit: str
    machine: str
    figures: Mapping[str, float]
    bars: Sequence[Bar] = ()


def remember(bench: str, size: str, report: Told) -> Mapping[str, float]:
    """Keep a run; how far each of its figures lies from those of the runs before it, where there are enough."""
    figures = dict(_numbers(msgspec.to_builtins(report.figures)))
    before, file = _past(bench, size), _file(bench, size)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as kept:
        past = Past(datetime.now(UTC), _commit(), _machine(), figures, report.bar)
        kept.write(msgspec.json.encode(past) + b"\n")
    return distances(figures, [past.figures for past in before])


def newest(bench: str, size: str) -> Past | None:
    """The last full run on this machine."""
    return next(reversed(_past(bench, size)), None)


def distances(figures: Mapping[str, float], before: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """The modified z-score of each figure that enough of the earlier runs had, and that varied in them."""
    found: dict[str, float] = {}
    for name, value in figures.items():
        known = [past[name] for past in before if name in past]
        if len(known) < FEWEST:
            continue
        middle = statistics.median(known)
        spread = statistics.median(abs(one - middle) for one in known)
        if spread:
            found[name] = round(0.6745 * (value - middle) / spread, 1)
    return found


def table(far: Mapping[str, float]) -> str:
    """For people: what is unusual, or that nothing is."""
    unusual = {name: z for name, z in far.items() if abs(z) > UNUSUAL}
    if not unusual:
        return f"Nothing unusual beside earlier runs ({len(far)} figures compared)." if far else ""
    told = Table("figure", "z", title="unusual beside earlier runs on this machine")
    for name, z in sorted(unusual.items(), key=lambda pair: -abs(pair[1])):
        told.add_row(name, f"{z:+.1f}")
    console = Console(file=io.StringIO(), width=120, record=True)
    console.print(told)
    return console.export_text()


def _numbers(value: Any, name: str = "") -> Iterator[tuple[str, float]]:
    """Every number in figures of any shape, by where it stands."""
    if isinstance(value, Mapping):
        for key, held in value.items():
            yield from _numbers(held, f"{name}: {key}" if name else str(key))
    elif isinstance(value, list):
        for place, held in enumerate(value):
            named = next((held[key] for key in _NAMES if key in held), place) if isinstance(held, Mapping) else place
            yield from _numbers(held, f"{name}: {named}" if name else str(named))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, float(value)


def _past(bench: str, size: str) -> list[Past]:
    file = _file(bench, size)
    lines = file.read_bytes().splitlines() if file.exists() else ()
    return [past for past in (msgspec.json.decode(line, type=Past) for line in lines) if past.machine == _machine()]


def folder() -> Path:
    """Where runs are kept."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state"
    return Path(home) / "basefly/bench"


def _file(bench: str, size: str) -> Path:
    return folder() / f"{bench}-{size}.jsonl"


def _machine() -> str:
    return f"{platform.node()}, {os.cpu_count()} cores"


def _commit() -> str:
    asked = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
