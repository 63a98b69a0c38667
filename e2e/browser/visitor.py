"""A real Chromium, and the owner of a hub who looks at its pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal, Self

from playwright.sync_api import Browser, ConsoleMessage, sync_playwright

from e2e.browser.faults import axe, cut, headings, sideways
from e2e.hub import Hub

WIDTHS = (360, 768, 1440)
HEIGHT = 900
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
USUAL = {"time_zone": "", "theme": "system", "contrast": "system", "density": "comfortable", "motion": "system"}
FLAGS = (
    "--disable-background-networking --disable-component-update --disable-sync --disable-gpu --disable-quic"
    " --no-first-run --disable-dev-shm-usage"
).split()


def binary() -> str:
    """Where Chromium is; fails with the cure."""
    found = os.environ.get("BASEFLY_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    assert found, "Chromium is missing: apt-get install chromium, or BASEFLY_CHROMIUM=/path/to/it"
    return found


def flags() -> list[str]:
    """What it is started with: no errands of its own; root has no sandbox."""
    return [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, headless."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary(), args=flags())
        yield browser
        browser.close()


class Visitor:
    """The owner at a browser; `complaints` gathers what the console of any page says.

    `preferences` are the owner's own from signing in on, whatever others chose before, and in cookies; the language is
    in a cookie alone, for pseudo languages cannot be chosen.
    """

    def __init__(
        self,
        browser: Browser,
        hub: Hub,
        *,
        width: int = 1440,
        theme: Theme = "light",
        touch: bool = False,
        preferences: Mapping[str, str] | None = None,
    ) -> None:
        self.context = browser.new_context(
            base_url=hub.url,
            viewport={"width": width, "height": HEIGHT},
            color_scheme=theme,
            reduced_motion="reduce",  # what is half faded in would count as faint
            has_touch=touch,
            bypass_csp=True,  # for axe alone, which is injected; the pages' own scripts carry the nonce
        )
        self.context.add_cookies(
            [{"name": name, "value": value, "url": hub.url} for name, value in (preferences or {}).items()]
        )
        self._hub, self._preferences = hub, preferences or {}
        self.complaints: list[str] = []
        self.titles: dict[str, str] = {}
        self._refused: set[str] = set()
        self.page = self.context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(f"exception: {error}"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def sign_in(self) -> None:
        """By the form's names, which no language changes."""
        self._hub.call("PUT", "/me/preferences", json=USUAL | {**self._preferences, "language": ""})
        self.page.goto("/sign-in")
        self.page.locator("[name=email]").fill(self._hub.owner["email"])
        self.page.locator("[name=password]").fill(self._hub.owner["password"])
        self.page.locator("[name=password]").press("Enter")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def faults(self, path: str, *, refused: bool = False) -> list[str]:
        """What is wrong with the page at `path` in every width and both themes.

        Answer, console, headings, sideways scroll, texts that are cut, accessibility. A page that is to be `refused`
        must answer so, which Chromium puts into the console by itself, soon or late.
        """
        found = [*self.open(path, refused=refused), *headings(self.page)]
        for width in WIDTHS:
            found += self._fitting(width)
            for theme in THEMES:
                self.page.emulate_media(color_scheme=theme)
                found += [f"{fault} ({width} px, {theme})" for fault in axe(self.page)]
        return [*found, *self.said()]

    def misfits(self, path: str, *, refused: bool = False) -> list[str]:
        """What does not fit into the page at `path` in any width: texts that are cut, sideways scroll."""
        found = self.open(path, refused=refused)
        for width in WIDTHS:
            found += self._fitting(width)
        return [*found, *self.said()]

    def _fitting(self, width: int) -> list[str]:
        self.page.set_viewport_size({"width": width, "height": HEIGHT})
        return [f"{fault} ({width} px)" for fault in [*sideways(self.page), *cut(self.page)]]

    def open(self, path: str, *, refused: bool = False) -> list[str]:
        """Go there; what is wrong with the answer."""
        if refused:
            self._refused.add(path)
        answer = self.page.goto(path)
        assert answer, f"{path} did not answer"
        self.titles[path] = self.page.title()
        return [] if answer.ok != refused else [f"answered {answer.status}"]

    def said(self) -> list[str]:
        """What the console said since it was asked last."""
        said, self.complaints = self.complaints, []
        return said

    def _said(self, message: ConsoleMessage) -> None:
        expected = message.location["url"].endswith(tuple(self._refused))
        if message.type in ("error", "warning") and not expected:
            self.complaints.append(f"console {message.type}: {message.text}")
