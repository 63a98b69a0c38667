"""Strategic merge patch: lists merge by their keys, as the types of k8s.io/api say; the corners are refused."""

from __future__ import annotations

from typing import Any

from basefly.sim.bodies.messages import Form, messages
from basefly.sim.kinds.kind import Kind
from basefly.sim.status import bad_request, not_simulated

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
        raise bad_request(f"Unrecognized patch directive: {how}")
    merged = dict(old)
    for key, value in plain.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _member(message, key, merged.get(key), value)
    _take(merged, patch)
    _order(message, merged, patch)
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
            raise bad_request(f"map: {item} does not contain declared merge key: {key}")
        at = next((number for number, held in enumerate(merged) if held.get(key) == item[key]), None)
        if item.get(_HOW) == "delete":
            merged = [held for held in merged if held.get(key) != item[key]]
        elif at is None:
            merged.append(_maps(message, {}, item))
        else:
            merged[at] = _maps(message, merged[at], item)
    return merged


def _take(merged: Object, patch: Object) -> None:
    for key, values in patch.items():
        if key.startswith(_TAKE):
            name = key.removeprefix(_TAKE)
            merged[name] = [held for held in merged.get(name, ()) if held not in values]


def _order(message: str, merged: Object, patch: Object) -> None:
    """Order lists as the patch says. Where the server holds what the patch does not name, only it knows how."""
    for directive, order in patch.items():
        if not directive.startswith(_ORDER):
            continue
        name = directive.removeprefix(_ORDER)
        found = messages().member(message, name)
        key = found[1] if found else None
        wanted = [item.get(key) if isinstance(item, dict) else item for item in order]
        places = [held.get(key) if isinstance(held, dict) else held for held in merged.get(name, ())]
        if any(place not in wanted for place in places):
            raise not_simulated(f"the order of {name} where the patch does not name all of them")
        if name in merged:
            pairs = sorted(zip(places, merged[name], strict=True), key=lambda pair: wanted.index(pair[0]))
            merged[name] = [held for _, held in pairs]
