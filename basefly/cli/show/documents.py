"""Whole documents: JSON and YAML as kubectl prints them."""

from __future__ import annotations

import json
from typing import Any

import yaml


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True


def _block(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _block)


# Python leaves these as they are, and a terminal may act on them; inside JSON they only ever stand in texts.
_ESCAPED = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}


def as_json(value: Any) -> str:
    """Indented by four, as kubectl does."""
    return json.dumps(value, indent=4, ensure_ascii=False).translate(_ESCAPED)


def written(value: Any, output: str) -> str:
    """As `-o` wants it: json or yaml."""
    return as_json(value) if output == "json" else as_yaml(value)


def as_json_line(value: Any) -> str:
    """One line, for streams of changes."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).translate(_ESCAPED)


def as_yaml(value: Any) -> str:
    """Block style; control characters come out escaped."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
