"""The gallery in every look: no axe finding, nothing sideways, nothing too small to hit, nothing covered."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from playwright.sync_api import Browser

from e2e.browser import THEMES, WIDTHS, Theme, Visitor, axe
from e2e.browser.faults import sideways
from e2e.hub import Hub

pytestmark = pytest.mark.browser
PAGES = ("/gallery", "/gallery/states")
VARIANTS: tuple[dict[str, str], ...] = (
    {},
    {"data-contrast": "high"},
    {"data-density": "compact"},
    {"dir": "rtl"},
    {"data-contrast": "high", "data-density": "compact", "dir": "rtl", "data-motion": "reduced"},
)
WEAR = (
    "(look) => { for (const [name, value] of Object.entries(look)) document.documentElement.setAttribute(name, value) }"
)
# What is pressed or chosen, by its label where it has one. Links within a text are as high as its lines (WCAG 2.5.8).
SMALL = """(least) => [...document.querySelectorAll("main :is(a, button, input, select, textarea, summary)")]
    .filter((one) => one.checkVisibility() && getComputedStyle(one).display !== "inline")
    .map((one) => [one, (one.closest("label") ?? one).getBoundingClientRect()])
    .filter(([, box]) => Math.min(box.width, box.height) < least)
    .map(([one, box]) => `${one.outerHTML.slice(0, 80)}: ${box.width} by ${box.height}`)"""
FINGER = """() => [...document.querySelectorAll("main :is(.button, .input, .menu-item, .facet)")]
    .filter((one) => one.checkVisibility() && !one.closest(".copy, .code") && one.getBoundingClientRect().height < 44)
    .map((one) => one.outerHTML.slice(0, 80))"""
BESIDE = """() => {
    const [main, drawer] = ["main", "drawer"].map((id) => document.getElementById(id).getBoundingClientRect());
    const covered = Math.min(main.right, drawer.right) - Math.max(main.left, drawer.left);
    return {covered: Math.max(0, covered), width: drawer.width};
}"""


@pytest.mark.parametrize(("width", "theme"), list(product(WIDTHS, THEMES)))
def test_the_gallery_has_no_fault_in_any_look(browser: Browser, empty_hub: Hub, width: int, theme: Theme) -> None:
    found: dict[str, Any] = {}
    with Visitor(browser, empty_hub, width=width, theme=theme) as someone:
        someone.sign_in()
        for path, look in product(PAGES, VARIANTS):
            someone.page.goto(path)
            someone.page.evaluate(WEAR, look)
            faults = [*axe(someone.page), *someone.page.evaluate(SMALL, 24)]
            found[f"{path} {look}"] = [*faults, *sideways(someone.page)]
        found["console"] = someone.complaints
    assert {view: faults for view, faults in found.items() if faults} == {}


@pytest.mark.parametrize("density", ["comfortable", "compact"])
def test_fingers_find_room_on_a_phone(browser: Browser, empty_hub: Hub, density: str) -> None:
    with Visitor(browser, empty_hub, width=390) as someone:
        someone.sign_in()
        someone.page.goto("/gallery")
        someone.page.evaluate(WEAR, {"data-density": density})
        assert someone.page.evaluate(FINGER) == []


def test_colours_of_the_system_leave_everything_readable(browser: Browser, empty_hub: Hub) -> None:
    with Visitor(browser, empty_hub) as someone:
        someone.sign_in()
        someone.page.emulate_media(forced_colors="active")
        someone.page.goto("/gallery")
        assert axe(someone.page) == []


@pytest.mark.parametrize(("width", "drawer"), [(1024, 480), (1440, 480), (1600, 560)])
def test_the_drawer_covers_nothing_where_there_is_room(
    browser: Browser, empty_hub: Hub, width: int, drawer: int
) -> None:
    with Visitor(browser, empty_hub, width=width) as someone:
        someone.sign_in()
        someone.page.goto("/gallery/states?drawer=open")
        assert someone.page.evaluate(BESIDE) == {"covered": 0, "width": drawer}
        assert sideways(someone.page) == []
        someone.page.wait_for_timeout(250)  # it appears softly, and axe would take half-seen for faint
        assert axe(someone.page) == []


def test_a_dialog_opens_without_fault(browser: Browser, empty_hub: Hub) -> None:
    with Visitor(browser, empty_hub) as someone:
        someone.sign_in()
        someone.page.goto("/gallery")
        someone.page.get_by_role("button", name="Remove prod-eu-west-1…").click()
        someone.page.get_by_role("button", name="Keep it").wait_for()
        someone.page.wait_for_timeout(250)  # the opening is animated, and axe would take half-seen for faint
        assert axe(someone.page) == []


def test_why_an_action_is_refused_is_said_on_focus(browser: Browser, empty_hub: Hub) -> None:
    with Visitor(browser, empty_hub) as someone:
        someone.sign_in()
        someone.page.goto("/gallery")
        reason = someone.page.locator("#g-refused-reason")
        assert not reason.is_visible()
        someone.page.locator("[aria-describedby=g-refused-reason]").focus()
        assert reason.is_visible()


def test_the_menu_narrows_and_stays_narrow(browser: Browser, empty_hub: Hub) -> None:
    with Visitor(browser, empty_hub) as someone:
        someone.sign_in()
        someone.page.locator("[data-nav-toggle]").click()
        someone.page.goto("/gallery")
        assert someone.page.locator("#nav").bounding_box()["width"] == 60  # type: ignore[index]  # it is on the page
        assert someone.page.locator("[data-nav-toggle]").get_attribute("aria-pressed") == "true"
        assert axe(someone.page) == []


def test_paper_has_no_navigation(browser: Browser, empty_hub: Hub) -> None:
    with Visitor(browser, empty_hub) as someone:
        someone.sign_in()
        someone.page.goto("/gallery")
        someone.page.emulate_media(media="print")
        assert not someone.page.locator("#nav").is_visible()
        assert not someone.page.locator(".button").first.is_visible()
        assert someone.page.locator(".table").first.is_visible()
        ground = someone.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
