"""Patches by media type: JSON patch (RFC 6902), merge patch (RFC 7396), strategic merge."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec

from basefly.sim.bodies import strategic
from basefly.sim.bodies.shape import fit
from basefly.sim.kinds.kind import Kind
from basefly.sim.status import Cause, Refusal, bad_request, invalid, unsupported_media

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = ("application/apply-patch+yaml", "application/apply-patch+cbor")


class _Operation(msgspec.Struct):
    op: str
    path: str
    value: Any = msgspec.UNSET
    from_: str = msgspec.field(default="", name="from")


_STRATEGIC_PATCH = dict[str, Any]


def check_media(kind: Kind, media: str) -> None:
    """Refuse, before anything is looked up, what is no patch."""
    if media == STRATEGIC and kind.definition:
        accepted = f"{JSON_PATCH}, {MERGE_PATCH}, {APPLY[0]}"
        raise unsupported_media(
            f"the body of the request was in an unknown format - accepted media types include: {accepted}"
        )
    if media not in (JSON_PATCH, MERGE_PATCH, STRATEGIC, *APPLY):
        raise Refusal(415, "UnsupportedMediaType", "415: Unsupported Media Type", name=None)


def apply(kind: Kind, obj: dict[str, Any], text: bytes, media: str) -> dict[str, Any]:
    """The object after a patch; the one given is left alone."""
    if media == JSON_PATCH:
        return _json_patch(obj, _decode(text, list[_Operation]))
    if media == MERGE_PATCH:
        merged = merge(obj, _decode(text, dict[str, Any]))
        return dict(merged)
    if media == STRATEGIC:
        return strategic.merge(kind, obj, _decode(text, _STRATEGIC_PATCH))
    raise Refusal(415, "UnsupportedMediaType", "415: Unsupported Media Type", name=None)


def check(kind: Kind, patched: dict[str, Any]) -> None:
    """Refuse with 422 what is no object of this kind any more."""
    try:
        fit(patched, kind.api_version, kind.kind)
        why = (
            "" if (patched.get("apiVersion"), patched.get("kind")) == (kind.api_version, kind.kind) else "another kind"
        )
    except Refusal as refusal:
        why = refusal.message.partition(": ")[2]
    if why:
        shown = msgspec.json.encode(msgspec.json.encode(patched).decode()).decode()
        raise invalid("", "", [Cause("FieldValueInvalid", f"Invalid value: {shown}: {why}", "patch")])


def _decode(text: bytes, kind: Any) -> Any:
    """A patch of a type; strategic ones are refused without a preface."""
    preface = "" if kind is _STRATEGIC_PATCH else "error decoding patch: "
    try:
        value = msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise bad_request(f"{preface}unexpected end of JSON input") from None
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        named = {str: "string", list: "array", dict: "object", bool: "bool"}.get(type(value), "number")
        go = "[]handlers.jsonPatchOp" if kind == list[_Operation] else "map[string]interface {}"
        raise bad_request(f"{preface}json: cannot unmarshal {named} into Go value of type {go}") from None


def merge(target: Any, patch: Any) -> Any:
    """RFC 7396: null takes away, objects merge, all else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def _json_patch(obj: dict[str, Any], operations: list[_Operation]) -> dict[str, Any]:
    document: dict[str, Any] = {"": deepcopy(obj)}
    try:
        for operation in operations:
            _operate(document, operation)
    except (LookupError, ValueError, TypeError):
        message = "the server rejected our request due to an error in our request"
        raise Refusal(422, "Invalid", message, name=None) from None
    patched: dict[str, Any] = document[""]
    return patched


def _operate(document: dict[str, Any], operation: _Operation) -> None:
    match operation.op:
        case "add":
            _add(document, operation.path, operation.value)
        case "remove":
            _remove(document, operation.path)
        case "replace":
            _replace(document, operation.path, operation.value)
        case "move":
            _add(document, operation.path, _remove(document, operation.from_))
        case "copy":
            _add(document, operation.path, deepcopy(_at(document, operation.from_)))
        case "test" if _at(document, operation.path) == operation.value:
            pass
        case _:
            raise ValueError(operation.op)


def _tokens(pointer: str) -> list[str]:
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")]


def _step(value: Any, token: str) -> Any:
    return value[int(token)] if isinstance(value, list) else value[token]


def _at(document: Any, pointer: str) -> Any:
    for token in _tokens(pointer):
        document = _step(document, token)
    return document


def _parent(document: Any, pointer: str) -> tuple[Any, str]:
    *path, last = _tokens(pointer)
    for token in path:
        document = _step(document, token)
    return document, last


def _add(document: Any, pointer: str, value: Any) -> None:
    holder, last = _parent(document, pointer)
    if not isinstance(holder, list):
        holder[last] = value
    elif last == "-":
        holder.append(value)
    elif int(last) > len(holder):
        raise IndexError(last)
    else:
        holder.insert(int(last), value)


def _replace(document: Any, pointer: str, value: Any) -> None:
    """As `add`, save in lists; the real server lets a missing member be replaced."""
    holder, last = _parent(document, pointer)
    holder[int(last) if isinstance(holder, list) else last] = value


def _remove(document: Any, pointer: str) -> Any:
    holder, last = _parent(document, pointer)
    return holder.pop(int(last)) if isinstance(holder, list) else holder.pop(last)
