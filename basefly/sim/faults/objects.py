"""Objects as no API server would tell them: garbled, huge, deep, with the wrong types. JSON text in, text out."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from typing import Any

import msgspec

from basefly.sim.faults.effects import Effect, Fault

Object = dict[str, Any]
_HUGE, _LABELS = 8 * 1024 * 1024, 10_000
_IDENTITY = ("name", "namespace", "uid", "resourceVersion")


class _Row(msgspec.Struct):
    object: msgspec.Raw


class _Listed(msgspec.Struct):
    """A list or a table; whatever else is answered has neither items nor rows."""

    items: list[msgspec.Raw] | None = None
    rows: list[_Row] | None = None


def spoil(text: bytes, fault: Fault) -> bytes:
    """One object, spoiled."""
    return _SPOILED[fault.effect](text, fault)


def spoil_one(body: bytes, fault: Fault) -> bytes:
    """An answer with one of its objects spoiled; an empty list can only be garbled."""
    listed = msgspec.json.decode(body, type=_Listed)
    single = listed.items is None and listed.rows is None
    if single or fault.effect is Effect.GARBLED:
        return spoil(body, fault)
    objects = listed.items or [row.object for row in listed.rows or ()]
    if not objects:
        return body
    chosen = bytes(fault.chance.choice(objects))
    return body.replace(chosen, spoil(chosen, fault), 1)


def _garbled(text: bytes, _fault: Fault) -> bytes:
    return text[:-1] + b"]"


def _nan(text: bytes, _fault: Fault) -> bytes:
    values = itertools.cycle((math.nan, math.inf, -math.inf))

    def without_numbers(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without_numbers(held) for key, held in value.items()}
        if isinstance(value, list):
            return [without_numbers(held) for held in value]
        return next(values) if isinstance(value, int | float) and not isinstance(value, bool) else value

    obj = json.loads(text)
    obj.setdefault("metadata", {})["generation"] = 0
    return json.dumps(without_numbers(obj), separators=(",", ":")).encode()


def _huge(text: bytes, fault: Fault) -> bytes:
    return _with(text, "annotations", {"huge": "x" * (fault.size or _HUGE)})


def _labels(text: bytes, fault: Fault) -> bytes:
    return _with(text, "labels", {f"label-{number}": "value" for number in range(fault.size or _LABELS)})


def _with(text: bytes, member: str, more: dict[str, str]) -> bytes:
    obj = msgspec.json.decode(text)
    meta = obj.setdefault("metadata", {})
    meta[member] = (meta.get(member) or {}) | more
    return msgspec.json.encode(obj)


def _deep(text: bytes, fault: Fault) -> bytes:
    return text[:-1] + b',"deep":' + b'{"deep":' * fault.depth + b"0" + b"}" * fault.depth + b"}"


def _flipped(text: bytes, _fault: Fault) -> bytes:
    obj: Object = msgspec.json.decode(text)
    meta: Object = obj.get("metadata", {})
    told = {key: value if key in ("kind", "apiVersion") else _flip(value) for key, value in obj.items()}
    told["metadata"] = {key: value if key in _IDENTITY else _flip(value) for key, value in meta.items()}
    return msgspec.json.encode(told)


def _flip(value: Any) -> Any:
    if isinstance(value, dict):
        return [_flip(held) for held in value.values()]
    if isinstance(value, list):
        return {str(place): _flip(held) for place, held in enumerate(value)}
    return len(value) if isinstance(value, str) else json.dumps(value)


_SPOILED: dict[Effect, Callable[[bytes, Fault], bytes]] = {
    Effect.GARBLED: _garbled,
    Effect.NAN: _nan,
    Effect.HUGE: _huge,
    Effect.LABELS: _labels,
    Effect.DEEP: _deep,
    Effect.FLIPPED: _flipped,
}
