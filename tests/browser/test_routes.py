"""No page is forgotten: every route has an address in the list of what the checks look at."""

from __future__ import annotations

from e2e.browser.pages import NO_PAGES, VISITS, routes


def test_every_page_is_looked_at() -> None:
    assert routes() - VISITS.keys() == set(), "add an address to VISITS in e2e/browser/pages.py"


def test_nothing_is_looked_at_that_is_no_page() -> None:
    assert VISITS.keys() - routes() == set()


def test_a_page_is_looked_at_or_excused_never_both() -> None:
    assert VISITS.keys() & NO_PAGES.keys() == set()
    assert all(VISITS.values())
