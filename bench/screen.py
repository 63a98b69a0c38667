"""`screen`: from a change in a cluster to the page that shows it, at fifty changes a second of the pods on the page.

The cluster is simulated, in a process of its own; hub and Chromium are real. Both ends read the same clock.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import msgspec
import uvloop
from playwright.sync_api import Page
from rich.console import Console

from basefly.sim import Cluster, Fleet
from bench.console.stopwatch import percentile
from bench.report import Bar, Run, bars_table
from e2e.browser.visitor import Visitor, chromium
from e2e.hub import Hub
from e2e.plane import cluster as plane
from e2e.plane.program import eventually

PODS = 50  # what a page shows
RATE = 50.0  # changes a second
SECONDS, QUICK_SECONDS = 20.0, 3.0
SETTLE = 3.0  # s: the last change has this long to appear
HALF, MOST = 300.0, 1000.0  # ms: p50 and p99 of PRODUCT's third bar
NAME = "screen-{:03}"
# Notes, for each row, when its restarts were first shown as a number.
_WATCH = """() => {
    const list = document.getElementById('content'), seen = (window.seen = []);
    const text = (row, part) => row.querySelector(part)?.textContent.trim();
    const rows = () => [...list.querySelectorAll('[data-rows] > tr')];
    const shown = () => rows().map((row) => [text(row, '[data-row-link]'), text(row, '[data-label=Restarts]')]);
    let before = new Map(shown());
    new MutationObserver(() => {
        const at = performance.timeOrigin + performance.now(), now = new Map(shown());
        for (const [name, count] of now) if (before.get(name) !== count) seen.push([name, Number(count), at]);
        before = now;
    }).observe(list, {subtree: true, childList: true, characterData: true});
}"""
_STATE = """() => ({
    focus: document.activeElement?.textContent.trim() ?? '',
    scroll: scrollY,
    rows: [...document.querySelectorAll('[data-rows] > tr')].map((row) => row.id),
})"""


class Screen(msgspec.Struct, frozen=True):
    """Milliseconds from change to screen; `kept` says whether focus, scroll and the order of rows stayed."""

    bench: str
    figures: Mapping[str, float]
    kept: Mapping[str, bool]
    bar: Sequence[Bar]
    holds: bool

    def table(self) -> str:
        """For people."""
        console = Console(file=io.StringIO(), width=120, record=True)
        console.print(
            bars_table(self.bar), *(f"{name}: {value:,.1f}" for name, value in self.figures.items()), sep="\n"
        )
        console.print(*(f"{name} kept: {'yes' if kept else 'NO'}" for name, kept in self.kept.items()), sep="\n")
        return console.export_text()


def run(options: Run) -> Screen:
    """Change pods, watch the page, join both by pod and number."""
    seconds = QUICK_SECONDS if options.quick else SECONDS
    with tempfile.TemporaryDirectory(prefix="basefly-bench-") as name, _cluster() as changing:
        folder = Path(name)
        with Hub.start(folder / "hub") as hub, chromium() as browser, Visitor(browser, hub) as someone:
            (folder / "kubeconfig").write_text(changing.kubeconfig)
            hub.register(plane.Cluster(folder / "kubeconfig", "screen"), name="screen")
            eventually(lambda: len(hub.objects("pods", cluster="screen")) == PODS, seconds=60)
            someone.sign_in()
            before = _open(someone.page)
            changes = changing.run(seconds)
            someone.page.wait_for_timeout(SETTLE * 1000)
            after, seen = someone.page.evaluate(_STATE), someone.page.evaluate("window.seen")
    return _joined(changes, seen, {name: before[name] == after[name] for name in before})


def _open(page: Page) -> Any:
    """The list, live, scrolled, and with the focus on a row; what of it must stay."""
    page.goto("/pods?cluster=screen")
    page.locator("#freshness [data-label]").get_by_text("Live").wait_for()
    for _ in range(20):
        page.keyboard.press("j")
    page.mouse.move(0, 0)
    page.wait_for_timeout(300)
    page.evaluate(_WATCH)
    return page.evaluate(_STATE)


def _joined(changes: Sequence[tuple[str, int, float]], seen: Sequence[Any], kept: Mapping[str, bool]) -> Screen:
    """A change that another overtook was shown when the later one was."""
    shown: dict[str, list[tuple[int, float]]] = {}
    for name, count, at in seen:
        shown.setdefault(name, []).append((count, at))
    waits, lost = [], 0
    for name, count, at in changes:
        moment = next((when for number, when in shown.get(name, ()) if number >= count), None)
        lost += moment is None
        waits += [] if moment is None else [moment - at * 1000]
    waits.sort()
    p50, p95, p99 = (percentile(waits, share) for share in (0.5, 0.95, 0.99))
    span = changes[-1][2] - changes[0][2]
    told = {"changes": len(changes), "changes a second": len(changes) / span, "never shown": lost}
    figures = told | {"p50 ms": p50, "p95 ms": p95, "p99 ms": p99, "mean ms": statistics.fmean(waits)}
    bars = [
        Bar.of("p50 from change to screen, ms", measured=p50, at_most=HALF),
        Bar.of("p99 from change to screen, ms", measured=p99, at_most=MOST),
        Bar.of("changes never shown", measured=lost, at_most=0),
        Bar.of("focus, scroll or rows that moved", measured=sum(not one for one in kept.values()), at_most=0),
    ]
    rounded = {name: round(value, 1) for name, value in figures.items()}
    return Screen("screen", rounded, kept, bars, all(bar.holds for bar in bars))


class _Changing:
    """The cluster, seen from outside."""

    def __init__(self, connection: Connection, kubeconfig: str) -> None:
        self._connection, self.kubeconfig = connection, kubeconfig

    def run(self, seconds: float) -> list[tuple[str, int, float]]:
        """Change pods for so long; pod, restarts and moment of each change."""
        self._connection.send(seconds)
        changes: list[tuple[str, int, float]] = self._connection.recv()
        return changes


@contextmanager
def _cluster() -> Iterator[_Changing]:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_main, args=(theirs,), daemon=True)
    process.start()
    try:
        yield _Changing(ours, ours.recv())
    finally:
        process.kill()
        process.join()


def _main(connection: Connection) -> None:
    uvloop.run(_live(connection))


async def _live(connection: Connection) -> None:
    cluster = Cluster("screen")
    for number in range(PODS):
        cluster.api.create(_pod(NAME.format(number)))
    async with Fleet.listening([cluster]):
        connection.send(cluster.kubeconfig())
        while True:
            seconds = await asyncio.to_thread(connection.recv)
            connection.send(await _change(cluster, seconds))


async def _change(cluster: Cluster, seconds: float) -> list[tuple[str, int, float]]:
    changes: list[tuple[str, int, float]] = []
    begun = asyncio.get_running_loop().time()
    for number in itertools.count():
        due = begun + number / RATE
        if due > begun + seconds:
            return changes
        await asyncio.sleep(due - asyncio.get_running_loop().time())
        name, count = NAME.format(number * 7 % PODS), number // PODS + 1
        cluster.api.change("pods", name, "default", by=partial(_restart, count))
        changes.append((name, count, time.time()))
    raise AssertionError


def _restart(count: int, pod: dict[str, Any]) -> None:
    pod["status"]["containerStatuses"][0]["restartCount"] = count


def _pod(name: str) -> dict[str, Any]:
    container = {"name": "app", "image": "registry.example/app:1", "imageID": "", "ready": True, "restartCount": 0}
    running = {"state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}, "started": True}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [{"name": "app", "image": "registry.example/app:1"}]},
        "status": {"phase": "Running", "containerStatuses": [container | running]},
    }
