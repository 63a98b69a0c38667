"""The query language: what is written reads back the same, and what cannot be read names its place."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from basefly.base.errors import Invalid
from basefly.base.text import query
from basefly.base.text.query import Condition

fields = st.sampled_from(["", "kind", "namespace", "cluster", "label", "status", "node", "restarts"])
values = st.text(st.characters(codec="utf-8"), max_size=12)
conditions = st.builds(Condition, fields, st.lists(values, min_size=1, max_size=3).map(tuple), st.booleans())


@given(st.lists(conditions, max_size=6))
def test_what_is_written_reads_the_same(asked: list[Condition]) -> None:
    read = query.parse(query.write(asked))
    assert [msgspec.structs.replace(each, start=0) for each in read] == asked


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    found: tuple[Condition, ...] = ()
    refused: Invalid | None = None
    try:
        found = query.parse(text)
    except Invalid as error:
        refused = error
    assert refused is None or (0 <= refused.extra["position"] <= len(text) and refused.cure)
    assert [(c.field, c.values) for c in query.parse(query.write(found))] == [(c.field, c.values) for c in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("web", [Condition("", ("web",))]),
        ("web front", [Condition("", ("web",)), Condition("", ("front",))]),
        ("ns:shop,pay", [Condition("namespace", ("shop", "pay"))]),
        ("-status:Running", [Condition("status", ("Running",), negated=True)]),
        ("-web", [Condition("", ("web",), negated=True)]),
        ("label:app=web", [Condition("label", ("app=web",))]),
        ('node:""', [Condition("node", ("",))]),
        ('status:"Init:0/1"', [Condition("status", ("Init:0/1",))]),
        ("status:Init:0/1", [Condition("status", ("Init:0/1",))]),
        ('"a b"', [Condition("", ("a b",))]),
        ("NS:shop", [Condition("namespace", ("shop",))]),
        ("name:web", [Condition("", ("web",))]),
        ("  ", []),
        ("-", [Condition("", ("-",))]),
    ],
)
def test_queries(text: str, expected: list[Condition]) -> None:
    assert [msgspec.structs.replace(each, start=0) for each in query.parse(text)] == expected


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("web status:", 11, "status: has no value"),
        ("ns:shop,", 8, "ns: has no value"),
        ('web "open', 4, "the quote is not closed"),
        ('"a"b', 3, "a space is missing"),
        ("a," * 3, 6, "has no value"),
        ("x" * 1001, 1000, "at most 1000 characters"),
        ("a " * 60, 100, "at most 50 conditions"),
    ],
)
def test_mistakes_name_their_place(text: str, position: int, words: str) -> None:
    with pytest.raises(Invalid, match=words) as caught:
        query.parse(text)
    assert caught.value.extra["position"] == position
    assert caught.value.cure


@pytest.mark.parametrize(
    ("wanted", "picked"),
    [
        (["running"], ["Running"]),
        (["err"], ["Error", "ErrImagePull"]),
        (["error"], ["Error"]),
        (["*pull"], ["ErrImagePull"]),
        (["nothing"], []),
        ([""], []),
        (["run", "error"], ["Running", "Error"]),
    ],
)
def test_words_stand_for_what_is_there(wanted: list[str], picked: list[str]) -> None:
    assert query.pick(wanted, ["Running", "Error", "ErrImagePull"]) == picked


def test_an_empty_word_stands_for_an_empty_value() -> None:
    assert query.pick([""], ["", "a"]) == [""]
