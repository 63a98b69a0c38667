"""An object as YAML to read: coloured by line, its long parts foldable, its managed fields folded away."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import yaml

Piece = tuple[str, str]  # what it is (key, text, number, or nothing), and its characters

_LINE = re.compile(
    r"^(?P<lead>\s*(?:- )*)(?:(?P<key>(?:[^\s:'\"#-]|-(?! ))[^:]*|'[^']*'|\"[^\"]*\")(?P<colon>:)(?= |$))?(?P<rest>.*)$"
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?|true|false|null|~")


class Section(msgspec.Struct, frozen=True):
    """A top-level field: plain lines, or foldable under its key."""

    key: str
    lines: list[list[Piece]]
    folds: bool
    open: bool = True


class Document(msgspec.Struct, frozen=True):
    """The sections in order, and the text to copy: what `kubectl get -o yaml` shows."""

    sections: list[Section]
    text: str


class _Dumper(yaml.SafeDumper):
    """Lists indented as Kubernetes' own documents are, texts of several lines as blocks."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # PyYAML's signature
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
# Texts that Kubernetes' own YAML would read as numbers or truths are quoted, though PyYAML sees no need.
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"(?:[-+]?\d+[eE][-+]?\d+|0o[0-7]+|[yYnN])\Z"), list("-+0123456789yYnN")
)


def document(whole: dict[str, Any]) -> Document:
    """Lay out an object as its cluster sent it."""
    shown = dict(whole)
    meta = dict(shown.get("metadata") or {})
    managed = meta.pop("managedFields", None)
    if "metadata" in shown:
        shown["metadata"] = meta
    sections = [_section(key, value) for key, value in shown.items()]
    if managed:
        place = next((i for i, s in enumerate(sections) if s.key == "metadata"), len(sections) - 1)
        sections.insert(place + 1, _managed(managed))
    return Document(sections, dump(shown))


def _section(key: str, value: Any) -> Section:
    lines = [_pieces(line) for line in _lines({key: value})]
    folds = isinstance(value, dict | list) and bool(value)
    return Section(key, lines[1:] if folds else lines, folds=folds)


def _managed(fields: list[Any]) -> Section:
    lines = _lines({"metadata": {"managedFields": fields}})
    return Section("managedFields", [_pieces(line) for line in lines[2:]], folds=True, open=False)


def _lines(value: Any) -> list[str]:
    """The lines as YAML means them; Python would part them at rarer characters too."""
    return dump(value).removesuffix("\n").split("\n")


def dump(value: Any) -> str:
    """As YAML, the way Kubernetes' own documents are written."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)


def _pieces(line: str) -> list[Piece]:
    match = _LINE.match(line)
    if match is None:
        return [("", line)]
    pieces: list[Piece] = [("", match["lead"])] if match["lead"] else []
    if match["key"]:
        pieces += [("key", match["key"]), ("", ":")]
    rest = match["rest"]
    if rest:
        kind = "number" if _NUMBER.fullmatch(rest.strip()) else "text"
        pieces.append(("" if rest.strip() in ("{}", "[]", "|", "|-") else kind, rest))
    return pieces
