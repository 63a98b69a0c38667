"""Every page in a real Chromium, at three widths in both themes: no axe finding, no complaint, no sideways scroll."""

from __future__ import annotations

from collections import Counter
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser

from e2e.browser import Visitor
from e2e.browser.crawler import Crawler
from e2e.browser.pages import DEAD, VISITS, visits
from e2e.hub import Hub

pytestmark = pytest.mark.browser
EMPTY = "/ /clusters /connect /pods /workloads /images /namespaces /events /objects /search?q=web /settings".split()
EMPTY += (
    "/single-sign-on /service-accounts /settings/identities /settings/data /settings/security /device /access".split()
)
EMPTY += "/access/teams /access/invitations /access/elevations /audit /audit/settings".split()
NOWHERE = "/sign-in/no-such-name"  # looks as one that leads somewhere, so that nobody learns which do
PSEUDO = ("en-XA", "ar-XB")  # a language of long words, and one that is read from right to left


def test_an_empty_hub_has_no_fault(browser: Browser, empty_hub: Hub) -> None:
    with Visitor(browser, empty_hub) as someone:
        found = {"/sign-in": someone.faults("/sign-in")}
        someone.sign_in()
        found |= {path: someone.faults(path) for path in EMPTY}
    assert faulty(found) == {}


def test_no_page_has_a_fault(browser: Browser, hub: Hub) -> None:
    with Visitor(browser, hub) as someone:
        someone.sign_in()
        found = {path: someone.faults(path, refused=refused) for path, refused in visits(hub)}
    assert len(found) >= len(VISITS)
    assert faulty(found) == {}


def test_no_page_has_a_fault_in_high_contrast_and_close_rows(browser: Browser, hub: Hub) -> None:
    with Visitor(browser, hub, preferences={"contrast": "high", "density": "compact"}) as someone:
        someone.sign_in()
        someone.page.goto("/")
        worn = someone.page.locator("html").evaluate("html => [html.dataset.contrast, html.dataset.density]")
        assert worn == ["high", "compact"]
        found = {path: someone.faults(path, refused=refused) for path, refused in visits(hub)}
    assert faulty(found) == {}


@pytest.mark.parametrize("language", PSEUDO)
def test_every_text_fits_in_any_language(browser: Browser, hub: Hub, language: str) -> None:
    with Visitor(browser, hub, preferences={"language": language}) as someone:
        someone.sign_in()
        someone.page.goto("/")
        assert someone.page.locator("html").get_attribute("lang") == language
        found = {path: someone.misfits(path, refused=refused) for path, refused in visits(hub)}
    assert faulty(found) == {}


def test_every_page_has_a_title_of_its_own(browser: Browser, hub: Hub) -> None:
    with Visitor(browser, hub) as someone:
        someone.open("/sign-in")
        someone.sign_in()
        for path, refused in visits(hub):
            if path not in ("/sign-in", NOWHERE) and not refused:
                someone.open(path)
        titles = {(urlsplit(path).path, title) for path, title in someone.titles.items() if "?q=" not in path}
    counted = Counter(title for _, title in titles)
    assert [title for title, times in counted.items() if times > 1] == []
    assert all(title.removesuffix("Basefly").strip(" ·") for _, title in titles)


def test_every_link_and_every_asset_answers(hub: Hub) -> None:
    with hub.session() as owner:
        dead = next(each["id"] for each in hub.get("/clusters")["items"] if each["name"] == DEAD)
        crawler = Crawler(owner, silent=(DEAD, dead))
        crawler.crawl()
    assert crawler.faults == {}
    linked = {path.partition("?")[0] for path in crawler.pages}
    assert {"/", "/pods", "/clusters", "/connect", "/settings", "/api/docs"} <= linked


def faulty(found: dict[str, list[str]]) -> dict[str, list[str]]:
    return {path: faults for path, faults in found.items() if faults}
