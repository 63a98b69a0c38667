"""Strategic merge patch: lists merge by their keys, as the types of k8s.io/api say; the corners are refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from basefly.sim.bodies.messages import Form, messages
from basefly.sim.kinds.kind import Kind
from basefly.sim.status import Refusal, not_simulated

Object = dict[str, Any]
_ORDER = "$setElementOrder/"
_TAKE = "$deleteFromPrimitiveList/"
_KEEP = "$retainKeys"
_HOW = "$patch"


def merge(kind: Kind, obj: Object, patch: Object) -> Object:
    """The object after a patch; 501 for kinds whose types are not known here."""
    message = messages().of(kind.api_version, kind.kind)
    if message is None:
        raise not_simulated(f"strategic merge patches of {kind.name}")
    return _maps(message, obj, patch)


def _maps(message: str, old: Any, patch: Object) -> Object:
    how = patch.get(_HOW)
    if how == "delete":
        return {}
    plain = {key: value for key, value in patch.items() if not key.startswith("$")}
    if how == "replace" or not isinstance(old, dict):
        old = {}
    elif how not in (None, "merge"):
        raise Refusal(500, "", f"unknown patch type: {how} in map: {_go(patch)}")
    merged = dict(old)
    for key, value in plain.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _member(message, key, merged.get(key), value)
    _take(merged, patch)
    _order(message, merged, old, patch)
    if (kept := patch.get(_KEEP)) is not None:
        merged = {key: value for key, value in merged.items() if key in kept}
    return merged


def _member(message: str, key: str, old: Any, value: Any) -> Any:
    found = messages().member(message, key)
    if isinstance(value, dict):
        is_message = found is not None and found[0].form in (Form.VALUE, Form.POINTER)
        return _maps(found[0].type if found and is_message else "", old, value)
    merge_key = found[1] if found else None
    if not isinstance(value, list) or merge_key is None or found is None:
        return value
    if not merge_key:
        return [*(old or ()), *(item for item in value if item not in (old or ()))]
    return _lists(found[0].type, merge_key, old or [], value)


def _lists(message: str, key: str, old: list[Object], patch: list[Object]) -> list[Object]:
    if any(item.get(_HOW) == "replace" for item in patch):
        return [item for item in patch if _HOW not in item]
    merged = list(old)
    for item in patch:
        if key not in item:
            raise Refusal(500, "", f"map: {_go(item)} does not contain declared merge key: {key}")
        at = next((number for number, held in enumerate(merged) if held.get(key) == item[key]), None)
        if item.get(_HOW) == "delete":
            merged = [held for held in merged if held.get(key) != item[key]]
        elif at is None:
            merged.append(_maps(message, {}, item))
        else:
            merged[at] = _maps(message, merged[at], item)
    return ordered(_by(key), merged, old, [item[key] for item in patch])


def _go(held: Object) -> str:
    """A map as Go prints it."""
    return f"map[{' '.join(f'{name}:{value}' for name, value in sorted(held.items()))}]"


def ordered(place: Callable[[Any], Any], merged: list[Any], old: list[Any], wanted: list[Any]) -> list[Any]:
    """What is wanted comes in that order; the rest goes before the first that it preceded on the server."""
    before = {place(item): number for number, item in enumerate(old)}
    named = sorted((item for item in merged if place(item) in wanted), key=lambda item: wanted.index(place(item)))
    others = [item for item in merged if place(item) not in wanted]
    result: list[Any] = []
    for item in named:
        while others and before.get(place(others[0]), len(old)) < before.get(place(item), -1):
            result.append(others.pop(0))
        result.append(item)
    return result + others


def _by(key: str) -> Callable[[Any], Any]:
    return lambda item: item.get(key) if isinstance(item, dict) else item


def _take(merged: Object, patch: Object) -> None:
    for key, values in patch.items():
        if key.startswith(_TAKE):
            name = key.removeprefix(_TAKE)
            merged[name] = [held for held in merged.get(name, ()) if held not in values]


def _order(message: str, merged: Object, old: Object, patch: Object) -> None:
    """Order lists as the patch says."""
    for directive, order in patch.items():
        name = directive.removeprefix(_ORDER)
        if not directive.startswith(_ORDER) or name not in merged:
            continue
        found = messages().member(message, name)
        key = (found[1] if found else None) or ""
        merged[name] = ordered(_by(key), merged[name], old.get(name) or [], list(map(_by(key), order)))
