"""YAML from people: words as Kubernetes means them, where a mistake is, and what is made to exhaust its reader."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from basefly.base.errors import Invalid
from basefly.base.text.document import dump
from basefly.core.editing import reading
from basefly.core.editing.reading import File

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 10)}]\n" for n in range(8)
)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n\t"), max_size=40)
ODD = "yes 12:30 2020-01-01 0777 1e3 0o7 0x1f ~ null << 1_0 y = .5 - +.inf".split()
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS | st.sampled_from(ODD) | st.floats(-1e300, 1e300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


def data(text: str) -> Any:
    return reading.one(f"{HEAD}data: {text}")["data"]


class TestWords:
    @pytest.mark.parametrize(
        ("word", "value"),
        [
            ("yes", True),
            ("Off", False),
            ("12:30", "12:30"),
            ("2020-01-01", "2020-01-01"),
            ("0777", 511),
            ("1e3", 1000.0),
            ("0x1f", 31),
            ("1_000", "1_000"),
            ("y", "y"),
            ("~", None),
            ('"yes"', "yes"),
            ("-5", -5),
            (".5", 0.5),
        ],
    )
    def test_are_read_as_kubernetes_reads_them(self, word: str, value: Any) -> None:
        assert data(word) == value

    @given(PLAIN)
    @settings(max_examples=300)
    def test_what_the_hub_writes_is_read_back(self, value: Any) -> None:
        whole = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": value}
        assert _same(reading.one(dump(whole)), whole)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other)
    return type(one) is type(other) and bool(one == other)


class TestFiles:
    def test_several_documents_and_lists(self) -> None:
        pod = "{apiVersion: v1, kind: Pod, metadata: {name: p}}"
        text = f"# nothing here\n---\n{HEAD}---\n---\nkind: List\nitems:\n- {pod}\n"
        found = reading.read(
            [File("a.yaml", text), File("b.json", '{"apiVersion":"v1","kind":"X","metadata":{"name":"x"}}')]
        )
        assert [(each.file, each.number, each.line, each.object["kind"]) for each in found] == [
            ("a.yaml", 1, 3, "ConfigMap"),
            ("a.yaml", 3, 8, "Pod"),
            ("b.json", 1, 1, "X"),
        ]

    def test_anchors_and_merges_are_followed(self) -> None:
        whole = reading.one(f"{HEAD}data: &d {{a: x, b: y}}\nmore: {{<<: *d, b: z}}\n")
        assert whole["more"] == {"a": "x", "b": "z"}

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "no object"),
            ("a: [", "it is no YAML"),
            (f"{HEAD}data: {{a: 1, a: 2}}", "line 4: in document 1 the key 'a' stands twice"),
            ("- x", "document 1 is no object"),
            ("kind: Pod", "no apiVersion"),
            ("apiVersion: v1/namespaces/x\nkind: Pod\nmetadata: {name: a}", "apiVersion that cannot be one"),
            ("apiVersion: v1\nkind: Pod\nmetadata: {}", "no metadata.name"),
            (f"{HEAD}data: !!python/object:os.system x", "line 4"),
            (f"{HEAD}? [a]\n: b", "a key is no text"),
            (BOMB, "repeats too much"),
            ("a: &a [*a]", "nested too deeply"),
            ("[" * 3000, "no YAML"),
            ("x: \x00", "no YAML"),
        ],
    )
    def test_mistakes_say_where_they_are(self, text: str, told: str) -> None:
        with pytest.raises(Invalid, match=told):
            reading.read([File("a.yaml", text)])

    def test_there_is_an_end_to_what_is_read(self) -> None:
        with pytest.raises(Invalid, match="MiB"):
            reading.read([File("a.yaml", "x" * (reading.SIZE + 1))])
        with pytest.raises(Invalid, match="1001 objects"):
            reading.read([File("a.yaml", f"---\n{HEAD}" * 1001)])

    def test_one_object_is_one(self) -> None:
        with pytest.raises(Invalid, match="2 objects"):
            reading.one(f"{HEAD}---\n{HEAD}")

    def test_pyyaml_alone_would_read_otherwise(self) -> None:
        assert yaml.safe_load("12:30") == 750
