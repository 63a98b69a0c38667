"""What a machine can find wrong with a page that is open: accessibility, sideways scroll, headings, cut texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"

_AUDIT = """async () => {
    const {violations} = await axe.run(document, {resultTypes: ['violations']});
    const places = (found) => found.nodes.slice(0, 3).map((node) => node.target).join(', ');
    return violations.map((found) => `${found.id}: ${found.help} at ${places(found)}`);
}"""
_SIDEWAYS = """() => {
    const root = document.documentElement, over = root.scrollWidth - root.clientWidth;
    return over > 0 ? [`scrolls sideways by ${over} px`] : [];
}"""
# The menu stands before the page's own matter, so the first heading of a page need not be its h1; that of `main` must.
_HEADINGS = """() => {
    const shown = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].filter((one) => one.checkVisibility());
    const level = (one) => Number(one.tagName[1]), text = (one) => one.textContent.trim();
    const found = [], firsts = shown.filter((one) => level(one) === 1);
    if (firsts.length !== 1) found.push(`has ${firsts.length} h1: ${firsts.map(text).join(', ')}`);
    const inside = shown.filter((one) => one.closest('main'));
    if (inside.length && level(inside[0]) !== 1) found.push(`begins with h${level(inside[0])} ${text(inside[0])}`);
    inside.slice(1).forEach((one, before) => {
        if (level(one) > level(inside[before]) + 1) found.push(`h${level(one)} ${text(one)} skips a level`);
    });
    return found;
}"""
# A text is cut where a box around it ends first, unless it ends in an ellipsis; what one presses is never shortened.
_CUT = """() => {
    const pressed = 'button, label, legend, summary, h1, h2, h3, .button, .nav a, .bar a, .tabs a';
    const found = new Set();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const clips = (style) => ['hidden', 'clip'].includes(style.overflowX);
    while (walker.nextNode()) {
        const text = walker.currentNode.textContent.trim(), around = walker.currentNode.parentElement;
        if (!text || !around.checkVisibility({visibilityProperty: true, opacityProperty: true})) continue;
        if (around.closest('.visually-hidden, .skip, script, style, svg, option, [data-cut]')) continue;
        const range = document.createRange();
        range.selectNodeContents(walker.currentNode);
        const inner = range.getBoundingClientRect();
        if (inner.width < 2 || inner.height < 2) continue;
        for (let box = around; box && box !== document.body; box = box.parentElement) {
            const style = getComputedStyle(box), outer = box.getBoundingClientRect();
            if (['auto', 'scroll'].includes(style.overflowX)) break;
            if (style.position === 'fixed' || !clips(style) || outer.width < 2 || outer.height < 2) continue;
            if (inner.right <= outer.right + 1 && inner.left >= outer.left - 1) continue;
            if (style.textOverflow === 'ellipsis' && !around.closest(pressed)) break;
            found.add(`cuts "${text.slice(0, 40)}" in ${box.tagName.toLowerCase()}.${box.className}`);
            break;
        }
    }
    return [...found].slice(0, 5);
}"""


def axe(page: Page) -> list[str]:
    """Every rule of axe that the page breaks, with the first places."""
    if not page.evaluate("'axe' in window"):
        assert AXE.exists(), "axe is missing: make assets"
        page.add_script_tag(path=str(AXE))
    found: list[Any] = page.evaluate(_AUDIT)
    return [f"axe {text}" for text in found]


def sideways(page: Page) -> list[str]:
    """By how much the page is wider than its window."""
    found: list[str] = page.evaluate(_SIDEWAYS)
    return found


def headings(page: Page) -> list[str]:
    """Whether there is one h1, where the page's own matter begins, and no level is left out."""
    found: list[str] = page.evaluate(_HEADINGS)
    return found


def cut(page: Page) -> list[str]:
    """Texts that end at the edge of a box."""
    found: list[str] = page.evaluate(_CUT)
    return found
