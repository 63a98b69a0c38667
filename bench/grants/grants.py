"""`grants`: random sequences of grant edits over the pure rules; nobody ever exceeds the one who granted."""

from __future__ import annotations

import io
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from random import Random

import msgspec
from rich.console import Console
from rich.table import Table

from bench.grants.edits import Exceeded, run
from bench.report import Run

SEQUENCES, QUICK = 100_000, 500
STEPS = 30  # edits a sequence
CHUNK = 500  # sequences that one process takes at once


class Edits(msgspec.Struct, frozen=True):
    """How many sequences ran, what they did, and the first that broke the promise."""

    bench: str
    sequences: int
    edits: int
    allowed: dict[str, int]
    seconds: float
    broken: str
    holds: bool

    def table(self) -> str:
        """For people."""
        told = Table("edit", "allowed", "refused", title=f"{self.sequences:,} sequences, {self.edits:,} edits")
        for kind in sorted(kind for kind in self.allowed if " " not in kind):
            told.add_row(kind, f"{self.allowed[kind]:,}", f"{self.allowed.get(f'{kind} refused', 0):,}")
        console = Console(file=io.StringIO(), width=100, record=True)
        console.print(told, self.broken or f"nobody exceeded the one who granted ({self.seconds:.0f} s)", sep="\n")
        return console.export_text()


def measure(given: Run) -> Edits:
    """All sequences, on every core."""
    sequences = QUICK if given.quick else SEQUENCES
    begun = time.monotonic()
    allowed: Counter[str] = Counter()
    broken = ""
    with ProcessPoolExecutor() as pool:
        for counts, fault in pool.map(_chunk, range(0, sequences, CHUNK)):
            allowed.update(counts)
            broken = broken or fault
    seconds = round(time.monotonic() - begun, 1)
    edits = sum(allowed.values())
    enough = allowed["grant"] > sequences  # most sequences that grant nothing would prove nothing
    return Edits("grants", sequences, edits, dict(allowed), seconds, broken, holds=not broken and enough)


def _chunk(first: int) -> tuple[Counter[str], str]:
    allowed: Counter[str] = Counter()
    for seed in range(first, first + CHUNK):
        try:
            allowed.update(run(Random(seed).randrange, STEPS))
        except Exceeded as error:
            return allowed, f"seed {seed}: {error}"
    return allowed, ""
