"""An object as YAML to read and to copy."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as some

from basefly.base.text.document import Document, document

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "managedFields": [{"manager": "kubelet"}], "labels": {}},
    "spec": {"containers": [{"name": "app", "args": ["a: b", "#c", "- d"], "command": ["sh", "set -e\necho hi\n"]}]},
    "status": {},
}
JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(some.characters(codec="utf-8"), max_size=20),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def shown(made: Document) -> str:
    """The lines as a reader sees them."""
    return "\n".join("".join(text for _, text in line) for section in made.sections for line in section.lines)


def test_what_is_copied_is_the_object_without_its_managed_fields() -> None:
    copied = yaml.safe_load(document(POD).text)
    assert copied["metadata"] == {"name": "web", "labels": {}}
    assert copied["spec"] == POD["spec"]


def test_managed_fields_are_folded_after_the_metadata() -> None:
    sections = document(POD).sections
    assert [section.key for section in sections] == [
        "apiVersion",
        "kind",
        "metadata",
        "managedFields",
        "spec",
        "status",
    ]
    assert [section.key for section in sections if section.folds and not section.open] == ["managedFields"]


def test_the_object_given_is_left_as_it_is() -> None:
    document(POD)
    assert "managedFields" in POD["metadata"]


@pytest.mark.parametrize(
    ("value", "pieces"),
    [
        ({"a": "b"}, [("", "  "), ("key", "a"), ("", ":"), ("text", " b")]),
        ({"a": 3}, [("", "  "), ("key", "a"), ("", ":"), ("number", " 3")]),
        ({"a": "3"}, [("", "  "), ("key", "a"), ("", ":"), ("text", " '3'")]),
        (["x:y"], [("", "- "), ("text", "x:y")]),
        ([{"a-b/c.d": None}], [("", "- "), ("key", "a-b/c.d"), ("", ":"), ("number", " null")]),
    ],
)
def test_keys_texts_and_numbers_are_told_apart(value: Any, pieces: list[tuple[str, str]]) -> None:
    (section,) = document({"top": value}).sections
    assert section.lines == [pieces]


@given(some.dictionaries(some.from_regex("[a-z]{1,8}", fullmatch=True), JSON, min_size=1, max_size=4))
def test_colour_never_costs_a_character(whole: dict[str, Any]) -> None:
    made = document({**whole, "metadata": {"name": "x"}})
    lines = [line for line in made.text.split("\n") if line.strip()]
    seen = set(shown(made).split("\n"))
    heads = {line for line in lines if line.endswith(":") and not line.startswith((" ", "-"))}
    assert [line for line in lines if line not in seen and line not in heads] == []
