"""`headlamp`: the same questions put to Headlamp's own build and to ours, in turns, over one slow network.

BASEFLY_HEADLAMP names the folder of a built Headlamp. The clusters are simulated; servers and Chromium are real.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser

from bench.headlamp import sides
from bench.headlamp.sides import Side, Size
from bench.headlamp.tell import Beside, Figures, Moved
from bench.headlamp.visit import Guest, Visit
from bench.report import Run
from e2e.browser.visitor import chromium

SIZE, QUICK = Size(3, 20, 1000), Size(1, 2, 20)
QUICK_PAGE = "one pod"


def run(options: Run) -> Beside:
    """Visit every page of both, round by round."""
    size, built = QUICK if options.quick else SIZE, sides.headlamp()
    with (
        tempfile.TemporaryDirectory(prefix="basefly-bench-") as name,
        sides.sides(Path(name), built, size) as both,
        chromium() as browser,
    ):
        pages = [QUICK_PAGE] if options.quick else list(both[0].pages)
        figures = _pages(browser, both, pages, options.rounds)
        moves = [] if options.quick else _moves(browser, both, options.rounds)
    notes = [
        f"{size.clusters} clusters with {size.nodes} nodes and {size.pods:,} pods each, all simulated; nothing moves",
        f"Headlamp {sides.version(built)}; slow 4G; medians of {options.rounds}",
        "shown: until a name of what the page is about is drawn; bytes: until no more than 2 KB came in two seconds",
    ]
    return Beside.of(figures, moves, notes)


def _pages(browser: Browser, both: tuple[Side, Side], pages: Sequence[str], rounds: int) -> list[Figures]:
    visits: dict[tuple[str, str], list[tuple[Visit, Visit]]] = defaultdict(list)
    for number in range(rounds):
        for page in pages:
            for side in both:
                print(f"round {number + 1}: {page}, {side.name}", file=sys.stderr, flush=True)
                visits[page, side.name].append(_twice(browser, side, page))
    return [
        Figures.of(page, side.name, visits[page, side.name], _faults(browser, side, page))
        for page in pages
        for side in both
    ]


def _twice(browser: Browser, side: Side, page: str) -> tuple[Visit, Visit]:
    with Guest.of(browser, side.url, side.cookies, side.wire) as guest:
        return guest.visit(side.pages[page]), guest.visit(side.pages[page])


def _faults(browser: Browser, side: Side, page: str) -> list[str]:
    with Guest.of(browser, side.url, side.cookies, side.wire, audited=True) as guest:
        return guest.faults(side.pages[page])


def _moves(browser: Browser, both: tuple[Side, Side], rounds: int) -> list[Moved]:
    found: dict[tuple[str, str, str], list[tuple[int, float | None]]] = defaultdict(list)
    for _ in range(rounds):
        for start, end in both[0].moves:
            for side in both:
                print(f"from {start} to {end}, {side.name}", file=sys.stderr, flush=True)
                with Guest.of(browser, side.url, side.cookies, side.wire) as guest:
                    moved = guest.move(side.pages[start], side.moves[start, end], side.pages[end])
                found[start, end, side.name].append(moved)
    return [Moved.of(*move, moves) for move, moves in found.items()]
