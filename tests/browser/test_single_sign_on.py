"""Sign-in with the company's account in a real Chromium, at a certified provider, and of a device after that."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.browser import Visitor
from e2e.hub import Hub
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
    page.get_by_role("button", name="Go on").click()
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
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("main")).to_contain_text("build box")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status").filter(has_text=re.compile("build box is signed in as you"))).to_be_visible()
    answer = httpx.post(f"{hub.url}/api/v1/device-sign-ins/token", json={"device_code": told["device_code"]})
    assert answer.json()["email"] == "ann@acme.example"


def test_it_is_required_of_everybody(page: Page, provider: Provider, hub: Hub, visitor: Visitor) -> None:
    ben = {"email": "ben@elsewhere.example", "name": "Ben", "password": "seven herons at the quay", "role": "viewer"}
    made = hub.post("/members", ben)
    visitor.page.goto("/single-sign-on")
    visitor.page.get_by_label("Provider", exact=True).select_option(NAME)
    visitor.page.get_by_role("button", name="Require it of everybody").click()
    expect(visitor.page.locator("#required")).to_contain_text(f"Everybody signs in with {NAME}.")
    try:
        assert visitor.faults("/single-sign-on") == []
        page.goto("/sign-in?next=/settings")
        page.locator("[name=email]").fill(ben["email"])
        page.locator("[name=password]").fill(ben["password"])
        page.locator("[name=password]").press("Enter")
        expect(page.get_by_role("alert")).to_contain_text(f"Your organization signs in with {NAME}.")
        page.get_by_role("link", name=f"Sign in with {NAME}").click()
        page.locator("[name=login]").fill("ben")
        page.locator("[name=password]").fill("any")
        page.locator("button[type=submit]").click()
        page.locator("button[type=submit]").click()
        page.wait_for_url("**/settings")
        expect(page.locator("main")).to_contain_text(f"Ben, {ben['email']}")
    finally:
        visitor.page.goto("/single-sign-on")
        visitor.page.get_by_role("button", name="Let everybody sign in as they like").click()
        expect(visitor.page.locator("#required")).to_contain_text("You may require one provider of everybody")
        hub.call("DELETE", f"/members/{made['id']}")
