"""What one visit costs: bytes, scripts, largest paint, when what one came for is on screen, memory."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import msgspec
from playwright.sync_api import Browser, BrowserContext, CDPSession, Error, Page

from bench.console.paint import Traffic
from bench.headlamp.wire import FREE, SLOW_4G, Wire
from e2e.browser.faults import axe

DESKTOP = {"width": 1440, "height": 900}  # what both are made for
MOST = 60.0  # s that a page may take to show a name
SILENCE, TRICKLE = 2.0, 2048  # s, with no more bytes than signs of life need: all that belongs to the page has come
# Notes the moment (of the epoch, ms) when one of the names is drawn, alone or first, at an address that ends so.
_LOOK = """([names, ending]) => {
    const wanted = new Set(names);
    const drawn = (text) => {
        const around = text.parentElement, box = around.getBoundingClientRect();
        const inside = box.width > 1 && box.height > 1 && box.top < innerHeight && box.bottom > 0;
        return inside && around.checkVisibility({opacityProperty: true, visibilityProperty: true});
    };
    const look = () => {
        if (document.body && location.pathname.endsWith(ending)) {
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (texts.nextNode()) {
                const text = texts.currentNode.textContent.trim();
                if ((wanted.has(text) || wanted.has(text.split(' ', 1)[0])) && drawn(texts.currentNode)) {
                    window.__shown = performance.timeOrigin + performance.now();
                    return;
                }
            }
        }
        requestAnimationFrame(look);
    };
    look();
}"""
_LARGEST = """() => new Promise((done) => {
    new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
        .observe({type: 'largest-contentful-paint', buffered: true});
    setTimeout(() => done(0), 2000);
})"""


class Aim(NamedTuple):
    """A page, the names of which one is enough to say that it shows what one came for, and how its address ends."""

    path: str
    names: Sequence[str]
    ending: str


class Visit(msgspec.Struct, frozen=True):
    """Bytes that came, scripts among them; ms of the largest paint and until a name was on screen; bytes of heap.

    `shown` is None where no name came; the page was then given MOST seconds.
    """

    bytes: int
    script: int
    paint: float
    shown: float | None
    heap: int


class Guest:
    """A browser of its own: nothing kept from before, signed in where one signs in."""

    def __init__(self, context: BrowserContext, wire: Wire) -> None:
        self._context, self._wire = context, wire

    @classmethod
    @contextmanager
    def of(
        cls, browser: Browser, url: str, cookies: Sequence[Any], wire: Wire, *, audited: bool = False
    ) -> Iterator[Guest]:
        """`audited` is for axe, which is injected and takes what is half faded in for faint; it needs no slow wire."""
        size: Any = DESKTOP
        context = browser.new_context(
            base_url=url, viewport=size, bypass_csp=audited, reduced_motion="reduce" if audited else None
        )
        context.add_cookies(cookies)
        wire.pace = FREE if audited else SLOW_4G
        yield cls(context, wire)
        context.close()

    def visit(self, aim: Aim) -> Visit:
        """By its address, in a new tab."""
        page, session = self._tab(aim)
        traffic = Traffic(session)
        before, begun = self._wire.received, time.time()
        page.goto(aim.path, wait_until="commit", timeout=MOST * 1000)
        shown = self._settled(page, begun)
        found = Visit(self._wire.received - before, traffic.script, _largest(page), shown, _heap(session))
        page.close()
        return found

    def move(self, start: Aim, links: Sequence[str], end: Aim) -> tuple[int, float | None]:
        """Bytes, and ms until a name is shown, from one page to another by its links."""
        page, _ = self._tab(start)
        page.goto(start.path, wait_until="commit", timeout=MOST * 1000)
        self._settled(page, time.time())
        page.add_init_script(f"({_LOOK})({json.dumps([list(end.names), end.ending])})")
        page.evaluate("() => { window.__shown = undefined; }")
        page.evaluate(_LOOK, [list(end.names), end.ending])
        before, begun = self._wire.received, time.time()
        for link in links:
            page.locator(link).first.click(timeout=MOST * 1000)
        shown = self._settled(page, begun)
        found = self._wire.received - before, shown
        page.close()
        return found

    def _tab(self, aim: Aim) -> tuple[Page, CDPSession]:
        page = self._context.new_page()
        page.add_init_script(f"({_LOOK})({json.dumps([list(aim.names), aim.ending])})")
        return page, self._context.new_cdp_session(page)

    def _settled(self, page: Page, begun: float) -> float | None:
        """Wait for a name, then for silence; ms from `begun` to the name."""
        until, shown = time.monotonic() + MOST, None
        while shown is None and time.monotonic() < until:
            page.wait_for_timeout(100)
            with suppress(Error):  # between two documents nobody answers
                shown = page.evaluate("window.__shown ?? null")
        page.wait_for_load_state("load", timeout=MOST * 1000)
        while self._wire.moved(SILENCE) > TRICKLE and time.monotonic() < until + MOST:
            page.wait_for_timeout(100)
        return None if shown is None else round(shown - begun * 1000, 1)

    def faults(self, aim: Aim) -> list[str]:
        """The rules of axe that the page breaks, once it is there and quiet."""
        page, _ = self._tab(aim)
        page.goto(aim.path, wait_until="commit")
        self._settled(page, time.time())
        found = axe(page)
        page.close()
        return found


def _largest(page: Page) -> float:
    found: float = page.evaluate(_LARGEST)
    return round(found, 1)


def _heap(session: CDPSession) -> int:
    """Bytes of JavaScript's heap after a collection."""
    session.send("HeapProfiler.collectGarbage")
    session.send("Performance.enable")
    metrics = session.send("Performance.getMetrics")["metrics"]
    return int(next(one["value"] for one in metrics if one["name"] == "JSHeapUsedSize"))
