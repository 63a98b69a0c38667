"""Objects take the shape of their types: wrong types are refused in Go's words, unknown members dropped or refused."""

from __future__ import annotations

from functools import cache
from typing import Any

from basefly.sim.bodies.messages import Field, Form, messages
from basefly.sim.status import bad_request

Object = dict[str, Any]
_NAMES = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}
_SCALARS = {"s": (str, "string"), "b": (bool, "bool"), "i": (int, "int32"), "y": (str, "[]uint8")}
_KEPT = ("kind", "apiVersion")


def fit(obj: Object, api_version: str, kind: str, *, strict: bool = False) -> list[str]:
    """Drop in place, and return by path, what the type of an object does not have; unknown kinds stay as they are.

    A member of a wrong type is refused, with `strict` an unknown one too.
    """
    message = messages().of(api_version, kind)
    if message is None or message.startswith("apiextensions."):
        return []
    unknown: list[str] = []
    try:
        _message(message, "", obj, unknown)
    except TypeError as error:
        why = f"json: cannot unmarshal {error}"
    else:
        if not (strict and unknown):
            return unknown
        listed = ", ".join(f'unknown field "{path}"' for path in unknown)
        why = f"strict decoding error: {listed}"
    raise bad_request(f'{kind} in version "{api_version.rpartition("/")[2]}" cannot be handled as a {kind}: {why}')


@cache
def members(message: str) -> dict[str, tuple[Field, str]]:
    """The members of a message by name, each with the message that declares it."""
    held: dict[str, tuple[Field, str]] = {}
    for field in messages().messages[message].values():
        held |= {field.name: (field, message)} if field.name else members(field.type)
    return held


def _message(message: str, path: str, obj: Object, unknown: list[str]) -> None:
    known = members(message)
    for name in list(obj):
        where = f"{path}.{name}" if path else name
        if name in known:
            if obj[name] is None:
                del obj[name]
                continue
            field, owner = known[name]
            _member(field, f"{owner.rpartition('.')[2]}.{where}", obj[name], (where, unknown))
        elif path or name not in _KEPT:
            unknown.append(where)
            del obj[name]


def _member(field: Field, named: str, value: Any, place: tuple[str, list[str]]) -> None:
    if field.form is Form.LIST:
        _expect(value, list, named, f"[]{_go(field.type)}")
        for number, one in enumerate(value):
            _one(field.type, named, one, (f"{place[0]}[{number}]", place[1]))
    elif field.form is Form.MAP:
        _expect(value, dict, named, f"map[string]{_go(field.type)}")
        for key, one in value.items():
            _one(field.type, named, one, (f"{place[0]}.{key}", place[1]))
    else:
        _one(field.type, named, value, place)


def _one(kind: str, named: str, value: Any, place: tuple[str, list[str]]) -> None:
    if kind in _SCALARS:
        _expect(value, _SCALARS[kind][0], named, _SCALARS[kind][1])
    elif kind in messages().messages and not kind.endswith(".ExtraValue"):
        _expect(value, dict, named, _go(kind))
        _message(kind, place[0], value, place[1])


def _expect(value: Any, wanted: type, named: str, go: str) -> None:
    if value is not None and type(value) is not wanted:
        raise TypeError(f"{_NAMES.get(type(value), 'null')} into Go struct field {named} of type {go}")


def _go(kind: str) -> str:
    """How Go names a type."""
    if kind in _SCALARS:
        return _SCALARS[kind][1]
    version, _, name = kind.rpartition(".")
    return f"{version.rpartition('.')[2] if '.' in version else 'v1'}.{name}"
