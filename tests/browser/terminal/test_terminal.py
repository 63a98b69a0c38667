"""A shell in the page: typed into, left by the keyboard, resized; and a recorded session played."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from e2e.browser import Visitor, shells
from e2e.browser.pages import ALIVE
from e2e.hub import Hub

pytestmark = pytest.mark.browser


def screen(visitor: Visitor) -> str:
    """What stands on the terminal's screen."""
    return visitor.page.locator(".xterm-rows").inner_text()


def opened(visitor: Visitor, hub: Hub) -> None:
    cluster = hub.cluster(ALIVE)["id"]
    visitor.page.goto(shells.page(cluster, shells.running(hub, cluster)))
    expect(visitor.page.locator(".term-note")).to_contain_text("Ctrl+Alt+T")


def test_what_is_typed_is_answered(visitor: Visitor, hub: Hub) -> None:
    opened(visitor, hub)
    visitor.page.keyboard.type("echo heron-$HOME\n")
    expect(visitor.page.locator(".xterm-rows")).to_contain_text("heron-/root")
    visitor.page.keyboard.type("exit\n")
    expect(visitor.page.locator(".term-note")).to_have_text("The shell has ended with 0.")
    again = visitor.page.get_by_role("button", name="Open a new shell")
    expect(again).to_be_focused()
    again.click()
    expect(visitor.page.locator(".term-note")).to_contain_text("Ctrl+Alt+T")


def test_the_keyboard_finds_the_way_out(visitor: Visitor, hub: Hub) -> None:
    opened(visitor, hub)
    visitor.page.keyboard.press("Tab")
    expect(visitor.page.locator(".xterm-helper-textarea")).to_be_focused()
    visitor.page.keyboard.press("Control+Alt+t")
    expect(visitor.page.get_by_placeholder("Find in the terminal")).to_be_focused()


def test_it_is_as_wide_as_the_page(visitor: Visitor, hub: Hub) -> None:
    visitor.page.set_viewport_size({"width": 360, "height": 800})
    opened(visitor, hub)
    visitor.page.keyboard.type("stty size\n")
    expect(visitor.page.locator(".xterm-rows")).to_contain_text(re.compile(r"\d+ [2-4]\d\b"))
    visitor.page.set_viewport_size({"width": 1440, "height": 900})
    visitor.page.wait_for_timeout(300)
    visitor.page.keyboard.type("stty size\n")
    expect(visitor.page.locator(".xterm-rows")).to_contain_text(re.compile(r"\d+ 1\d\d\b"))


def test_a_recording_is_played(visitor: Visitor, hub: Hub) -> None:
    visitor.page.goto(f"/recordings/{shells.recording(hub, hub.cluster(ALIVE)['id'])}")
    expect(visitor.page.locator("[data-player][data-ready]")).to_be_visible()
    visitor.page.get_by_role("button", name="Play").click()
    expect(visitor.page.locator(".xterm-rows")).to_contain_text("heron")
    visitor.page.get_by_label("Position").fill("0")
    expect(visitor.page.locator(".xterm-rows")).not_to_contain_text("heron")
    visitor.page.get_by_label("Position").fill(visitor.page.get_by_label("Position").get_attribute("max") or "")
    expect(visitor.page.locator(".xterm-rows")).to_contain_text("heron")
    expect(visitor.page.locator(".xterm-rows")).not_to_contain_text("abcdefghijkl")


def test_recordings_are_searched(visitor: Visitor, hub: Hub) -> None:
    shells.recording(hub, hub.cluster(ALIVE)["id"])
    visitor.page.goto("/recordings")
    visitor.page.get_by_label("Text that was shown or typed").fill("heron")
    visitor.page.keyboard.press("Enter")
    expect(visitor.page.locator("tbody")).to_contain_text("echo heron")
