"""Who may do what, asked, given, proved and looked up with the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from e2e.browser import Visitor
from e2e.browser.faults import axe, cut, sideways
from e2e.browser.journey import Keyboard
from e2e.hub import OWNER, Hub
from tests.browser.test_security import DEVICE
from tests.core.factors.people import App

pytestmark = pytest.mark.browser
PASSWORD = "seven herons at the quay"  # of people who are made here


@pytest.fixture
def keys(visitor: Visitor) -> Keyboard:
    return Keyboard(visitor)


@pytest.fixture
def page(visitor: Visitor) -> Page:
    return visitor.page


@pytest.fixture
def member(hub: Hub) -> Iterator[dict[str, str]]:
    """Someone who only looks."""
    name = f"Kim {uuid4().hex[:6]}"
    wish = {"name": name, "email": f"{name[4:]}@example.com", "password": PASSWORD, "role": "viewer"}
    made = hub.post("/members", wish)
    yield {"id": made["id"], "name": name, "email": wish["email"]}
    hub.call("DELETE", f"/members/{made['id']}")


@pytest.fixture
def asker(browser: Browser, hub: Hub, member: dict[str, str]) -> Iterator[Visitor]:
    """That member at a browser of their own, signed in by keys."""
    with Visitor(browser, hub) as someone:
        sign_in(Keyboard(someone), someone.page, member["email"], PASSWORD)
        yield someone
    assert someone.complaints == []


def sign_in(keys: Keyboard, page: Page, email: str, password: str, *, at: str = "") -> None:
    """The way in, at the hub or at another name of it."""
    keys.open(f"{at}/sign-in?next=/settings/security")
    keys.reach(page.get_by_label("E-mail address"))
    keys.type(email)
    keys.reach(page.get_by_label("Password"))
    keys.type(password)
    keys.press("Enter")
    keys.arrived("Security")


def test_give_a_grant(keys: Keyboard, page: Page, hub: Hub, member: dict[str, str]) -> None:
    keys.open("/access")
    keys.enter(page.get_by_role("link", name=member["name"]))
    keys.arrived(member["name"])
    keys.enter(page.get_by_role("link", name="Give a grant"))
    keys.choose(page.get_by_label("Role"), "Operator")
    keys.reach(page.get_by_label("Only these clusters"))
    keys.type("alive")
    keys.reach(page.get_by_label("Reason"))
    keys.type("on call this week")
    keys.enter(page.get_by_role("button", name="Give the grant"))
    expect(page.get_by_role("row").filter(has_text=member["name"]).filter(has_text="Operator")).to_contain_text("alive")
    given = [each for each in hub.get("/grants")["items"] if each["subject"]["id"] == member["id"]]
    assert {(each["role"], each["where"]["clusters"]) for each in given} == {("viewer", "all"), ("operator", "ids")}


def test_create_a_team_in_a_dialog(keys: Keyboard, page: Page, hub: Hub) -> None:
    name = f"Night watch {uuid4().hex[:6]}"
    opener = page.get_by_role("button", name="Create a team")
    keys.open("/access/teams")
    keys.enter(opener)
    expect(page.get_by_role("dialog").get_by_label("Name")).to_be_focused()
    keys.press("Escape")
    expect(opener).to_be_focused()
    keys.press("Enter")
    keys.type(name)
    keys.press("Enter")
    expect(page.get_by_role("row").filter(has_text=name)).to_be_visible()
    (made,) = [each for each in hub.get("/teams")["items"] if each["name"] == name]
    hub.call("DELETE", f"/teams/{made['id']}")


DIALOGS = {
    "/access": "new-member",
    "/access/teams": "new-team",
    "/access/roles": "new-role",
    "/access/grants": "giving",
    "/access/elevations": "asking",
    "/access/invitations": "inviting",
    "/audit/settings": "streaming",
    "/service-accounts": "make",
    "/settings": "issuing",
}


@pytest.mark.parametrize("width", [360, 1440])
def test_no_form_in_a_dialog_has_a_fault(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for path, name in DIALOGS.items():
        page.goto(path)
        page.locator(f"[popovertarget={name}]").first.click()
        expect(page.locator(f"#{name}")).to_be_visible()
        assert [*axe(page), *cut(page), *sideways(page)] == [], path


def test_ask_and_approve_an_elevation(keys: Keyboard, page: Page, asker: Visitor, member: dict[str, str]) -> None:
    theirs = Keyboard(asker)
    theirs.open("/connect")
    theirs.arrived("You are not allowed to do this")
    theirs.enter(asker.page.get_by_role("link", name="Why was I denied?"))
    theirs.enter(asker.page.get_by_role("link", name="Ask for an elevation"))
    theirs.choose(asker.page.get_by_label("Role"), "Operator")
    theirs.reach(asker.page.get_by_label("Reason"))
    theirs.type("Incident 17")
    theirs.enter(asker.page.get_by_role("button", name="Ask for it"))
    expect(asker.page.get_by_role("row").filter(has_text="Incident 17")).to_contain_text("Pending")

    keys.open("/access/elevations")
    keys.enter(page.get_by_role("button", name=f"Approve Operator for {member['name']}"))
    expect(page.get_by_role("row").filter(has_text=member["name"])).to_contain_text("Active")

    theirs.open("/connect")
    theirs.arrived("Connect a cluster")
    asker.said()  # Chromium says by itself that the first page was refused


def test_roles_are_compared_in_one_table(page: Page) -> None:
    page.goto("/access/roles")
    expect(page.get_by_role("columnheader", name="Operator")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="Sees clusters and what runs in them")).to_have_count(0)


def test_search_the_audit(keys: Keyboard, page: Page, member: dict[str, str]) -> None:
    keys.open("/audit")
    keys.reach(page.get_by_label("Object"))
    keys.type(f"members/{member['id']}")
    keys.press("Enter")
    expect(page).to_have_url(re.compile("object=members"))
    rows = page.locator("[data-rows] [data-row-link]")
    expect(rows).to_have_text(["member.added"])
    keys.enter(rows)
    keys.arrived("member.added")
    expect(page.locator("main")).to_contain_text(OWNER["name"])


def test_make_a_passkey(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> None:
    with Hub.start(tmp_path_factory.mktemp("passkey")) as own, Visitor(browser, own) as someone:
        devices = someone.context.new_cdp_session(someone.page)
        devices.send("WebAuthn.enable")
        devices.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
        page, keys = someone.page, Keyboard(someone)
        sign_in(keys, page, OWNER["email"], OWNER["password"], at=own.url.replace("127.0.0.1", "localhost"))
        keys.enter(page.get_by_role("link", name="Create a passkey"))
        keys.arrived("Create a passkey")
        keys.reach(page.get_by_label("Name"))
        keys.press("Control+a")
        keys.type("key ring")
        keys.enter(page.get_by_role("button", name="Create a passkey"))
        keys.enter(page.get_by_role("link", name="I have saved them"))
        keys.arrived("Security")
        expect(page.locator("#passkeys .row-name")).to_contain_text("key ring")
        assert someone.complaints == []


@pytest.fixture
def accountant(hub: Hub) -> Iterator[dict[str, str]]:
    """Someone who sees nothing of the fleet."""
    name = f"Bo {uuid4().hex[:6]}"
    wish = {"name": name, "email": f"{name[3:]}@example.com", "password": PASSWORD, "role": "billing"}
    made = hub.post("/members", wish)
    yield {"id": made["id"], **wish}
    hub.call("DELETE", f"/members/{made['id']}")


def test_whoever_sees_nothing_lands_on_what_they_may(browser: Browser, hub: Hub, accountant: dict[str, str]) -> None:
    with Visitor(browser, hub) as someone:
        keys = Keyboard(someone)
        sign_in(keys, someone.page, accountant["email"], PASSWORD)
        assert someone.faults("/") == []
        expect(someone.page.locator("main")).to_contain_text("Your role here is billing.")
        keys.enter(someone.page.locator("main").get_by_role("link", name="Access"))
        keys.arrived("Access")


def test_take_away_second_factors(
    keys: Keyboard, visitor: Visitor, page: Page, hub: Hub, accountant: dict[str, str]
) -> None:
    who = {name: accountant[name] for name in ("email", "password")}
    with httpx.Client(base_url=f"{hub.url}/api/v1") as http:
        http.post("/sessions", json=who).raise_for_status()
        app = App(http.post("/me/factors/totp").raise_for_status().json()["secret"])
        http.post("/me/factors/totp/confirmations", json={"code": app.code()}).raise_for_status()
        keys.open(f"/access/members/{accountant['id']}")
        keys.enter(page.get_by_role("link", name="Take away second factors"))
        expect(page.locator("main")).to_contain_text("10 recovery codes")
        assert visitor.faults(f"/access/members/{accountant['id']}/factor-removals") == []
        keys.enter(page.get_by_role("button", name="Take away second factors"))
        expect(page.get_by_role("status").first).to_contain_text(f"of {accountant['name']} are taken away")
        assert http.get("/me").status_code == 401
        assert http.post("/sessions", json=who).status_code == 201
