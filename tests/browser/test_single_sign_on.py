"""Sign-in with the company's account in a real Chromium, at a certified provider, and of a device after that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.browser import Visitor
from e2e.hub import Hub
from tests.browser.test_security import DEVICE
from tests.oidc.server import Provider, running

pytestmark = pytest.mark.browser
NAME = "Certified ID"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory, hub: Hub) -> Iterator[Provider]:
    """The provider, which knows the hub, and which the hub knows."""
    with running(tmp_path_factory.mktemp("oidc")) as started:
        client = started.register(f"{hub.url}/sso/callback")
        wish = {"name": NAME, "issuer": started.issuer, "create_role": "viewer", "groups_claim": "groups"}
        known = {"client_id": client.client_id, "client_secret": client.client_secret}
        added = hub.post("/identity-providers", {**wish, **known})
        yield started
        hub.call("DELETE", f"/identity-providers/{added['id']}")


@pytest.fixture
def page(browser: Browser, hub: Hub) -> Iterator[Page]:
    """A browser with everything that the pages' policy forbids."""
    context = browser.new_context(base_url=hub.url)
    yield context.new_page()
    context.close()


def signed_in(page: Page) -> None:
    page.goto("/sign-in?next=/settings")
    page.get_by_role("link", name="Continue with single sign-on").click()
    page.get_by_label("Sign-in name of your organization").fill("Acme")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("link", name=f"Sign in with {NAME}").click()
    page.locator("[name=login]").fill("ann")
    page.locator("[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.locator("button[type=submit]").click()  # what Basefly asks to know
    page.wait_for_url("**/settings")


def test_from_the_sign_in_page_to_the_provider_and_back(page: Page, provider: Provider) -> None:
    signed_in(page)
    expect(page.locator("main")).to_contain_text("Ann Archer, ann@acme.example")
    page.get_by_role("link", name="Linked identities").click()
    expect(page.get_by_role("rowheader", name=provider.issuer)).to_be_visible()


def test_a_device_is_approved_by_whoever_is_signed_in(page: Page, provider: Provider, hub: Hub) -> None:
    signed_in(page)
    told = httpx.post(f"{hub.url}/api/v1/device-sign-ins", json={"machine": "build box"}).json()
    page.goto("/device")
    page.get_by_role("textbox", name="Code").fill(told["user_code"].lower())
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("main")).to_contain_text("build box")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status").filter(has_text=re.compile("build box is signed in as you"))).to_be_visible()
    answer = httpx.post(f"{hub.url}/api/v1/device-sign-ins/token", json={"device_code": told["device_code"]})
    assert answer.json()["email"] == "ann@acme.example"


@pytest.fixture(scope="module")
def ben(hub: Hub) -> Iterator[dict[str, str]]:
    """A member with a password, whom the provider knows by the same address."""
    wish = {"email": "ben@elsewhere.example", "name": "Ben", "password": "seven herons at the quay", "role": "viewer"}
    made = hub.post("/members", wish)
    yield wish
    hub.call("DELETE", f"/members/{made['id']}")


@contextmanager
def required(visitor: Visitor) -> Iterator[None]:
    """The provider is required of everybody until the block ends."""
    visitor.page.goto("/single-sign-on")
    visitor.page.get_by_label("Provider", exact=True).select_option(NAME)
    visitor.page.get_by_role("button", name="Require it of everybody").click()
    expect(visitor.page.locator("#required")).to_contain_text(f"Everybody signs in with {NAME}.")
    yield
    visitor.page.goto("/single-sign-on")
    visitor.page.get_by_role("button", name="Let everybody sign in as they like").click()
    expect(visitor.page.locator("#required")).to_contain_text("You may require one provider of everybody")


def give_password(page: Page, who: dict[str, str]) -> None:
    page.goto("/sign-in?next=/settings")
    page.locator("[name=email]").fill(who["email"])
    page.locator("[name=password]").fill(who["password"])
    page.locator("[name=password]").press("Enter")


def test_it_is_required_of_everybody(page: Page, provider: Provider, visitor: Visitor, ben: dict[str, str]) -> None:
    with required(visitor):
        assert visitor.faults("/single-sign-on") == []
        give_password(page, ben)
        expect(page.get_by_role("alert")).to_contain_text(f"Your organization signs in with {NAME}.")
        page.get_by_role("link", name=f"Sign in with {NAME}").click()
        page.locator("[name=login]").fill("ben")
        page.locator("[name=password]").fill("any")
        page.locator("button[type=submit]").click()
        page.locator("button[type=submit]").click()
        page.wait_for_url("**/settings")
        expect(page.locator("main")).to_contain_text(f"Ben, {ben['email']}")


def test_a_passkey_leads_there_too(
    browser: Browser, provider: Provider, hub: Hub, visitor: Visitor, ben: dict[str, str]
) -> None:
    context = browser.new_context(base_url=hub.url.replace("127.0.0.1", "localhost"))  # whose name it is made for
    page = context.new_page()
    devices = context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    give_password(page, ben)
    page.wait_for_url("**/settings")
    page.goto("/settings/security/passkeys")
    page.locator("[data-passkey=make] button").click()
    page.locator("#made").wait_for()
    context.clear_cookies()
    with required(visitor):
        page.goto("/sign-in")
        page.locator("[data-passkey=sign-in] button").click()
        page.wait_for_url(f"{provider.issuer}/**")
        expect(page.locator("[name=login]")).to_be_visible()
    context.close()
