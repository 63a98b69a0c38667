"""`fleet`: what `ingest`, `memory`, `query`, `freshness`, `api` and `restart` find of a fleet that is read only once.

Reading a million pods takes longer than all that is looked at then. Each bench is remembered as if it had run alone.
"""

from __future__ import annotations

import sys

import msgspec

from bench.fleet import api, freshness, memory, restart
from bench.fleet.size import size
from bench.fleet.stand import Stand
from bench.ingest import whole
from bench.query import live
from bench.report import Findings, Run
from bench.runs import history


def run(options: Run) -> Findings:
    """Read the fleet with a hub that looks at itself, then one bench after another."""
    with Stand.start(size(options), whole.HUB) as stand:
        read, stages = whole.found(stand, options)
        parts = [
            _told(stages, options),
            _told(memory.found(stand, read, options), options),
            _told(restart.found(stand, read, options), options),
            _told(live.found(stand, options), options),
            _told(freshness.found(stand, options), options),
            _told(api.found(stand, options), options),
        ]
    figures = {f"{part.bench}: {name}": value for part in parts for name, value in part.figures.items()}
    bars = [msgspec.structs.replace(bar, what=f"{part.bench}: {bar.what}") for part in parts for bar in part.bar]
    notes = dict.fromkeys(note for part in parts for note in part.notes)
    return Findings.of("fleet", figures, bars, list(notes))


def _told(part: Findings, options: Run) -> Findings:
    """Remember it and show it at once: the next bench may fail."""
    if not options.quick:
        history.remember(part.bench, options.size, part)
    print(part.table(), file=sys.stderr, flush=True)
    return part
