"""`memory`: what the hub holds at its most while it reads a fleet for the first time, and while it follows it.

Memory is counted with each process's share of shared pages (PSS). The hub's processes and PostgreSQL's are told apart,
and the simulated fleet's are nobody's. The database is counted whole, and by table.
"""

from __future__ import annotations

import time

from bench.fleet import usage
from bench.fleet.members import Load
from bench.fleet.restart import MIB
from bench.fleet.size import size
from bench.fleet.stand import READ_WITHIN, Stand
from bench.report import Bar, Findings, Run

MOST = {"S": 600.0, "M": 800.0, "L": 1024.0}  # MiB; M is no bar of its own and lies between the others
POD = 4096.0  # bytes of database a pod, with all that surrounds it
RATE = 500.0  # events a second while it is watched
SECONDS, QUICK_SECONDS = 120.0, 5.0
LARGEST = 8  # tables that are told one by one


def run(options: Run) -> Findings:
    """Read the fleet, let it change for two minutes, and look at what is held."""
    fleet = size(options)
    with Stand.start(fleet) as stand:
        pid = stand.hub.program.pid
        empty, _ = usage.of_hub(pid)
        without = sum(stand.sizes().values())
        with usage.watched(pid) as reading:
            stand.register()
            stand.read(seconds=READ_WITHIN[options.size])
        with stand.database() as connection:
            connection.execute("vacuum analyze")
        sizes = stand.sizes()
        with usage.watched(pid) as following:
            stand.members.begin(Load(RATE / (10 if options.quick else 1), QUICK_SECONDS if options.quick else SECONDS))
            changed = stand.members.ended()
            time.sleep(1)
        pods = sum(count for (_, resource), count in stand.members.counts().items() if resource == "pods")
    whole = sum(sizes.values()) - without
    figures = {
        "pods": pods,
        "hub without clusters, MiB": empty.memory / MIB,
        "hub at its most while reading, MiB": reading.hub / MIB,
        "hub at its most while following, MiB": following.hub / MIB,
        "PostgreSQL at its most, MiB": max(reading.postgres, following.postgres) / MIB,
        "events a second": changed.rate,
        "database without clusters, MiB": without / MIB,
        "database beyond that, bytes a pod": whole / pods,
    }
    largest = sorted(sizes.items(), key=lambda pair: -pair[1])[:LARGEST]
    figures |= {f"{table}, bytes a pod": held / pods for table, held in largest}
    bars = [
        Bar.of("hub at its most, MiB", measured=max(reading.hub, following.hub) / MIB, at_most=MOST[options.size]),
        Bar.of("database beyond an empty one, bytes a pod", measured=whole / pods, at_most=POD),
    ]
    return Findings.of("memory", figures, bars, [str(fleet)])
