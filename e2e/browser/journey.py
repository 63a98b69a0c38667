"""Someone who has only a keyboard: reaches things by Tab, and never loses the focus or sight of it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from playwright.sync_api import Error, Locator, Page, expect

from e2e.browser.visitor import Visitor

STOPS = 120  # presses of Tab until we say that something cannot be reached
LOOKS = 10
SETTLED = 120  # ms after a key: menus open, parts of the page arrive
# What has the focus, whether one sees that it has, and which document it is of.
_FOCUS = """() => {
    const held = document.activeElement, root = document.documentElement;
    const document_ = (window.journey ??= Math.random());
    if (!held || held === document.body || held === root) return {lost: true, document: document_};
    const box = held.getBoundingClientRect(), label = held.closest('label') ?? held;
    const ring = (one) => { const style = getComputedStyle(one);
        return (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none'; };
    const around = [held, label, held.parentElement, held.closest('fieldset, .palette-field')].filter(Boolean);
    const within = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
    return {
        lost: false,
        document: document_,
        shown: !held.matches(':focus-visible') || held.id === 'main' || held.tagName === 'DIALOG' || around.some(ring),
        within: within || held.id === 'main' || box.height > innerHeight,
        what: `${held.tagName.toLowerCase()}#${held.id} "${(held.ariaLabel ?? held.textContent).trim().slice(0, 40)}"`,
    };
}"""


class Keyboard:
    """The keys of a visitor; every press is followed by a look at where the focus is."""

    def __init__(self, visitor: Visitor) -> None:
        self.page: Page = visitor.page
        self._before: dict[str, Any] = {"lost": True, "document": None}

    def open(self, path: str) -> None:
        """Begin at a page, as one does with an address; what comes after is done with keys."""
        self.page.goto(path)
        self._look()

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)
            self._check(key)

    def type(self, text: str) -> None:
        """Write into what has the focus."""
        self.page.keyboard.type(text)
        self._check(text)

    def reach(self, target: Locator, *, backwards: bool = False) -> None:
        """Tab until the target has the focus; every stop on the way is seen."""
        expect(target.first).to_be_attached()
        for _ in range(STOPS):
            if self._on(target):
                return
            self.press("Shift+Tab" if backwards else "Tab")
        raise AssertionError(f"{target} cannot be reached by Tab")

    def enter(self, target: Locator) -> None:
        """Reach it and press Enter."""
        self.reach(target)
        self.press("Enter")

    def choose(self, field: Locator, option: str) -> None:
        """Reach a choice, and take an option of it by typing its first letters, as one does."""
        self.reach(field)
        self.type(option)
        if field.evaluate("one => one.options[one.selectedIndex].text.trim()") != option:
            raise AssertionError(f"{option} cannot be chosen by typing it")

    def arrived(self, heading: str) -> None:
        """A page with this h1 is there."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        self._look()

    def beside(self, title: str) -> None:
        """The drawer shows this object."""
        expect(self.page.locator("#drawer-title")).to_have_text(title)
        self._look()

    def _on(self, target: Locator) -> bool:
        return any(one.evaluate("one => one === document.activeElement") for one in target.all())

    def _look(self) -> dict[str, Any]:
        for _ in range(LOOKS):
            self.page.wait_for_load_state()
            with suppress(Error):  # the page went away under our eyes: look at the one that comes
                self._before = self.page.evaluate(_FOCUS)
                return self._before
        raise AssertionError("one page followed another without end")

    def _check(self, key: str) -> None:
        """Within a document the focus is never lost once it is somewhere; a new page begins at its beginning."""
        self.page.wait_for_timeout(SETTLED if key not in ("Tab", "Shift+Tab") else 0)
        before, now = self._before, self._look()
        if now["lost"]:
            same = before["document"] == now["document"]
            assert not (same and not before["lost"]), f"{key} lost the focus, which was on {before.get('what')}"
            return
        assert now["shown"], f"after {key} nobody sees that {now['what']} has the focus"
        assert now["within"], f"after {key} {now['what']} has the focus out of sight"
