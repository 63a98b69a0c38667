"""What the module adds to the pages, in a real Chromium, and the pages without it."""

from __future__ import annotations

import json
import re
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.browser import THEMES, Theme, Visitor, axe
from e2e.hub import Hub
from e2e.plane.cluster import Cluster

pytestmark = pytest.mark.browser
SOON = 5000  # ms; how soon it is on a quiet machine, the bench of freshness says
BADGE = "#freshness [data-label]"


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.page


@pytest.fixture
def alive(hub: Hub) -> Cluster:
    return Cluster(hub.folder / "alive.kubeconfig", "sim-1")


def open_pods(page: Page, query: str = "") -> None:
    """The list of pods of the living cluster, and its stream."""
    page.goto(f"/pods?cluster=alive{query}")
    expect(page.locator(BADGE)).to_have_text("Live")


def make(cluster: Cluster, name: str) -> None:
    """A pod that sorts before all others."""
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"containers": [{"name": "app", "image": "registry.example/app:1"}]},
    }
    cluster.kubectl("create", "-f", "-", stdin=json.dumps(pod))


def first_name() -> str:
    return f"a-{uuid4().hex[:8]}"


class TestLive:
    def test_a_new_row_waits_in_the_bar_until_it_is_asked_for(self, page: Page, alive: Cluster) -> None:
        open_pods(page)
        before = page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.id)")
        name = first_name()
        make(alive, name)
        expect(page.locator("[data-pending-text]")).to_have_text("1 new", timeout=SOON)
        assert page.locator("tbody tr").evaluate_all("rows => rows.map(row => row.id)") == before
        page.keyboard.press(".")
        expect(page.get_by_role("row").filter(has_text=name)).to_be_visible()
        expect(page.locator("[data-pending]")).to_be_hidden()
        alive.kubectl("delete", "pod", name, "-n", "default", "--wait=false")
        expect(page.locator("[data-pending-text]")).to_have_text("1 gone", timeout=SOON)
        expect(page.locator("tr.gone")).to_contain_text(name)

    def test_an_empty_list_fills_by_itself_and_its_last_row_does_not_vanish(self, page: Page, alive: Cluster) -> None:
        name = first_name()
        open_pods(page, f"&q={name}")
        expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
        make(alive, name)
        expect(page.get_by_role("row").filter(has_text=name)).to_be_visible(timeout=SOON)
        alive.kubectl("delete", "pod", name, "-n", "default", "--wait=false")
        expect(page.locator("tr.gone")).to_contain_text(name, timeout=SOON)
        page.keyboard.press(".")
        expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()

    def test_focus_stays_where_it_is(self, page: Page, alive: Cluster) -> None:
        open_pods(page)
        page.keyboard.press("j")
        held = page.evaluate("document.activeElement.textContent")
        name = first_name()
        make(alive, name)
        expect(page.locator("[data-pending-text]")).to_have_text("1 new", timeout=SOON)
        assert page.evaluate("document.activeElement.textContent") == held
        alive.kubectl("delete", "pod", name, "-n", "default", "--wait=false")

    def test_a_dead_cluster_is_named_and_counted(self, page: Page) -> None:
        page.goto("/pods")
        expect(page.locator(BADGE)).to_have_text("1 cluster behind")
        expect(page.locator("[data-stale]")).to_contain_text("dead")
        page.locator("#freshness").click()
        expect(page.locator("#freshness-why")).to_contain_text("not every cluster answers the hub")

    def test_without_a_network_the_badge_says_so_until_it_is_back(self, visitor: Visitor) -> None:
        open_pods(visitor.page)
        visitor.context.set_offline(True)
        expect(visitor.page.locator(BADGE)).to_have_text(re.compile(r"^Offline, as of \d"))
        visitor.context.set_offline(False)
        expect(visitor.page.locator(BADGE)).to_have_text("Live")
        visitor.complaints.clear()  # Chromium notes the connection that broke

    def test_an_object_shows_what_no_list_tells_of_and_that_it_is_gone(self, visitor: Visitor, alive: Cluster) -> None:
        name = first_name()
        make(alive, name)
        open_pods(visitor.page, f"&q={name}")
        visitor.page.goto(visitor.page.locator("[data-row-link]").get_attribute("href") or "")
        expect(visitor.page.locator(BADGE)).to_have_text("Live")
        alive.kubectl("annotate", "pod", name, "-n", "default", "note=hello-from-kubectl")
        expect(visitor.page.get_by_text("hello-from-kubectl").first).to_be_attached(timeout=15_000)
        alive.kubectl("delete", "pod", name, "-n", "default", "--wait=false")
        expect(visitor.page.get_by_role("alert")).to_contain_text("no longer exists", timeout=15_000)
        expect(visitor.page.locator(BADGE)).to_have_text(re.compile(r"^Deleted, as of \d"))
        visitor.complaints.clear()  # Chromium notes the 404

    def test_a_session_that_ended_is_told_without_losing_the_page(self, visitor: Visitor, alive: Cluster) -> None:
        open_pods(visitor.page)
        visitor.context.clear_cookies()
        name = first_name()
        make(alive, name)
        expect(visitor.page.get_by_role("alert")).to_be_visible()
        expect(visitor.page.get_by_role("link", name="Sign in again")).to_have_attribute("href", "/sign-in?next=/pods")
        alive.kubectl("delete", "pod", name, "-n", "default", "--wait=false")
        visitor.complaints.clear()  # Chromium notes the 401


