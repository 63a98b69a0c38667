"""Every page of the console in a real Chromium: which there are, and everything that a machine can find wrong there."""

from __future__ import annotations

from e2e.browser.faults import AXE, axe
from e2e.browser.visitor import THEMES, WIDTHS, Theme, Visitor, chromium

__all__ = ["AXE", "THEMES", "WIDTHS", "Theme", "Visitor", "axe", "chromium"]
