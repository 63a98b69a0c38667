"""A real Chromium, and everything on a page that a machine can find wrong with it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from e2e.hub import OWNER, Hub

SHOTS = os.environ.get("BASEFLY_SCREENSHOTS", "")  # a folder for pictures of every page that is looked at
AXE = Path(__file__).parent.parent / "frontend/node_modules/axe-core/axe.min.js"
WIDTHS = (360, 768, 1440)
HEIGHT = 900
THEMES = ("light", "dark")
FLAGS = (
    "--disable-background-networking --disable-component-update --disable-sync --disable-gpu --disable-quic"
    " --no-first-run --disable-dev-shm-usage"
).split()
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
AUDIT = """async () => {
    const {violations} = await axe.run(document, {resultTypes: ['violations']});
    const places = (found) => found.nodes.slice(0, 3).map((node) => node.target).join(', ');
    return violations.map((found) => `${found.id}: ${found.help} at ${places(found)}`);
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, headless."""
    binary = os.environ.get("BASEFLY_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert binary, "Chromium is missing: apt-get install chromium, or BASEFLY_CHROMIUM=/path/to/it"
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=[*FLAGS, *sandbox])
        yield browser
        browser.close()


class Visitor:
    """The owner at a browser; `complaints` gathers what the console of any page says."""

    def __init__(self, browser: Browser, hub: Hub, *, width: int = 1440, theme: str = "light") -> None:
        self.context = browser.new_context(
            base_url=hub.url,
            viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if theme == "dark" else "light",
            bypass_csp=True,  # for axe alone, which is injected; the pages' own scripts carry the nonce
        )
        self.view = f"{width}-{theme}"
        self.complaints: list[str] = []
        self._refused: set[str] = set()
        self.page = self.context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def sign_in(self) -> None:
        self.page.goto("/sign-in")
        self.page.get_by_label("E-mail address").fill(OWNER["email"])
        self.page.get_by_label("Password").fill(OWNER["password"])
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def faults(self, path: str, *, refused: bool = False) -> list[str]:
        """What is wrong with the page at `path`: answer, console, sideways scroll, accessibility.

        A page that is to be `refused` must answer so, which Chromium puts into the console by itself, soon or late.
        """
        if refused:
            self._refused.add(path)
        answer = self.page.goto(path)
        assert answer, f"{path} did not answer"
        found = [] if answer.ok != refused else [f"answered {answer.status}"]
        sideways: int = self.page.evaluate(SIDEWAYS)
        if sideways > 0:
            found.append(f"scrolls sideways by {sideways} px")
        if SHOTS:
            name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "overview"
            self.page.screenshot(path=Path(SHOTS) / f"{name[-60:]}-{self.view}.png", full_page=True)
        said, self.complaints = self.complaints, []
        return [*found, *axe(self.page), *said]

    def _said(self, message: ConsoleMessage) -> None:
        expected = message.location["url"].endswith(tuple(self._refused))
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(f"console {message.type}: {message.text}")


def axe(page: Page) -> list[str]:
    """Every rule of axe that the page breaks, with the first places."""
    assert AXE.exists(), "axe is missing: make assets"
    page.add_script_tag(path=str(AXE))
    found: list[Any] = page.evaluate(AUDIT)
    return [f"axe {text}" for text in found]
