"""All bars, one bench after another, each in a process of its own; then one table of what holds and what does not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from bench.report import Run


class Outcome(msgspec.Struct, frozen=True):
    """What one bench brought home; without bars it did not end well."""

    bench: str
    bars: Sequence[dict[str, Any]]


def run(names: Sequence[str], options: Run) -> int:
    """Run them all; 0 when every bar holds."""
    outcomes = [_one(name, options) for name in names]
    _tell(outcomes)
    return int(not all(outcome.bars and all(bar["holds"] for bar in outcome.bars) for outcome in outcomes))


def _one(name: str, options: Run) -> Outcome:
    words = [name, "--size", options.size, "--rounds", str(options.rounds), "--json"]
    words += ["--quick"] if options.quick else []
    print(f"== {name}", file=sys.stderr, flush=True)
    done = subprocess.run([sys.executable, "-m", "bench", *words], stdout=subprocess.PIPE, text=True, check=False)
    try:
        told = msgspec.json.decode(done.stdout.splitlines()[-1])
    except (IndexError, msgspec.DecodeError):
        return Outcome(name, ())
    return Outcome(name, told["bar"])


def _tell(outcomes: Sequence[Outcome]) -> None:
    table = Table("bench", "bar", "measured", "at most", "holds")
    for outcome in outcomes:
        for bar in outcome.bars:
            cells = (f"{bar['measured']:,.3f}", f"{bar['at_most']:,}", "yes" if bar["holds"] else "NO")
            table.add_row(outcome.bench, bar["what"], *cells)
        if not outcome.bars:
            table.add_row(outcome.bench, "it did not end well: run it by itself", "", "", "NO")
    Console(width=140).print(table)
