"""Kubernetes' protobuf envelope and the objects in it, as dicts: typed clients, kubectl among them, write in it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from basefly.sim.bodies.messages import Field, Form, messages
from basefly.sim.clock import written

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
Object = dict[str, Any]


def decode(data: bytes) -> Object:
    """The object in an envelope; ValueError for what is no envelope or a kind whose shape is not known."""
    if not data.startswith(_MAGIC):
        raise ValueError("provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    envelope = dict(_fields(data[len(_MAGIC) :]))
    named = {number: value.decode() for number, value in _fields(envelope[1])}
    version, kind = named.get(1, ""), named.get(2, "")
    message = messages().of(version, kind)
    if message is None:
        raise ValueError(f'no kind "{kind}" is registered for version "{version}"')
    return {"apiVersion": version, "kind": kind} | _message(message, envelope.get(2, b""))


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """The fields of a message by number: integers, or bytes."""
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        if tag & 7 == 0:
            value: Any
            value, position = _varint(data, position)
        elif tag & 7 == 2:
            length, position = _varint(data, position)
            value, position = data[position : position + length], position + length
        else:
            raise ValueError(f"wire type {tag & 7} is not used by Kubernetes' objects")
        yield tag >> 3, value


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(data):
            raise ValueError("unexpected EOF")
        byte = data[position]
        value |= (byte & 127) << shift
        position, shift = position + 1, shift + 7
        if byte < 128:
            return value, position


def _message(name: str, data: bytes) -> Object:
    fields = messages().messages[name]
    obj: Object = {}
    for number, value in _fields(data):
        field = fields.get(number)
        if field is None:
            continue
        if not field.name:
            obj |= _value(field.type, value)
        elif field.form is Form.LIST:
            obj.setdefault(field.name, []).append(_value(field.type, value))
        elif field.form is Form.MAP:
            obj.setdefault(field.name, {}).update([_pair(field, value)])
        elif (held := _value(field.type, value)) or field.form is Form.POINTER:
            obj[field.name] = held
    return obj


def _pair(field: Field, data: bytes) -> tuple[str, Any]:
    held = dict(_fields(data))
    return held.get(1, b"").decode(), _value(field.type, held.get(2, b""))


def _value(kind: str, value: Any) -> Any:
    if convert := _SCALARS.get(kind):
        return convert(value)
    leaf = _LEAVES.get(kind.rpartition(".")[2])
    return leaf(value) if leaf else _message(kind, value)


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _time(data: bytes) -> str | None:
    held = dict(_fields(data))
    seconds = _signed(held.get(1, 0))
    return written(seconds) if seconds > 0 else None


def _micro_time(data: bytes) -> str | None:
    whole = _time(data)
    micros = dict(_fields(data)).get(2, 0) // 1000
    return f"{whole[:-1]}.{micros:06}Z" if whole else None


def _int_or_string(data: bytes) -> int | str:
    held = dict(_fields(data))
    return held.get(3, b"").decode() if held.get(1) == 1 else _signed(held.get(2, 0))


def _text(data: bytes) -> str:
    return str(dict(_fields(data)).get(1, b"").decode())


def _json(data: bytes) -> Any:
    raw = dict(_fields(data)).get(1)
    return msgspec.json.decode(raw) if raw else None


_SCALARS: dict[str, Callable[[Any], Any]] = {
    "s": lambda value: value.decode(),
    "b": bool,
    "i": _signed,
    "y": lambda value: base64.b64encode(value).decode(),
}
_LEAVES: dict[str, Callable[[bytes], Any]] = {
    "Time": _time,
    "MicroTime": _micro_time,
    "Quantity": _text,
    "IntOrString": _int_or_string,
    "FieldsV1": _json,
    "RawExtension": _json,
}
