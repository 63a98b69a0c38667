"""`python -m bench.runs.sizing`: the table of docs/operations/sizing.md, from the newest full runs on this machine.

Run `restart`, `memory`, `freshness` and `api` at the sizes that the table shall have; a size without runs is left out.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bench.fleet.size import SIZES
from bench.runs.history import newest
from bench.runs.page import rewrite

PAGE = Path(__file__).parents[2] / "docs/operations/sizing.md"
NAME = "bench.runs.sizing"
BENCHES = ("stages", "restart", "memory", "freshness", "api")
GIB = 2**30

Figures = Mapping[str, float]
ROWS: Mapping[str, Callable[[Figures], str]] = {
    "first sync": lambda found: f"{_first(found, 'first sync, s'):,.0f} s",
    "objects a second": lambda found: f"{_first(found, 'objects a second'):,.0f}",
    "followed after a restart": lambda found: f"{found['restart: after a stop: until all is followed, s']:,.0f} s",
    "memory of the hub, reading": lambda found: f"{found['memory: hub at its most while reading, MiB']:,.0f} MiB",
    "memory of the hub, following": lambda found: f"{found['memory: hub at its most while following, MiB']:,.0f} MiB",
    "memory of PostgreSQL": lambda found: f"{found['memory: PostgreSQL at its most, MiB']:,.0f} MiB",
    "database": lambda found: f"{_database(found) / GIB:,.1f} GiB",
    "database, for each pod": lambda found: f"{found['memory: database beyond that, bytes a pod']:,.0f} bytes",
    "cores of the hub, following": lambda found: f"{found['freshness: cores of the hub']:.2f}",
    "cores of PostgreSQL, following": lambda found: f"{found['freshness: cores of PostgreSQL']:.2f}",
    "changes a second": lambda found: f"{found['freshness: changes a second']:,.0f}",
    "change to reader, p50 and p99": lambda found: _pair(found, "freshness"),
    "of 200 requests a second, answered": lambda found: f"{found['api: answered a second']:,.0f}",
    "those, p50 and p99": lambda found: _pair(found, "api"),
}


def main() -> int:
    """Write the table into the page, and print it."""
    sys.stdout.write(rewrite(PAGE, NAME, lines()))
    return 0


def lines() -> Iterator[str]:
    """The lines of the table in Markdown."""
    found = {name: figures for name in SIZES if (figures := _figures(name))}
    yield f"| | {' | '.join(found)} |"
    yield f"|---|{'--:|' * len(found)}"
    for what in ("clusters", "nodes", "pods"):
        counts = (_count(name, what) for name in found)
        yield f"| {what} | {' | '.join(f'{count:,}' for count in counts)} |"
    for what, told in ROWS.items():
        yield f"| {what} | {' | '.join(_told(told, figures) for figures in found.values())} |"


def _figures(size: str) -> Figures:
    return {
        f"{bench}: {name}": value
        for bench in BENCHES
        if (past := newest(bench, size)) is not None
        for name, value in past.figures.items()
    }


def _told(told: Callable[[Figures], str], figures: Figures) -> str:
    try:
        return told(figures)
    except KeyError:
        return "not run"


def _count(name: str, what: str) -> int:
    size = SIZES[name]
    each: int = {"clusters": 1, "nodes": size.nodes, "pods": size.pods}[what]
    return size.clusters * each


def _first(found: Figures, what: str) -> float:
    """Of a first sync, whichever bench has seen one."""
    return found.get(f"restart: {what}") or found[f"stages: {what}"]


def _database(found: Figures) -> float:
    return found["memory: database beyond that, bytes a pod"] * found["memory: pods"]


def _pair(found: Figures, bench: str) -> str:
    return f"{found[f'{bench}: p50, ms']:,.0f} and {found[f'{bench}: p99, ms']:,.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
