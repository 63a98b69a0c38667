"""What shows while an answer is slow: rows to come, for whom one waits, and a way to keep what was there."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from e2e.browser import Visitor, axe

pytestmark = pytest.mark.browser
CONTENT, BAR, TITLE, OBJECT = "#content", "[data-waiting]", "#drawer-title", "#drawer #object"
ROWS = "tbody[data-rows] > tr"
LONG = 4000  # ms: the line comes after three seconds
# Where everything is that a reader looks at or presses, and how much the page has shifted since it was loaded.
PLACES = """() => [...document.querySelectorAll("#main :is(h1, input, button, th, td, tr), #drawer")]
    .filter((one) => one.checkVisibility() && !one.closest("[data-waiting]"))
    .map((one) => one.getBoundingClientRect()).map((box) => [box.x, box.y, box.width, box.height].join())"""
COUNT = """() => {
    window.turns = 0;
    new MutationObserver((all) => { turns += all.length }).observe(content, {attributeFilter: ["aria-busy"]});
}"""
HOLD = """() => {
    const whole = window.fetch, answered = new Promise((go) => { window.answer = go });
    const givenUp = (signal) => new Promise((_, stop) => signal?.addEventListener("abort", () => stop(signal.reason)));
    window.fetch = async (address, asked) => {
        if (new Headers(asked?.headers).has("x-fragment")) await Promise.race([answered, givenUp(asked.signal)]);
        return whole(address, asked);
    };
}"""
UNREADABLE = """(rows) => rows.every((row) => [...row.children].every((cell) =>
    getComputedStyle(cell).color === "rgba(0, 0, 0, 0)"
    && [...cell.children].every((part) => getComputedStyle(part).opacity === "0")))"""


class Slow:
    """A hub that does not answer for parts of pages until it is let.

    They are held in the page: past a service worker that starts meanwhile, Chromium may let a request slip by a route.
    """

    def __init__(self, page: Page) -> None:
        self.page = page
        page.evaluate(HOLD)

    def answer(self) -> None:
        """Let it answer whatever it was asked, and whatever it will be."""
        self.page.evaluate("answer()")


@pytest.fixture
def page(visitor: Visitor) -> Page:
    """The nodes of the living cluster, at rest."""
    visitor.page.goto("/nodes?cluster=alive&q=hcloud")  # those that nothing happens to
    expect(visitor.page.locator("#freshness [data-label]")).to_have_text("Live")
    return visitor.page


@pytest.fixture
def slow(page: Page) -> Slow:
    return Slow(page)


def sort(page: Page) -> None:
    page.get_by_role("columnheader", name="Age", exact=True).get_by_role("link").click()


class TestList:
    def test_its_rows_become_rows_to_come_and_nothing_moves(self, page: Page, slow: Slow) -> None:
        before = page.evaluate(PLACES)
        sort(page)
        expect(page.locator(CONTENT)).to_have_attribute("aria-busy", "true")
        assert page.locator(ROWS).evaluate_all(UNREADABLE)
        assert page.evaluate(PLACES) == before
        expect(page.locator(BAR)).to_contain_text("Waiting for alive…", timeout=LONG)
        expect(page.locator("#announcer")).to_have_text("Waiting for alive…")
        assert page.evaluate(PLACES) == before
        assert axe(page) == []
        slow.answer()
        expect(page.locator(BAR)).to_have_count(0)
        expect(page.locator(CONTENT)).not_to_have_attribute("aria-busy", "true")
        expect(page).to_have_url(re.compile("sort=age"))
        assert not page.locator(ROWS).evaluate_all(UNREADABLE)

    def test_cancel_keeps_the_rows_the_address_and_the_field(self, page: Page, slow: Slow) -> None:
        rows, address = page.locator(ROWS).all_inner_texts(), page.url
        page.locator("#q").fill("nothing-is-called-so")
        page.locator(BAR).get_by_role("button", name="Cancel").click(timeout=LONG + 1000)
        expect(page.locator(BAR)).to_have_count(0)
        expect(page.locator(CONTENT)).not_to_have_attribute("aria-busy", "true")
        slow.answer()
        expect(page.locator("#q")).to_have_value("hcloud")
        expect(page.locator("[data-row-link]").first).to_be_focused()
        assert (page.locator(ROWS).all_inner_texts(), page.url) == (rows, address)

    def test_cancel_of_a_step_back_brings_the_address_of_what_is_shown(self, page: Page) -> None:
        sort(page)
        expect(page).to_have_url(re.compile("sort=age"))
        slow = Slow(page)
        page.go_back()
        page.locator(BAR).get_by_role("button", name="Cancel").click(timeout=LONG + 1000)
        slow.answer()
        expect(page).to_have_url(re.compile("sort=age"))

    def test_who_types_on_sees_no_rows_come_and_go(self, page: Page, slow: Slow) -> None:
        page.locator("#q").fill("a")
        expect(page.locator(CONTENT)).to_have_attribute("aria-busy", "true")
        page.evaluate(COUNT)
        page.locator("#q").fill("alive")
        page.wait_for_timeout(600)
        slow.answer()
        expect(page.locator(CONTENT)).not_to_have_attribute("aria-busy", "true")
        assert page.evaluate("turns") <= 2  # it was set again, and it went

    def test_a_quick_answer_shows_no_rows_to_come(self, page: Page) -> None:
        link = page.get_by_role("columnheader", name="Age", exact=True).get_by_role("link")
        ready = page.request.get(link.get_attribute("href") or "", headers={"X-Fragment": "content"})
        page.route(re.compile("sort=age"), lambda route: route.fulfill(response=ready))
        page.evaluate(COUNT)
        link.click()
        expect(page).to_have_url(re.compile("sort=age"))
        assert page.evaluate("turns") == 0


class TestDrawer:
    def test_its_head_stands_at_once_and_rows_wait_for_the_object(self, page: Page, slow: Slow) -> None:
        link = page.locator("[data-row-link]").nth(1)
        link.click()
        expect(page.locator(TITLE)).to_have_text(link.inner_text())
        expect(page.locator("#drawer")).to_have_attribute("aria-busy", "true")
        expect(page.locator("#drawer .skeleton > div").first).to_be_visible()
        expect(page.locator("#drawer").locator(BAR)).to_contain_text("Waiting for alive…", timeout=LONG)
        assert axe(page) == []
        slow.answer()
        expect(page.locator(OBJECT)).to_contain_text("Conditions")
        expect(page.locator("#drawer .skeleton")).to_have_count(0)
        expect(page.locator("#drawer")).not_to_have_attribute("aria-busy", "true")

    def test_cancel_closes_what_was_opened(self, page: Page, slow: Slow) -> None:
        page.locator("[data-row-link]").nth(1).click()
        page.locator("#drawer").get_by_role("button", name="Cancel").click(timeout=LONG + 1000)
        expect(page.locator("#drawer")).to_be_hidden()
        expect(page).to_have_url(re.compile(r"/nodes\?cluster=alive&q=hcloud$"))
        slow.answer()
        expect(page.locator(OBJECT)).to_have_count(0)

    def test_cancel_keeps_the_object_that_was_there(self, page: Page) -> None:
        links = page.locator("[data-row-link]")
        links.nth(0).click()
        expect(page.locator(OBJECT)).to_contain_text("Conditions")
        page.locator(OBJECT).evaluate("shown => shown.dataset.mine = true")
        address = page.url
        slow = Slow(page)
        page.keyboard.press("j")
        expect(page.locator(TITLE)).to_have_text(links.nth(1).inner_text())
        expect(page.locator(OBJECT)).to_be_hidden()
        page.locator("#drawer").get_by_role("button", name="Cancel").click(timeout=LONG + 1000)
        slow.answer()
        expect(page.locator(TITLE)).to_have_text(links.nth(0).inner_text())
        expect(page.locator(OBJECT)).to_be_visible()
        expect(page.locator(OBJECT)).to_have_attribute("data-mine", "true")
        assert page.url == address
