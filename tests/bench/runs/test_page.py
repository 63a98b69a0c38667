"""Tables that programs write into pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report import Bar, Findings
from bench.runs import bars, history
from bench.runs.page import rewrite

TEXT = "# A page\n\n<!-- begin: python -m some.program -->\nold\n<!-- end -->\n\nBelow.\n"


def test_only_the_part_of_the_program_is_written_anew(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(TEXT)
    assert rewrite(page, "some.program", ["one", "two"]) == "one\ntwo\n"
    assert page.read_text() == TEXT.replace("old\n", "one\ntwo\n")


def test_a_page_without_a_place_is_left_as_it_is(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(TEXT)
    with pytest.raises(ValueError, match="no place"):
        rewrite(page, "another.program", ["one"])
    assert page.read_text() == TEXT


def test_bars_are_told_by_size_and_what_is_missed_stands_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for size, measured in (("S", 40.0), ("L", 1234.5)):
        history.remember("api", size, Findings.of("api", {}, [Bar.of("p95, ms", measured=measured, at_most=50)]))
    assert list(bars.lines())[2:] == ["| api | p95, ms | 40 of 50 |  | **1,234 of 50** |"]
