"""Values as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from basefly.base.web.language import reading
from basefly.core.inventory.display.cells import cell, moment
from basefly.core.sync.kind import Column, ColumnType


@pytest.mark.parametrize(
    ("kind", "value", "text", "full"),
    [
        ("text", "ready", "ready", ""),
        ("text", None, "–", ""),
        ("text", "", "–", ""),
        ("text", False, "no", ""),
        ("number", 0, "0", ""),
        ("number", 12_345, "12,345", ""),
        ("number", 8080, "8080", ""),
        ("cores", 0.25, "0.25", ""),
        ("cores", 1.0, "1", ""),
        ("list", [], "–", ""),
        ("list", ["a", "b"], "a, b", ""),
        ("list", ["a", "b", "c", "d"], "a, b +2", "a, b, c, d"),
        ("bytes", 1024, "", "1024"),
        ("time", "yesterday", "yesterday", ""),
    ],
)
def test_a_value_and_the_whole_of_it_where_it_is_shortened(kind: ColumnType, value: Any, text: str, full: str) -> None:
    shown = cell(Column("c", "C", kind), value)
    assert (shown.text, shown.full) == (text, full)


def test_figures_are_written_as_the_language_does() -> None:
    with reading("de"):
        assert cell(Column("c", "C", "cores"), 7.92).text == "7,92"
        assert cell(Column("c", "C", "number"), 12_345).text == "12.345"
        assert cell(Column("c", "C", "text"), value=True).text == "ja"


def test_a_time_is_a_time() -> None:
    assert cell(Column("c", "C", "time"), "2026-11-24T08:00:00Z").time == datetime(2026, 11, 24, 8, tzinfo=UTC)
    assert moment("") is None
