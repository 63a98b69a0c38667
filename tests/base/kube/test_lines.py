"""Endless answers are cut into lines, however they arrive, and no line fills the memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from basefly.base.kube.lines import OVERLONG, Cutter, split

LIMIT = 12
PIECES = st.lists(st.binary(max_size=30).map(lambda raw: raw.replace(b"\0", b"\n").replace(b"\1", b"\n")), max_size=12)


@given(PIECES)
def test_lines_are_the_same_however_the_bytes_arrive(pieces: list[bytes]) -> None:
    cutter = Cutter(LIMIT)
    found = [line for piece in pieces for block in cutter.cut(piece) for line in split(block)]
    whole = b"".join(pieces).split(b"\n")[:-1]
    assert found == [OVERLONG if len(line) > LIMIT else line for line in whole if line]


def test_a_line_of_any_length_costs_no_more_than_the_limit() -> None:
    cutter = Cutter(1000)
    for _ in range(10_000):
        assert cutter.cut(b"x" * 1000) == []
    assert sum(len(part) for part in cutter._parts) <= 1000
    assert cutter.cut(b"\nnext\n") == [OVERLONG, b"next"]


def test_what_was_cut_off_is_no_line() -> None:
    assert Cutter(100).cut(b'{"whole":1}\n{"cut') == [b'{"whole":1}\n']


def test_short_lines_that_come_together_stay_together() -> None:
    cutter = Cutter(100)
    assert cutter.cut(b"the begin, ") == []
    assert cutter.cut(b"its end\n\nanother\na third") == [b"the begin, its end\n\nanother\n"]
    assert cutter.cut(b"\n") == [b"a third\n"]
    assert cutter.cut(b"\n\n") == []
