"""What must differ between two clusters is taken out of their answers; what then still differs is told by path."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_PLACES = {"resourceVersion": "<version>", "uid": "<uid>", "continue": "<token>", "serverAddress": "<server>"}
_UNORDERED = ("resourceRules", "nonResourceRules", "managedFields")
_TEXTS = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)"), "<time>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<server>"),
    (re.compile(r"\b10\.96\.\d+\.\d+"), "<address>"),
    (re.compile(r"(current: |resource version: |record \(|[Vv]ersion: )\d+( \(\d+\))?"), r"\1<version>"),
    (re.compile(r'Invalid value: (\\?")\{.*\}\1', re.DOTALL), "Invalid value: <object>"),
    (re.compile(r"hash=[0-9A-F]+"), "hash=<hash>"),
    (re.compile(r"-----BEGIN CERTIFICATE-----.*-----END CERTIFICATE-----\n", re.DOTALL), "<certificate>"),
]
_AGE = re.compile(r"(\d+[smhdy]){1,2}|<unknown>")
_KEPT_TIMES = "2026-01-01T"
"""Times that the exchanges themselves set."""


class Difference(NamedTuple):
    """Where two answers differ; list positions are left out of the path."""

    path: str
    real: Any
    simulated: Any


def normal(value: Any, name: str = "") -> Any:
    """The value without what two clusters cannot have in common."""
    if isinstance(value, dict):
        return {key: normal(held, key) for key, held in _plain(value).items()}
    if isinstance(value, list) and name in _UNORDERED:
        return sorted(map(normal, value), key=str)
    if isinstance(value, list):
        return [_cell(held) if name == "cells" else normal(held) for held in value]
    if not isinstance(value, str):
        return value
    return _PLACES[name] if value and name in _PLACES else _text(value)


def _cell(value: Any) -> Any:
    return "<age>" if isinstance(value, str) and _AGE.fullmatch(value) else normal(value)


def _text(text: str) -> str:
    if text.startswith(_KEPT_TIMES):
        return text
    for pattern, place in _TEXTS:
        text = pattern.sub(place, text)
    return text


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    """Without a made-up end of a name, the number of a credential, and managed fields but those that an apply left."""
    prefix = value.get("generateName")
    if prefix and str(value.get("name", "")).startswith(prefix):
        value = value | {"name": f"{prefix}<random>"}
    if "extra" in value and isinstance(value["extra"], dict):
        extra = {key: held for key, held in value["extra"].items() if not key.endswith("/credential-id")}
        value = {key: held for key, held in value.items() if key != "extra"} | ({"extra": extra} if extra else {})
    if "managedFields" in value:
        applied = [held for held in value["managedFields"] if held["operation"] == "Apply"]
        value = {key: held for key, held in value.items() if key != "managedFields"}
        value |= {"managedFields": applied} if applied else {}
    return value


def differences(real: Any, simulated: Any, path: str = "") -> Iterator[Difference]:
    """Every place where two values differ, outermost first; lists of unequal length are compared by name."""
    if isinstance(real, dict) and isinstance(simulated, dict):
        for key in {**real, **simulated}:
            where = f"{path}.{key}" if path else key
            yield from differences(real.get(key, "<absent>"), simulated.get(key, "<absent>"), where)
    elif isinstance(real, list) and isinstance(simulated, list) and len(real) == len(simulated):
        for one, other in zip(real, simulated, strict=True):
            yield from differences(one, other, f"{path}[]")
    elif (
        isinstance(real, list)
        and isinstance(simulated, list)
        and real
        and simulated
        and all(map(_named, real + simulated))
    ):
        ours, theirs = ({_named(one): one for one in values} for values in (real, simulated))
        yield from differences(ours, theirs, path)
    elif real != simulated or type(real) is not type(simulated):
        yield Difference(path, real, simulated)


def _named(value: Any) -> str:
    """What tells a member of a list of discovery apart."""
    if not isinstance(value, dict):
        return ""
    name = value.get("name") or value.get("resource") or value.get("version") or value.get("metadata", {}).get("name")
    return name if isinstance(name, str) else ""
