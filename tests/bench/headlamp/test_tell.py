"""The arithmetic of the comparison: medians, ratios and bars; what never came is never counted as quick."""

from __future__ import annotations

from typing import Any

import pytest

from bench.headlamp.tell import Beside, Figures, Moved, middle, ratio
from bench.headlamp.visit import Visit


def visit(**given: Any) -> Visit:
    return Visit(**({"bytes": 100, "script": 40, "paint": 900.0, "shown": 950.0, "heap": 1000} | given))


def figures(side: str, page: str = "pods", **given: Any) -> Figures:
    return Figures.of(page, side, [(visit(**given), visit(bytes=10))], [])


def test_figures_are_medians_of_first_and_second_visits() -> None:
    visits = [(visit(bytes=size, shown=size * 1.0), visit(bytes=size // 10)) for size in (500, 100, 200)]
    found = Figures.of("pods", "Basefly", visits, ["axe label"])
    assert (found.first_visit, found.second_visit, found.shown, len(found.axe)) == (200, 20, 200.0, 1)


def test_a_name_that_failed_to_come_once_makes_the_median_never() -> None:
    assert middle([1.0, None, 3.0]) is None
    assert middle([]) is None
    assert middle([3.0, 1.0, 2.0]) == 2.0


def test_ratios_are_theirs_over_ours() -> None:
    assert ratio(30.0, 10.0) == 3.0
    assert ratio(None, 10.0) is None
    assert ratio(30.0, 0) is None


@pytest.mark.parametrize(("ours", "holds"), [(200, True), (201, False)])
def test_the_bar_is_held_up_to_their_own_bytes(ours: int, holds: bool) -> None:
    told = Beside.of([figures("Basefly", bytes=ours), figures("Headlamp", bytes=200)], [], [])
    assert told.holds is holds


def test_one_page_that_is_larger_breaks_the_bar_though_the_others_are_small() -> None:
    small = [figures("Basefly", "nodes"), figures("Headlamp", "nodes", bytes=9000)]
    large = [figures("Basefly", "pods", bytes=300), figures("Headlamp", "pods", bytes=200)]
    told = Beside.of([*small, *large], [], [])
    assert not told.holds
    assert "ours / theirs, at worst: pods" in told.bar[0].what


def test_a_paint_that_never_was_is_no_bar_that_holds() -> None:
    told = Beside.of([figures("Basefly"), figures("Headlamp", paint=0.0)], [], [])
    assert [one.holds for one in told.bar if one.what.startswith("paint:")] == [False]
    assert not told.holds


def test_the_table_says_never_and_shows_both_sides() -> None:
    moved = [
        Moved.of("overview", "pods", "Basefly", [(2048, 10.0)]),
        Moved.of("overview", "pods", "Headlamp", [(4096, None)]),
    ]
    text = Beside.of([figures("Basefly"), figures("Headlamp", shown=None)], moved, ["a note"]).table()
    assert "never" in text
    assert "Headlamp: 4 KB, never ms" in text
    assert "a note" in text
