"""`memory`: what the hub holds at its most while it reads a fleet for the first time, and while it follows it.

Memory is counted with each process's share of shared pages (PSS). The hub's processes and PostgreSQL's are told apart,
and the simulated fleet's are nobody's. The database is counted whole, and by table.
"""

from __future__ import annotations

import time

from bench.fleet import first, usage
from bench.fleet.first import MIB, First
from bench.fleet.members import Load
from bench.fleet.size import size
from bench.fleet.stand import Stand
from bench.report import Bar, Findings, Run

MOST = {"S": 600.0, "M": 800.0, "L": 1024.0}  # MiB; M is no bar of its own and lies between the others
POD = 4096.0  # bytes of database a pod, with all that surrounds it
RATE = 500.0  # events a second while it is watched
SECONDS, QUICK_SECONDS = 120.0, 5.0
LARGEST = 8  # tables that are told one by one


def run(options: Run) -> Findings:
    """Read the fleet, let it change for two minutes, and look at what is held."""
    with Stand.start(size(options)) as stand:
        return found(stand, first.read(stand, options), options)


def found(stand: Stand, read: First, options: Run) -> Findings:
    """What the first sync held, and what following holds now."""
    with stand.database() as connection:
        connection.execute("vacuum analyze")
    sizes = stand.sizes()
    with usage.watched(stand.hub.program.pid) as following:
        stand.members.begin(Load(RATE / (10 if options.quick else 1), QUICK_SECONDS if options.quick else SECONDS))
        changed = stand.members.ended()
        time.sleep(1)
    pods = sum(count for (_, resource), count in stand.members.counts().items() if resource == "pods")
    reading, whole = read.peaks, sum(sizes.values()) - read.without
    figures = {
        "pods": pods,
        "hub without clusters, MiB": read.empty / MIB,
        "hub at its most while reading, MiB": reading.hub / MIB,
        "hub at its most while following, MiB": following.hub / MIB,
        "PostgreSQL at its most, MiB": max(reading.postgres, following.postgres) / MIB,
        "events a second": changed.rate,
        "database without clusters, MiB": read.without / MIB,
        "database beyond that, bytes a pod": whole / pods,
    }
    largest = sorted(sizes.items(), key=lambda pair: -pair[1])[:LARGEST]
    figures |= {f"{table}, bytes a pod": held / pods for table, held in largest}
    bars = [
        Bar.of("hub at its most, MiB", measured=max(reading.hub, following.hub) / MIB, at_most=MOST[options.size]),
        Bar.of("database beyond an empty one, bytes a pod", measured=whole / pods, at_most=POD),
    ]
    return Findings.of("memory", figures, bars, [str(stand.size)])
