"""A whole fleet from nothing into rows: what each object costs the hub, stage by stage, and PostgreSQL."""

from __future__ import annotations

from bench.fleet import first
from bench.fleet.first import First
from bench.fleet.size import size
from bench.fleet.stand import Stand
from bench.ingest import sampled
from bench.report import Findings, Run

HUB = ("bench.ingest.sampled",)


def run(options: Run) -> Findings:
    """Read the fleet with a hub that looks at itself."""
    with Stand.start(size(options), HUB) as stand:
        return found(stand, options)[1]


def found(stand: Stand, options: Run) -> tuple[First, Findings]:
    """Read the fleet, and where the processor time of that went: microseconds an object."""
    before = sampled.seconds(stand.hub.data_dir)
    read = first.read(stand, options)
    objects = read.figures["objects"]
    spent = {name: late - before[name] for name, late in sampled.seconds(stand.hub.data_dir).items()}
    stages = {f"hub: {name}, µs an object": cpu / objects * 1e6 for name, cpu in spent.items()}
    told = ("objects", "first sync, s", "objects a second", "processor of the hub, µs an object",
            "processor of PostgreSQL, µs an object", "processor of the simulated fleet, s")  # fmt: skip
    figures = {name: read.figures[name] for name in told} | stages
    return read, Findings.of("stages", figures, [], [str(stand.size)])