class TestFilters:
    def test_typing_filters_and_is_one_step_back(self, page: Page) -> None:
        open_pods(page)
        page.keyboard.press("/")
        page.keyboard.type("no-such-pod", delay=60)
        expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
        expect(page).to_have_url(re.compile("q=no-such-pod"))
        expect(page.locator("#q")).to_be_focused()
        page.go_back()
        expect(page.get_by_role("heading", name="Nothing matches")).to_be_hidden()
        expect(page.locator("#q")).to_have_value("")

    def test_a_header_sorts_and_the_address_follows(self, page: Page) -> None:
        open_pods(page)
        head = page.get_by_role("columnheader", name="Restarts")
        head.get_by_role("link").click()
        expect(head).to_have_attribute("aria-sort", "ascending")
        expect(page).to_have_url(re.compile("sort=restarts"))
        head.get_by_role("link").click()
        expect(head).to_have_attribute("aria-sort", "descending")

    def test_what_cannot_be_asked_is_told_in_place(self, visitor: Visitor) -> None:
        open_pods(visitor.page)
        visitor.page.locator("#q").fill("restarts:many")
        expect(visitor.page.locator("#mistake")).to_contain_text("is no number")
        expect(visitor.page.locator("#q")).to_have_attribute("aria-invalid", "true")
        visitor.complaints.clear()  # Chromium notes the 422

    def test_on_a_phone_the_filters_wait_in_a_sheet(self, browser: Browser, hub: Hub) -> None:
        with Visitor(browser, hub, width=360) as someone:
            someone.sign_in()
            someone.page.goto("/pods")
            sheet = someone.page.locator("#facets")
            expect(sheet).to_be_hidden()
            someone.page.get_by_role("button", name="Filters").click()
            sheet.get_by_role("group", name="Namespace").get_by_text("kube-system").click()
            sheet.get_by_role("button", name="Apply").click()
            expect(sheet).to_be_hidden()
            expect(someone.page.get_by_role("link", name="namespace kube-system (remove this filter)")).to_be_visible()


class TestKeys:
    def test_the_first_stop_is_the_way_to_the_content(self, page: Page) -> None:
        page.goto("/pods")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()

    def test_j_and_k_walk_the_rows_and_enter_opens_one_beside_them(self, page: Page) -> None:
        open_pods(page)
        names = page.locator("[data-row-link]")
        page.keyboard.press("j")
        page.keyboard.press("j")
        expect(names.nth(1)).to_be_focused()
        page.keyboard.press("k")
        expect(names.nth(0)).to_be_focused()
        name = names.nth(0).inner_text()
        page.keyboard.press("Enter")
        expect(page.locator("#drawer-title")).to_have_text(name)
        expect(page.locator("#drawer-title")).to_be_focused()

    def test_s_and_a_letter_sort(self, page: Page) -> None:
        open_pods(page)
        page.keyboard.press("s")
        page.keyboard.press("e")
        expect(page.get_by_role("columnheader", name="Restarts")).to_have_attribute("aria-sort", "ascending")

    def test_a_shortcut_takes_other_keys_but_none_that_are_taken(self, page: Page) -> None:
        open_pods(page)
        page.keyboard.press("?")
        keys = page.get_by_role("dialog", name="Keyboard shortcuts")
        keys.get_by_role("button", name="Change the keys of: Next row").click()
        page.keyboard.press("k")
        expect(keys.locator("[data-note]")).to_contain_text("already “Previous row”")
        keys.get_by_role("button", name="Change the keys of: Next row").click()
        page.keyboard.press("h")
        expect(keys.locator("[data-note]")).to_contain_text("Next row is h now")
        page.keyboard.press("Escape")
        page.keyboard.press("h")
        expect(page.locator("[data-row-link]").first).to_be_focused()

    def test_two_keys_in_turn_go_to_a_page(self, page: Page) -> None:
        page.goto("/pods")
        page.keyboard.press("g")
        page.keyboard.press("n")
        expect(page.get_by_role("heading", level=1)).to_have_text("Nodes")

    def test_the_list_of_keys_switches_single_ones_off(self, page: Page) -> None:
        page.goto("/pods")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Next row")
        page.get_by_label("Use single keys").uncheck()
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()

    def test_the_palette_finds_pages_clusters_and_objects(self, page: Page) -> None:
        page.goto("/")
        page.keyboard.press("Control+k")
        box = page.get_by_role("combobox", name="Search pages, clusters and objects")
        expect(box).to_be_focused()
        page.keyboard.type("ali")
        chosen = page.locator("[role=option][aria-selected=true]")
        expect(chosen).to_contain_text("alive")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("alive")

    def test_escape_closes_the_palette_and_focus_goes_home(self, page: Page) -> None:
        page.goto("/")
        opener = page.get_by_role("link", name="Search everything")
        opener.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog", name="Search everything")).to_be_visible()
        page.keyboard.press("Escape")
        expect(opener).to_be_focused()


