"""Passkeys, codes and confirmations in a real Chromium with its virtual authenticator, under the content policy."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from e2e.browser import Visitor
from e2e.hub import OWNER, Hub
from tests.core.factors.people import App

pytestmark = pytest.mark.browser
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub of its own: its owner gets factors, which would stand in the way of other tests."""
    with Hub.start(tmp_path_factory.mktemp("guarded")) as hub:
        yield hub


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def page(browser: Browser, guarded: Hub, complaints: list[str]) -> Iterator[Page]:
    """A browser with an authenticator, at the name that passkeys are made for."""
    context = browser.new_context(base_url=guarded.url.replace("127.0.0.1", "localhost"))
    page = context.new_page()
    page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    yield page
    context.close()


def give_password(page: Page) -> None:
    page.goto("/sign-in?next=/settings/security")
    page.locator("[name=email]").fill(OWNER["email"])
    page.locator("[name=password]").fill(OWNER["password"])
    page.locator("[name=password]").press("Enter")


def arrive(page: Page, path: str) -> None:
    page.wait_for_url(lambda url: urlsplit(url).path == path)


def session(page: Page) -> str:
    return next(str(cookie.get("value")) for cookie in page.context.cookies() if cookie.get("name") == "basefly")


def sign_out(page: Page) -> None:
    page.context.clear_cookies()


def test_a_passkey_is_made_and_signs_in_and_proves_and_an_app_too(
    page: Page, guarded: Hub, complaints: list[str]
) -> None:
    give_password(page)
    arrive(page, "/settings/security")

    page.goto("/settings/security/passkeys")
    page.locator("#passkey-name").fill("Olive's laptop")
    page.locator("[data-passkey=make] button").click()
    page.locator("#made").wait_for()
    codes = page.locator("#codes").inner_text().split()
    assert len(codes) == 10
    page.locator("#made a").click()
    arrive(page, "/settings/security")
    assert page.locator("#passkeys .row-name").inner_text().startswith("Olive's laptop")

    page.locator("#passkeys [popovertarget]").click()
    page.locator("#passkeys [popover] input").fill("Olive's desk")
    page.locator("#passkeys [popover] input").press("Enter")
    page.locator("#passkeys .row-name", has_text="Olive's desk").wait_for()

    sign_out(page)
    page.goto("/sign-in?next=/settings/security")
    page.locator("[data-passkey=sign-in] button").click()
    arrive(page, "/settings/security")

    before = session(page)
    page.goto("/confirm?next=/settings")
    page.locator("[data-passkey=confirm] button").click()
    arrive(page, "/settings")
    assert session(page) != before

    page.goto("/settings/security")
    page.locator("#totp button").click()
    arrive(page, "/settings/security/totp")
    app = App(page.locator("#secret").inner_text())
    assert page.locator("figure svg").count() == 1
    page.locator("[name=code]").fill(app.code())
    page.locator("[name=code]").press("Enter")
    arrive(page, "/settings/security")
    assert page.locator("#totp").inner_text().count("Set up") == 1

    sign_out(page)
    give_password(page)
    page.locator("[name=totp]").fill(app.code())
    page.locator("[name=totp]").press("Enter")
    arrive(page, "/settings/security")

    sign_out(page)
    give_password(page)
    page.locator("[data-passkey=sign-in] button").click()
    arrive(page, "/settings/security")
    assert complaints == []


def test_one_who_has_no_passkey_here_is_told(browser: Browser, guarded: Hub) -> None:
    context = browser.new_context(base_url=guarded.url)  # by its address, where no passkey works
    page = context.new_page()
    page.goto("/sign-in")
    page.locator("[data-passkey=sign-in] button").click()
    page.locator("[data-passkey=sign-in] .mistake").wait_for()
    assert "localhost" in page.locator("[data-passkey=sign-in] .mistake").inner_text()
    context.close()


def test_pages_that_lead_away_until_their_time_have_no_fault(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Hub.start(tmp_path_factory.mktemp("pages")) as hub, Visitor(browser, hub) as someone:
        someone.sign_in()
        someone.page.goto("/settings/security")
        someone.page.locator("#totp button").click()
        arrive(someone.page, "/settings/security/totp")
        app = App(someone.page.locator("#secret").inner_text())
        assert someone.faults("/settings/security/totp") == []
        someone.page.locator("[name=code]").fill(app.code())
        someone.page.locator("[name=code]").press("Enter")
        someone.page.locator("#codes").wait_for()
        someone.page.locator("main a.primary").click()
        assert someone.faults("/settings/security") == []
        assert someone.faults("/confirm?next=/settings") == []
        someone.page.context.clear_cookies()
        give_password(someone.page)
        someone.page.locator("[name=totp]").wait_for()
        assert someone.faults("/sign-in/second-step") == []
        assert someone.faults("/sign-in") == []
