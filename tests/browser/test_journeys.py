"""What people come to do, done with the keyboard alone: the focus is always seen and never lost."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from e2e.browser import Visitor
from e2e.browser.fleet import CRASHING, cluster, pod, simulate
from e2e.browser.journey import Keyboard
from e2e.hub import OWNER, Hub

pytestmark = pytest.mark.browser
BADGE = "#freshness [data-label]"


@pytest.fixture
def keys(visitor: Visitor) -> Keyboard:
    return Keyboard(visitor)


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.page


class TestOverview:
    def test_find_the_pod_that_crash_loops(self, keys: Keyboard, page: Page) -> None:
        keys.open("/")
        keys.enter(page.locator("main").get_by_role("link", name=f"{CRASHING} crash looping"))
        expect(page).to_have_url(re.compile("CrashLoopBackOff"))
        keys.enter(page.locator("[data-rows]").get_by_role("link", name=CRASHING))
        keys.beside(CRASHING)
        expect(page.locator("#drawer")).to_contain_text("back-off 5m0s restarting failed container")

    def test_see_why_a_cluster_is_not_well(self, keys: Keyboard, page: Page) -> None:
        keys.open("/")
        keys.enter(page.locator("main").get_by_role("link", name=re.compile("^dead")).first)
        keys.arrived("dead")
        expect(page.locator("main")).to_contain_text("Unreachable")
        keys.enter(page.locator("#freshness"))
        expect(page.locator("#freshness-why")).to_be_visible()
        keys.press("Escape")
        expect(page.locator("#freshness")).to_be_focused()


class TestLists:
    def test_filter_by_namespace_and_label(self, keys: Keyboard, page: Page) -> None:
        keys.open("/pods")
        keys.press("/")
        keys.type("ns:default label:app=crashing")
        keys.press("Enter")
        expect(page).to_have_url(re.compile("q=ns"))
        expect(page.locator("[data-rows] [data-row-link]")).to_have_text([CRASHING])

    def test_sort_by_a_column_and_back(self, keys: Keyboard, page: Page) -> None:
        keys.open("/pods?cluster=alive")
        head = page.get_by_role("columnheader", name="Restarts")
        keys.enter(head.get_by_role("link"))
        expect(head).to_have_attribute("aria-sort", "ascending")
        keys.press("Enter")
        expect(head).to_have_attribute("aria-sort", "descending")
        counts = page.locator("[data-rows] [data-label=Restarts]").all_inner_texts()
        shown = [int(text.replace(",", "")) for text in counts if text.replace(",", "").isdigit()]
        assert len(set(shown)) > 1
        assert shown == sorted(shown, reverse=True)

    def test_go_to_the_next_page_and_back(self, keys: Keyboard, page: Page) -> None:
        keys.open("/pods")
        first = page.locator("[data-rows] [data-row-link]").first
        name = first.inner_text()
        keys.press("j", "]")
        expect(page).to_have_url(re.compile("cursor="))
        expect(first).not_to_have_text(name)
        keys.press("j", "[")
        expect(first).to_have_text(name)

    def test_show_the_rows_that_wait(self, keys: Keyboard, page: Page, hub: Hub) -> None:
        keys.open("/pods?cluster=alive")
        expect(page.locator(BADGE)).to_have_text("Live")
        keys.press("j")
        name = f"a-{uuid4().hex[:8]}"
        alive = cluster(hub, "alive")
        alive.kubectl("create", "-f", "-", stdin=pod(name))
        expect(page.locator("[data-pending-text]")).to_have_text("1 new")
        keys.press(".")
        expect(page.get_by_role("row").filter(has_text=name)).to_be_visible()
        alive.kubectl("delete", "pod", name, "-n", "default", "--wait=false")

    def test_open_the_events_and_the_yaml_of_a_pod(self, keys: Keyboard, page: Page) -> None:
        keys.open("/pods?cluster=alive")
        keys.press("j", "Enter")
        keys.beside(CRASHING)
        keys.enter(page.get_by_role("button", name="Copy YAML"))
        expect(page.get_by_text("kind: Pod").first).to_be_visible()
        expect(page.get_by_role("heading", name="Events")).to_be_visible()


class TestWays:
    def test_jump_to_an_object_by_the_palette(self, keys: Keyboard, page: Page) -> None:
        keys.open("/")
        keys.press("Control+k")
        keys.type(CRASHING)
        expect(page.locator("[role=option][aria-selected=true]")).to_contain_text(CRASHING)
        keys.press("Enter")
        keys.arrived(CRASHING)

    def test_go_to_a_page_by_two_keys(self, keys: Keyboard) -> None:
        keys.open("/")
        keys.press("g", "n")
        keys.arrived("Nodes")

    def test_skip_to_the_content(self, keys: Keyboard, page: Page) -> None:
        keys.open("/pods")
        keys.press("Tab")
        expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        keys.press("Enter")
        expect(page.locator("#main")).to_be_focused()

    def test_read_the_list_of_keys(self, keys: Keyboard, page: Page) -> None:
        keys.open("/pods")
        keys.press("j", "?")
        expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_contain_text("Next row")
        keys.press("Escape")
        expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
        expect(page.locator("[data-row-link]").first).to_be_focused()


class TestPerson:
    def test_switch_the_colours(self, keys: Keyboard, page: Page) -> None:
        keys.open("/")
        keys.enter(page.get_by_role("button", name="Your account and settings"))
        keys.reach(page.get_by_role("radio", name="System"))
        keys.press("ArrowRight", "ArrowRight")
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    def test_sign_out_and_in(self, keys: Keyboard, page: Page) -> None:
        keys.open("/pods")
        keys.enter(page.get_by_role("button", name="Your account and settings"))
        keys.enter(page.get_by_role("button", name="Sign out"))
        keys.arrived("Sign in")
        expect(page.get_by_label("E-mail address")).to_be_focused()
        keys.type(OWNER["email"])
        keys.reach(page.get_by_label("Password"))
        keys.type(OWNER["password"])
        keys.press("Enter")
        keys.arrived("Fleet overview")


class TestClusters:
    def test_connect_a_cluster_and_rename_it(self, keys: Keyboard, page: Page, hub: Hub) -> None:
        name = f"spare-{uuid4().hex[:6]}"
        spare = simulate(hub.folder, name)
        try:
            self._connect_and_rename(keys, page, hub, name)
        finally:
            spare.kill()
            for left in hub.get("/clusters", q=name)["items"]:
                hub.call("DELETE", f"/clusters/{left['id']}")

    @staticmethod
    def _connect_and_rename(keys: Keyboard, page: Page, hub: Hub, name: str) -> None:
        keys.open("/connect")
        keys.reach(page.locator("[name=name]"))
        keys.type(name)
        keys.press("Enter")
        keys.reach(page.get_by_label("Paste it"))
        page.keyboard.insert_text((hub.folder / f"{name}.kubeconfig").read_text())  # as pasting does
        keys.enter(page.get_by_role("button", name="Check and connect"))
        keys.arrived(f"{name} is connected")
        keys.enter(page.get_by_role("link", name="Open the cluster"))
        keys.arrived(name)
        keys.enter(page.get_by_role("navigation", name="Parts of this cluster").get_by_role("link", name="Settings"))
        keys.reach(page.locator("[name=name]"))
        keys.press("Control+a")
        keys.type(f"{name}-renamed")
        keys.press("Enter")
        keys.arrived(f"{name}-renamed")


class TestShaping:
    def test_choose_a_scope_for_the_list(self, keys: Keyboard, page: Page) -> None:
        keys.open("/pods")
        keys.enter(page.get_by_role("button", name="All clusters"))
        keys.enter(page.locator("#scope-clusters").get_by_role("link", name="See all"))
        keys.arrived("Scope")
        keys.reach(page.get_by_role("checkbox", name=re.compile("^alive")))
        keys.press("Space")
        keys.enter(page.get_by_role("button", name="Show these"))
        keys.arrived("Pods")
        expect(page).to_have_url(re.compile("cluster=alive"))
        expect(page.locator("[data-rows] [data-label=Cluster]").first).to_have_text("alive")

    def test_choose_among_the_facets(self, keys: Keyboard, page: Page) -> None:
        keys.open("/pods?cluster=alive")
        keys.enter(page.get_by_role("button", name="Filters"))
        failing = page.locator("#facets").get_by_role("checkbox", name=re.compile("^Failing"))
        keys.reach(failing)
        keys.press("Space")
        expect(page).to_have_url(re.compile("health=bad"))
        assert failing.evaluate("one => one === document.activeElement"), "who chose goes on from there"
        keys.press("Escape")
        expect(page.locator("#facets")).to_be_hidden()
        expect(page.locator("[data-rows] [data-row-link]", has_text=CRASHING)).to_be_visible()

    def test_leave_out_a_column(self, keys: Keyboard, page: Page) -> None:
        keys.open("/pods?cluster=alive")
        expect(page.get_by_role("columnheader", name="Restarts")).to_be_visible()
        keys.enter(page.get_by_role("button", name="Columns"))
        keys.reach(page.locator("#columns").get_by_role("checkbox", name="Restarts"))
        keys.press("Space")
        keys.enter(page.locator("#columns").get_by_role("button", name="Show these"))
        expect(page).to_have_url(re.compile("columns="))
        expect(page.get_by_role("columnheader", name="Restarts")).to_have_count(0)

    def test_keep_a_list_as_a_view_and_come_back_to_it(self, keys: Keyboard, page: Page) -> None:
        name = f"Failing {uuid4().hex[:6]}"
        keys.open("/pods?health=bad")
        keys.enter(page.locator("main").get_by_role("link", name="Views"))
        keys.arrived("Saved views")
        keys.reach(page.get_by_label("Name", exact=True))
        keys.type(name)
        keys.press("Enter")
        keys.arrived("Pods")
        keys.enter(page.locator("main").get_by_role("link", name="Views"))
        keys.arrived("Saved views")
        keys.enter(page.locator("#views").get_by_role("link", name=re.compile(name)))
        keys.arrived("Pods")
        expect(page).to_have_url(re.compile("health=bad"))

    def test_take_some_rows_as_a_file(self, keys: Keyboard, page: Page) -> None:
        keys.open("/pods?cluster=alive")
        keys.press("j", "x", "j", "x")
        expect(page.locator("[data-selection-count]")).to_contain_text("2")
        keys.reach(page.locator("[data-selection]").get_by_role("button", name="CSV"), backwards=True)
        with page.expect_download() as taken:
            keys.press("Enter")
        assert len(taken.value.path().read_text().splitlines()) == 3

    def test_choose_the_language(self, keys: Keyboard, page: Page) -> None:
        keys.open("/settings")
        keys.choose(page.get_by_label("Language"), "Deutsch")
        keys.press("Enter")
        keys.enter(page.get_by_role("button", name="Save").first)
        expect(page.locator("html")).to_have_attribute("lang", "de")


class TestThings:
    def test_unfold_a_workload_into_its_clusters(self, keys: Keyboard, page: Page) -> None:
        keys.open("/workloads")
        keys.press("j", "Enter")
        expect(page).to_have_url(re.compile("open="))
        expect(page.locator("[data-rows]").get_by_role("link", name=re.compile("^(alive|dead)$")).first).to_be_visible()

    def test_see_what_an_object_belongs_to(self, keys: Keyboard, page: Page) -> None:
        keys.open("/workloads/deployments.apps?cluster=alive")
        keys.press("j", "Enter")
        name = page.locator("[data-row-link]").first.inner_text()
        keys.beside(name)
        keys.enter(page.locator("#drawer").get_by_role("link", name="Graph"))
        keys.arrived(name)
        expect(page).to_have_url(re.compile("/graph"))

    def test_search_the_whole_fleet(self, keys: Keyboard, page: Page) -> None:
        keys.open("/search")
        keys.type(CRASHING)
        keys.press("Enter")
        keys.enter(page.locator("main").get_by_role("link", name=re.compile(CRASHING)).first)
        keys.arrived(CRASHING)
