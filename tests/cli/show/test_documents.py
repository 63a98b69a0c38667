"""JSON and YAML that stay what they are, and cannot play tricks with a terminal."""

from __future__ import annotations

import json

import yaml

from basefly.cli.show import documents

ODD = {
    "esc": "\x1b[2J",
    "c1": "\x9b2J",
    "turn": "\u202eabc",
    "text": "a\nb\n",
    "é": "ü",
    "n": None,
    "date": "2026-01-01",
}


def test_json_reads_back_and_holds_no_control_characters() -> None:
    for text in (documents.as_json(ODD), documents.as_json_line(ODD)):
        assert json.loads(text) == ODD
        assert not {character for character in text if character in "\x1b\x9b\u202e"}
        assert "ü" in text
    assert "\n" not in documents.as_json_line(ODD)


def test_yaml_reads_back_and_shows_lines_as_lines() -> None:
    text = documents.as_yaml(ODD)
    assert yaml.safe_load(text) == ODD
    assert "text: |\n  a\n  b\n" in text
    assert not {character for character in text if character in "\x1b\x9b"}


def test_yaml_writes_the_same_thing_twice_without_aliases() -> None:
    shared = {"a": 1}
    assert "&" not in documents.as_yaml({"x": shared, "y": shared})
