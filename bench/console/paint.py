"""A visit with Chromium on a slow mobile network: the largest paint, the bytes of a first and of a second visit."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

import msgspec
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page

PHONE = {"width": 390, "height": 844}
# Lighthouse's slow 4G: 1.6 Mbit/s down, 0.75 up, 150 ms there and back.
SLOW_4G = {"offline": False, "latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8}
_LARGEST = """() => new Promise((done) => {
    new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime))
        .observe({type: 'largest-contentful-paint', buffered: true});
})"""


class Visit(msgspec.Struct, frozen=True):
    """Milliseconds of the largest paint; bytes over the wire, and those of scripts among them."""

    paint: float
    bytes: int
    script: int


def visits(browser: Browser, url: str, path: str, cookies: Mapping[str, str], *, times: int) -> tuple[Visit, Visit]:
    """The median first visit, and the second one of a browser that was there before."""
    firsts, seconds = [], []
    for _ in range(times):
        context = browser.new_context(base_url=url, viewport=PHONE)  # type: ignore[arg-type]  # a dict of its two numbers
        context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])
        firsts.append(_visit(context, path))
        seconds.append(_visit(context, path))
        context.close()
    return _median(firsts), _median(seconds)


def _visit(context: BrowserContext, path: str) -> Visit:
    page = context.new_page()
    session = context.new_cdp_session(page)
    wire = Traffic(session)
    session.send("Network.emulateNetworkConditions", SLOW_4G)
    page.goto(path, wait_until="load")
    paint = _largest(page)
    page.close()
    return Visit(round(paint, 1), wire.bytes, wire.script)


def _largest(page: Page) -> float:
    page.wait_for_timeout(300)
    found: float = page.evaluate(_LARGEST)
    return found


class Traffic:
    """Bytes over the network of a page, and those of scripts among them, as Chromium counts them."""

    def __init__(self, session: CDPSession) -> None:
        self.bytes = self.script = 0
        self._scripts: set[str] = set()
        session.send("Network.enable")
        session.on("Network.responseReceived", self._received)
        session.on("Network.loadingFinished", self._finished)

    def _received(self, event: dict[str, Any]) -> None:
        if "javascript" in event["response"]["mimeType"]:
            self._scripts.add(event["requestId"])

    def _finished(self, event: dict[str, Any]) -> None:
        length = int(event["encodedDataLength"])
        self.bytes += length
        self.script += length if event["requestId"] in self._scripts else 0


def _median(found: list[Visit]) -> Visit:
    def middle(name: str) -> Any:
        return statistics.median(getattr(visit, name) for visit in found)

    return Visit(middle("paint"), round(middle("bytes")), round(middle("script")))
