"""The drawer, selection, forms, islands and kept pages, in a real Chromium under the content policy as it is."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from e2e.browser import Visitor, axe
from e2e.hub import Hub

pytestmark = pytest.mark.browser
TITLE = "#drawer-title"


@pytest.fixture
def visitor(browser: Browser, hub: Hub) -> Iterator[Visitor]:
    """Someone whose browser lets axe in, and other hosts."""
    with Visitor(browser, hub) as someone:
        someone.sign_in()
        yield someone


@pytest.fixture
def context(browser: Browser, hub: Hub) -> Iterator[BrowserContext]:
    """A browser that keeps to the content policy."""
    with Visitor(browser, hub) as someone:
        someone.sign_in()
        state = someone.context.storage_state()
    context = browser.new_context(base_url=hub.url, viewport={"width": 1440, "height": 900}, storage_state=state)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page, complaints = context.new_page(), list[str]()
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    assert [text for text in complaints if "Failed to load resource" not in text] == []


class TestDrawer:
    def test_holds_the_address_and_back_closes_it(self, page: Page) -> None:
        page.goto("/nodes?cluster=alive")
        link = page.locator("[data-row-link]").nth(1)
        name = link.inner_text()
        link.click()
        expect(page.locator(TITLE)).to_have_text(name)
        expect(page.locator("#drawer #object")).to_contain_text("Conditions")
        expect(page).to_have_url(re.compile(r"cluster=alive&open=%2Fclusters"))
        page.reload()
        expect(page.locator("#drawer #object")).to_contain_text("Conditions")
        expect(page.locator(TITLE)).to_have_text(name)
        page.keyboard.press("Escape")
        expect(page.locator("#drawer")).to_be_hidden()
        expect(page).to_have_url(re.compile(r"/nodes\?cluster=alive$"))

    def test_gives_the_focus_back_and_steps_with_the_rows(self, page: Page) -> None:
        page.goto("/nodes?cluster=alive")
        links = page.locator("[data-row-link]")
        links.nth(0).click()
        expect(page.locator(TITLE)).to_be_focused()
        page.keyboard.press("j")
        expect(page.locator(TITLE)).to_have_text(links.nth(1).inner_text())
        page.keyboard.press("Escape")
        expect(links.nth(1)).to_be_focused()
        expect(page.locator("#drawer")).to_be_hidden()

    def test_stays_while_the_list_is_sorted(self, page: Page) -> None:
        page.goto("/nodes?cluster=alive")
        page.locator("[data-row-link]").nth(0).click()
        expect(page.locator("#drawer #object")).to_be_visible()
        page.get_by_role("columnheader", name="Age", exact=True).get_by_role("link").click()
        expect(page.get_by_role("columnheader", name="Age", exact=True)).to_have_attribute(
            "aria-sort", re.compile("ending")
        )
        expect(page.locator("#drawer #object")).to_be_visible()

    def test_open_has_no_fault(self, visitor: Visitor) -> None:
        visitor.page.goto("/pods?cluster=alive")
        visitor.page.locator("[data-row-link]").nth(0).click()
        expect(visitor.page.locator("#drawer #object")).to_be_visible()
        assert axe(visitor.page) == []

    def test_a_phone_goes_to_the_page(self, browser: Browser, hub: Hub) -> None:
        with Visitor(browser, hub, width=360) as someone:
            someone.sign_in()
            someone.page.goto("/nodes?cluster=alive")
            link = someone.page.locator("[data-row-link]").nth(0)
            name = link.inner_text()
            link.click()
            expect(someone.page.get_by_role("heading", level=1)).to_have_text(name)


def test_a_selection_goes_in_ranges_outlives_the_page_and_is_carried(page: Page) -> None:
    page.goto("/gallery")
    boxes = page.locator("[aria-labelledby=g-selection] input[data-select]")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.locator("#main [data-selection-count]").last).to_have_text("3 selected")
    page.reload()
    expect(boxes.nth(1)).to_be_checked()
    boxes.nth(1).focus()
    page.keyboard.press("x")
    expect(page.locator("#main [data-selection-count]").last).to_have_text("2 selected")
    page.get_by_role("button", name="Show the selected").click()
    expect(page).to_have_url(re.compile(r"selected=prod-eu-west-1&selected=edge-fra-02$"))


def test_a_filter_suggests_what_could_come_next(page: Page) -> None:
    page.goto("/pods")
    field = page.get_by_label("Filter", exact=True)
    field.press_sequentially("stat")
    listed = page.locator("#q-list [role=option]")
    expect(listed.first).to_have_text("status:")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value("status:")
    expect(listed.filter(has_text="Running")).to_be_visible()
    listed.filter(has_text="Running").click()
    expect(field).to_have_value("status:Running ")
    expect(page).to_have_url(re.compile(r"q=status%3ARunning"))
    expect(field).to_be_focused()


def test_tab_goes_from_a_filter_past_its_suggestions(page: Page) -> None:
    page.goto("/pods")
    page.get_by_label("Filter", exact=True).focus()
    expect(page.locator("#q-list [role=option]").nth(9)).to_be_visible()  # more than its height holds: it scrolls
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Filters")).to_be_focused()
    expect(page.locator("#q-list")).to_be_hidden()


def test_a_form_keeps_its_text_and_points_at_what_is_wrong(page: Page) -> None:
    problem = {
        "detail": "The name is taken.",
        "cure": "Choose another.",
        "errors": [{"pointer": "/g-name", "detail": "taken"}],
    }
    page.route(
        "**/refusing", lambda route: route.fulfill(status=409, json=problem, content_type="application/problem+json")
    )
    page.goto("/gallery")
    form = page.locator("form.form").filter(has_text="Letters, digits")
    form.evaluate("form => { form.method = 'post'; form.action = '/refusing'; form.dataset.form = ''; }")
    form.locator("#g-name").fill("typed")
    form.locator("#g-region").fill("eu")
    form.locator("#g-area").fill("apiVersion: v1")
    form.get_by_role("button", name="Save").click()
    expect(form.get_by_role("alert")).to_contain_text("The name is taken. Choose another.")
    expect(form.locator("#g-name")).to_be_focused()
    expect(form.locator("#g-name")).to_have_attribute("aria-invalid", "true")
    expect(form.locator("#g-name")).to_have_value("typed")
    form.evaluate("form => form.reset()")


def test_a_note_of_the_page_is_shown_and_can_be_closed(page: Page) -> None:
    page.goto("/gallery")
    note = page.locator("#toasts .toast").filter(has_text="The gallery was opened.")
    expect(note).to_be_visible()
    note.get_by_role("button", name="Dismiss").click()
    expect(note).to_have_count(0)


class TestIslands:
    def test_the_viewer_searches_and_gives_the_plain_text_back(self, page: Page) -> None:
        page.goto("/gallery")
        page.get_by_role("button", name="Open in viewer").click()
        expect(page.locator(".cm-content")).to_contain_text("currency: EUR")
        assert page.locator(".cm-scroller").evaluate("pane => getComputedStyle(pane).display") == "flex"
        page.locator(".cm-search [name=search]").press_sequentially("retries")
        expect(page.locator(".cm-searchMatch")).to_have_count(1)
        expect(page.locator("[data-viewed]")).to_be_hidden()
        page.get_by_role("button", name="Close the viewer").click()
        expect(page.locator("[data-viewed]")).to_be_visible()

    def test_the_log_draws_what_is_in_sight_and_filters(self, page: Page) -> None:
        page.goto("/gallery")
        log = page.locator("[data-log]")
        expect(log.locator(".log-note")).to_have_text("2,000 lines")
        expect(log.locator(".log-line").last).to_contain_text("(line 1999)")
        assert log.locator(".log-line").count() < 100
        log.get_by_role("searchbox").fill("/line 12\\d\\)/")
        log.get_by_label("Only matches").check()
        expect(log.locator(".log-note")).to_have_text("2,000 lines, 10 match")
        expect(log.locator(".log-line")).to_have_count(10)
        expect(log.locator("mark").first).to_have_text("line 120)")

    def test_the_log_follows_a_stream(self, visitor: Visitor) -> None:
        with Streaming() as (address, more):
            visitor.page.goto("/gallery")
            insert = (
                "address => { const log = document.createElement('div'); log.id = 'mine'; log.dataset.log = address;"
            )
            insert += (
                " document.querySelector('main').prepend(log); document.dispatchEvent(new Event('basefly:placed')); }"
            )
            visitor.page.evaluate(insert, address)
            lines = visitor.page.locator("#mine .log-line")
            expect(lines).to_have_text([re.compile("first")])
            more.set()
            expect(lines).to_have_text([re.compile("first"), re.compile("ERROR second")])
            expect(lines.nth(1)).to_have_class("log-line error")
            expect(visitor.page.locator("#mine .log-note")).to_contain_text("The log has ended.")

    def test_the_chart_is_read_aloud_key_by_key(self, page: Page) -> None:
        page.goto("/gallery")
        chart = page.locator("[data-chart]")
        chart.locator(".chart-canvas").focus()
        page.keyboard.press("Home")
        expect(chart.locator(".chart-voice")).to_have_text(re.compile(r": web 200 MiB, db 420 MiB$"))
        page.keyboard.press("ArrowRight")
        expect(chart.locator(".chart-voice")).to_have_text(re.compile(r"db 418 MiB$"))
        page.keyboard.press("+")
        chart.get_by_role("button", name="Show all").click()
        expect(chart.get_by_role("button", name="Show all")).to_be_hidden()


class TestTheApi:
    def test_an_operation_is_found_and_tried(self, page: Page) -> None:
        page.goto("/api/docs")
        page.get_by_label("Filter operations").fill("one kind over")
        found = page.locator("[data-operation]:visible")
        expect(found).to_have_count(1)
        found.get_by_role("link").click()
        page.get_by_label("resource").fill("nodes")
        page.get_by_label("limit").fill("1")
        page.get_by_role("button", name="Send").click()
        answer = page.locator("[data-answer]")
        expect(answer).to_contain_text("200 OK")
        expect(answer).to_contain_text('"items"')

    def test_headers_are_sent_and_what_is_refused_is_shown(self, page: Page) -> None:
        page.goto("/api/docs/create_role")
        page.get_by_label("Idempotency-Key").fill("with spaces")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("[data-answer]")).to_contain_text("Idempotency-Key")


class TestOffline:
    def test_shows_the_kept_copy_of_this_very_address_with_its_age(self, context: BrowserContext, page: Page) -> None:
        self._keep(page, "/nodes?cluster=alive")
        context.set_offline(True)
        page.goto("/nodes?cluster=alive")
        expect(page.locator("#hub-silent")).to_have_text(re.compile(r"Offline\. This is what was there at \d"))
        page.goto("/nodes?cluster=dead")
        expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
        expect(page.get_by_role("link", name="/nodes?cluster=alive")).to_be_visible()
        context.set_offline(False)
        page.goto("/nodes?cluster=alive")
        expect(page.locator("#freshness [data-label]")).to_have_text("Live")
        expect(page.locator("#hub-silent")).to_be_hidden()

    def test_keeps_nothing_of_settings_nor_after_signing_out(self, page: Page) -> None:
        self._keep(page, "/nodes?cluster=alive")
        page.goto("/settings")
        assert self._kept(page) == ["/nodes?cluster=alive"]
        page.get_by_role("button", name="Your account and settings").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        assert self._kept(page) == []

    @staticmethod
    def _keep(page: Page, address: str) -> None:
        """Visit a page until it is kept: the first visits install the worker and say whose pages these are."""
        page.goto("/settings")
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        page.wait_for_function("navigator.serviceWorker.controller !== null")
        page.wait_for_function("caches.open('basefly-whose').then(all => all.keys()).then(keys => keys.length > 0)")
        page.goto(address)
        page.wait_for_function("caches.open('basefly-pages').then(all => all.keys()).then(keys => keys.length > 0)")

    @staticmethod
    def _kept(page: Page) -> list[str]:
        names = "keys.map(key => new URL(key.url)).map(url => url.pathname + url.search)"
        kept: list[str] = page.evaluate(f"caches.open('basefly-pages').then(all => all.keys()).then(keys => {names})")
        return kept


class Streaming:
    """A tiny server whose one answer comes in two pieces, the second when `more` is set."""

    def __enter__(self) -> tuple[str, threading.Event]:
        more = threading.Event()

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Access-Control-Allow-Origin", "*")
                self.end_headers()
                self.wfile.write(b"2026-01-02T03:04:05Z first\n2026-01-02T03:04:06Z ERR")
                self.wfile.flush()
                more.wait(10)
                self.wfile.write(b"OR second\n")

            def log_message(self, *_: object) -> None:
                """The test says enough."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self._server.server_port}/", more

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
