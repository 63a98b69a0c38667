"""A fleet that is read for the first time: what that took of everybody, whichever bench asks."""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec

from bench.fleet import usage
from bench.fleet.stand import READ_WITHIN, Stand
from bench.report import Run

MIB = 2**20


class First(msgspec.Struct, frozen=True):
    """Of a first sync: its figures, bytes at the most while it ran, and what hub and database held before it."""

    figures: Mapping[str, float]
    peaks: usage.Peaks
    empty: int  # bytes of the hub without clusters
    without: int  # bytes of the database without clusters

    @property
    def seconds(self) -> float:
        return self.figures["first sync, s"]


def read(stand: Stand, options: Run) -> First:
    """Register every cluster and wait until all is followed; SystemExit if it takes too long."""
    empty, before_postgres = usage.of_hub(stand.hub.program.pid)
    before_fleet, without = usage.of(stand.members.pid), sum(stand.sizes().values())
    begun = time.monotonic()
    with usage.watched(stand.hub.program.pid) as peaks:
        stand.register()
        registered = time.monotonic() - begun
        stand.read(seconds=READ_WITHIN[options.size])
    wall = time.monotonic() - begun
    hub, postgres = usage.of_hub(stand.hub.program.pid)
    objects = sum(stand.members.counts().values())
    cpu, database_cpu = hub.cpu - empty.cpu, postgres.cpu - before_postgres.cpu
    figures = {
        "objects": objects,
        "first sync, s": wall,
        "of it until all are registered, s": registered,
        "objects a second": objects / wall,
        "processor of the hub, s": cpu,
        "processor of PostgreSQL, s": database_cpu,
        "processor of the hub, µs an object": cpu / objects * 1e6,
        "processor of PostgreSQL, µs an object": database_cpu / objects * 1e6,
        "processor of the simulated fleet, s": usage.of(stand.members.pid).cpu - before_fleet.cpu,
        "memory of the hub at its most, MiB": peaks.hub / MIB,
        "memory of PostgreSQL at its most, MiB": peaks.postgres / MIB,
    }
    return First(figures, peaks, empty.memory, without)
