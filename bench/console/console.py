"""`console`: every page at a size of fleet: first byte, bytes, largest paint on slow 4G. `demo`: the same of the demo.

The database is filled without API servers (bench/console/fill.py) and the hub follows nothing, so that the figures are
of reading alone. `--keep DIR` keeps the filled database for the next time: at L it takes a quarter of an hour.
The demo lives while it is looked at.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser

from bench.console import paint, stopwatch
from bench.console.fill import filled, folder_of
from bench.console.tell import PageFigures, Pages
from bench.fleet.size import SIZES, Size
from bench.report import Bar, Run
from e2e.browser.pages import visits
from e2e.browser.visitor import chromium
from e2e.demo import Demo
from e2e.hub import Hub
from e2e.plane.program import eventually

QUICK = Size(20, 2, 30)
EACH = 12  # page that the quick form looks at
REQUESTS = 40
PAINTS = 3
TRIES = 2  # of a page that has gone meanwhile, or needs a living cluster
REST = 15.0  # s that the quotas of whoever measures need to fill again
SETTLE = 10.0  # s: the first lists of the demo's clusters are in
FIRST_BYTE = 50.0  # ms, p95
LARGEST_PAINT = 1000.0  # ms, on slow 4G
SCRIPT = 20 * 1024  # bytes, without islands
ISLANDS = ("/gallery",)  # pages that open islands by themselves
# What people ask of the largest lists, besides the pages as they open.
ASKED = (
    "/pods?q=web",
    "/pods?health=bad",
    "/pods?namespace=shop",
    "/pods?labels=app%3Dweb",
    "/pods?sort=-restarts",
    "/pods?sort=age",
    "/events?sort=age",
    "/search?q=checkout",
)


def run(options: Run) -> Pages:
    """Fill, start the hub, measure each page."""
    size = QUICK if options.quick else SIZES[options.size]
    with folder_of(options.keep) as folder:
        took = filled(folder, size)
        hub = Hub(folder, ("bench.console.quiet",))
        try:
            hub.begin()
            hub.take_token()
            figures = _measured(hub, options)
        finally:
            hub.program.stop()
    notes = [
        f"{size.clusters:,} clusters with {size.nodes} nodes and {size.pods:,} pods each, all simulated",
        f"filled in {took:.0f} s",
    ]
    return Pages.of("console", figures, _bars(figures), notes)


def run_demo(options: Run) -> Pages:
    """Start the demo, let its clusters be read, measure each page."""
    with tempfile.TemporaryDirectory(prefix="basefly-bench-") as name, Demo.start(Path(name)) as hub:
        eventually(lambda: bool(hub.get("/clusters", health="healthy")["items"]), seconds=60)
        time.sleep(SETTLE)
        figures = _measured(hub, options)
    notes = ["`basefly demo`: 12 simulated clusters that live, followed by the hub on the same cores"]
    return Pages.of("demo", figures, _bars(figures), notes)


def _measured(hub: Hub, options: Run) -> list[PageFigures]:
    times = (5, 1) if options.quick else (REQUESTS, PAINTS)
    alive, *others = [cluster["name"] for cluster in hub.get("/clusters", health="healthy")["items"]]
    dead = next((cluster["name"] for cluster in hub.get("/clusters", health="unreachable")["items"]), others[0])

    def addresses() -> list[str]:
        paths = [path for path, refused in visits(hub, alive, dead) if not refused and path != "/sign-in"]
        return [*paths, *ASKED][:: EACH if options.quick else 1]

    with hub.session() as browser, chromium() as seen:
        cookies, figures, every = dict(browser.cookies.items()), list[PageFigures](), addresses()
        for place in range(len(every)):
            for _ in range(TRIES):
                try:
                    figures.append(_page(hub, seen, every[place], cookies, times))
                    break
                except stopwatch.Gone as error:
                    print(f"{error}; its like is looked for", file=sys.stderr, flush=True)
                    time.sleep(REST)
                    every = addresses()
        return figures


def _page(hub: Hub, browser: Browser, path: str, cookies: Mapping[str, str], times: tuple[int, int]) -> PageFigures:
    print(path, file=sys.stderr, flush=True)
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()), "Accept": "text/html"}
    cold, taken = stopwatch.first_bytes(hub.port, path, {**headers, "Accept-Encoding": "gzip"}, times[0])
    plain, gzip, brotli = (stopwatch.size(hub.port, path, headers, coding) for coding in ("identity", "gzip", "br"))
    first, second = paint.visits(browser, hub.url, path, cookies, times=times[1])
    return PageFigures(
        path=path,
        first_byte_cold=round(cold, 1),
        first_byte_p50=round(stopwatch.percentile(taken, 0.5), 1),
        first_byte_p95=round(stopwatch.percentile(taken, 0.95), 1),
        html=plain,
        html_gzip=gzip,
        html_brotli=brotli,
        paint=first.paint,
        paint_again=second.paint,
        first_visit=first.bytes,
        second_visit=second.bytes,
        script=first.script,
    )


def _bars(figures: Sequence[PageFigures]) -> list[Bar]:
    """The worst page speaks for all."""

    def worst(what: str, unit: str, most: float) -> Bar:
        told = [one for one in figures if what != "script" or one.path not in ISLANDS]
        page = max(told, key=lambda one: getattr(one, what))
        where = urlsplit(page.path).path if what == "script" else page.path
        return Bar.of(f"{what}, {unit}, at worst: {where}", measured=getattr(page, what), at_most=most)

    return [
        worst("first_byte_p95", "ms", FIRST_BYTE),
        worst("paint", "ms on slow 4G", LARGEST_PAINT),
        worst("script", "bytes of a first visit", SCRIPT),
    ]
