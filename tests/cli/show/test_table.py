"""Tables line up, whatever is in them."""

from __future__ import annotations

from basefly.cli.show.table import Cell, Table


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert Table(["name", "age"]).draw([["a", "5d"], ["longer", Cell("1s", "red")]]) == [
        "NAME     AGE",
        "a        5d",
        "longer   1s",
    ]


def test_later_rows_follow_the_first_widths_without_headings() -> None:
    table = Table(["name", "age"])
    table.draw([["abc", "1s"]])
    assert table.draw([["a", "2s"], ["longer", "3s"]]) == ["a      2s", "longer   3s"]


def test_without_headings_there_are_none() -> None:
    assert Table(["name"], headed=False).draw([["a"]]) == ["a"]


def test_a_table_without_rows_has_its_headings() -> None:
    assert Table(["name", "age"]).draw([]) == ["NAME   AGE"]