@pytest.mark.parametrize("theme", THEMES)
class TestOverlays:
    def test_what_opens_has_no_fault(self, browser: Browser, hub: Hub, theme: Theme) -> None:
        with Visitor(browser, hub, theme=theme) as someone:
            someone.sign_in()
            someone.page.goto("/pods")
            found = {"account": self._with(someone.page, ".avatar")}
            found["freshness"] = self._with(someone.page, "#freshness")
            someone.page.keyboard.press("Control+k")
            someone.page.keyboard.type("a")
            expect(someone.page.locator("#palette [role=option]").first).to_be_visible()
            found["palette"] = axe(someone.page)
            someone.page.keyboard.press("Escape")
            someone.page.keyboard.press("?")
            expect(someone.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
            found["shortcuts"] = axe(someone.page)
        assert {name: faults for name, faults in found.items() if faults} == {}

    def test_what_opens_on_a_phone_has_no_fault(self, browser: Browser, hub: Hub, theme: Theme) -> None:
        with Visitor(browser, hub, width=360, theme=theme) as someone:
            someone.sign_in()
            someone.page.goto("/pods")
            found = {"more": self._with(someone.page, "button[popovertarget=more]")}
            found["filters"] = self._with(someone.page, "button[popovertarget=facets]")
        assert {name: faults for name, faults in found.items() if faults} == {}

    @staticmethod
    def _with(page: Page, opener: str) -> list[str]:
        page.locator(opener).click()
        page.wait_for_timeout(250)  # the opening is animated, and axe would take half-seen for faint
        found = axe(page)
        page.keyboard.press("Escape")
        return found


def test_a_colour_chosen_stays_and_is_there_at_once(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Your account and settings").click()
    page.get_by_text("Dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    answer = page.goto("/pods")
    assert answer is not None
    assert 'data-theme="dark"' in answer.text()


def test_copying_takes_the_yaml_without_managed_fields(visitor: Visitor, hub: Hub) -> None:
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_pods(visitor.page)
    visitor.page.locator("[data-row-link]").first.click()
    visitor.page.get_by_role("button", name="Copy YAML").click()
    expect(visitor.page.get_by_role("button", name="Copied")).to_be_visible()
    copied: str = visitor.page.evaluate("navigator.clipboard.readText()")
    assert "kind: Pod\n" in copied
    assert "managedFields" not in copied


def test_everything_works_without_the_module(browser: Browser, hub: Hub) -> None:
    context = browser.new_context(base_url=hub.url, java_script_enabled=False)
    with Visitor(browser, hub) as someone:
        someone.sign_in()
        context.add_cookies(someone.context.cookies())  # type: ignore[arg-type]  # what one context gives, another takes
    page = context.new_page()
    page.goto("/pods?cluster=alive")
    page.get_by_label("Filter", exact=True).fill("no-such-pod")
    page.get_by_label("Filter", exact=True).press("Enter")
    expect(page.get_by_role("heading", name="Nothing matches")).to_be_visible()
    page.get_by_role("link", name="Clear filters").click()
    page.get_by_role("columnheader", name="Age").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Age")).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("link", name="Search everything").click()
    page.get_by_role("searchbox").fill("alive")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("region", name="Clusters").get_by_role("link", name="alive")).to_be_visible()
    context.close()
