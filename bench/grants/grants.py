"""`grants`: random sequences of grant edits over the pure rules; nobody ever exceeds the one who granted."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from random import Random

from bench.grants.edits import Exceeded, run
from bench.report import Bar, Findings, Run

SEQUENCES, QUICK = 100_000, 500
STEPS = 30  # edits a sequence
CHUNK = 500  # sequences that one process takes at once


def measure(given: Run) -> Findings:
    """All sequences, on every core."""
    sequences = QUICK if given.quick else SEQUENCES
    begun = time.monotonic()
    counts: Counter[str] = Counter()
    broken = ""
    with ProcessPoolExecutor() as pool:
        for counted, fault in pool.map(_chunk, range(0, sequences, CHUNK)):
            counts.update(counted)
            broken = broken or fault
    figures = {"sequences": sequences, "edits": sum(counts.values()), "seconds": time.monotonic() - begun}
    bars = [
        Bar.of("sequences in which somebody exceeded who granted", measured=bool(broken), at_most=0),
        # Sequences that grant nothing would prove nothing.
        Bar.of("sequences for each grant", measured=sequences / max(counts["grant"], 1), at_most=1),
    ]
    notes = [broken] if broken else []
    return Findings.of("grants", {**figures, **dict(sorted(counts.items()))}, bars, notes)


def _chunk(first: int) -> tuple[Counter[str], str]:
    allowed: Counter[str] = Counter()
    for seed in range(first, first + CHUNK):
        try:
            allowed.update(run(Random(seed).randrange, STEPS))
        except Exceeded as error:
            return allowed, f"seed {seed}: {error}"
    return allowed, ""
