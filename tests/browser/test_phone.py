"""What people come to do at night, on a screen of 360 pixels, by touch: what they touch is as large as a fingertip."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from e2e.browser import Visitor
from e2e.browser.fleet import CRASHING
from e2e.browser.pages import ALIVE
from e2e.hub import OWNER, Hub

pytestmark = pytest.mark.browser
FINGERTIP = 24  # px, the least of WCAG 2.2 (2.5.8); what is tapped here is asked to be so at its smaller side


@pytest.fixture
def page(browser: Browser, hub: Hub) -> Iterator[Page]:
    with Visitor(browser, hub, width=360, touch=True) as someone:
        someone.sign_in()
        yield someone.page
    assert someone.complaints == []


_SIZE = """it => {
    it.scrollIntoView({block: 'nearest'});
    const box = it.getBoundingClientRect();
    return [box.width, box.height];
}"""


def tap(target: Locator) -> None:
    """Touch it, if it is large enough to be hit."""
    # In one go: a list that is still being typed for may be drawn anew between two looks at it.
    size = target.evaluate(_SIZE)
    assert min(size) >= FINGERTIP, f"{target} is {size[0]:.0f} × {size[1]:.0f}"
    target.tap()


def test_see_what_is_wrong_and_open_it(page: Page) -> None:
    page.goto("/")
    page.locator("main").get_by_role("link", name=f"{CRASHING} crash looping").tap()
    page.locator("[data-rows]").get_by_role("link", name=CRASHING).tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(CRASHING)
    expect(page.locator("main")).to_contain_text("back-off 5m0s restarting failed container")


def test_go_anywhere_by_the_bar_and_the_sheet(page: Page) -> None:
    page.goto("/")
    tap(page.get_by_role("navigation", name="Quick").get_by_role("link", name="Pods"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Pods")
    tap(page.get_by_role("button", name="More"))
    tap(page.get_by_role("navigation", name="All pages").get_by_role("link", name="Nodes"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Nodes")


@pytest.mark.parametrize(("path", "tab"), [("/access/explanation", "Check access"), ("/access", "Members")])
def test_the_open_tab_is_in_sight(page: Page, path: str, tab: str) -> None:
    page.goto(path)
    expect(page.locator(".tabs [aria-current]")).to_have_text(tab)
    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.99)


def test_a_role_is_read_as_a_whole(page: Page) -> None:
    page.goto("/access/roles")
    viewer = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="Viewer"))
    expect(viewer).to_contain_text("access:read, clusters:read, gateway:read, inventory:read")
    expect(page.get_by_role("table")).to_be_hidden()


def test_filter_a_list_in_its_sheet(page: Page) -> None:
    page.goto("/pods?cluster=alive")
    tap(page.get_by_role("button", name="Filters"))
    sheet = page.locator("#facets")
    tap(sheet.get_by_role("group", name="Namespace").locator("label", has_text="default"))
    tap(sheet.get_by_role("button", name="Apply"))
    expect(page).to_have_url(re.compile("namespace=default"))
    expect(page.get_by_role("link", name=CRASHING)).to_be_visible()


def test_find_an_object_by_its_name(page: Page) -> None:
    page.goto("/")
    tap(page.locator(".find"))
    page.keyboard.type(CRASHING)
    tap(page.locator("[role=option]").filter(has_text=CRASHING).first)
    expect(page.get_by_role("heading", level=1)).to_have_text(CRASHING)


def test_look_at_a_cluster_and_what_runs_in_it(page: Page) -> None:
    page.goto("/clusters")
    page.get_by_role("link", name=ALIVE, exact=True).first.tap()
    expect(page.get_by_role("heading", level=1)).to_have_text(ALIVE)
    tap(page.get_by_role("region", name="Namespaces with most pods").get_by_role("link").first)
    expect(page).to_have_url(re.compile("cluster=alive"))


def test_sign_out_and_in(page: Page) -> None:
    page.goto("/")
    tap(page.get_by_role("button", name="Your account and settings"))
    tap(page.get_by_role("button", name="Sign out"))
    page.get_by_label("E-mail address").fill(OWNER["email"])
    page.get_by_label("Password").fill(OWNER["password"])
    tap(page.get_by_role("button", name="Sign in"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Fleet overview")
