"""managedFields: who set which field, in the server's FieldsV1 form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

Object = dict[str, Any]
_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "ownerReferences": ("uid",),
    "conditions": ("type",),
    "podIPs": ("ip",),
    "hostIPs": ("ip",),
    "imagePullSecrets": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "addresses": ("type",),
}
"""Lists whose members are told apart by keys; every other list belongs to one manager as a whole."""
_PORT_KEYS = ("containerPort", "port")


class Writer(NamedTuple):
    """A field manager: the members it wrote, as dotted paths, at a time, through a subresource or not."""

    manager: str
    paths: tuple[str, ...]
    time: str
    api_version: str = "v1"
    subresource: str = ""


def managed_fields(obj: Object, writers: Sequence[Writer]) -> list[Object]:
    return [_entry(obj, writer) for writer in writers]


def _entry(obj: Object, writer: Writer) -> Object:
    fields: Object = {}
    for path in writer.paths:
        _put(fields, obj, path.split("."))
    entry = {
        "manager": writer.manager,
        "operation": "Update",
        "apiVersion": writer.api_version,
        "time": writer.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": fields,
    }
    return entry | ({"subresource": writer.subresource} if writer.subresource else {})


def _put(fields: Object, value: Any, path: list[str]) -> None:
    name, *rest = path
    if not isinstance(value, dict) or name not in value:
        return
    held = fields.setdefault(f"f:{name}", {})
    if rest:
        _put(held, value[name], rest)
    else:
        held |= _set_of(name, value[name])


def _set_of(name: str, value: Any) -> Object:
    if isinstance(value, dict) and value:
        return {".": {}} | {f"f:{key}": _set_of(key, held) for key, held in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        keys = _keys(name, value[0])
        if keys:
            return {".": {}} | {_member(keys, held): _set_of("", held) for held in value}
    return {}


def _keys(name: str, first: Object) -> tuple[str, ...]:
    if name == "ports":
        return (next(key for key in _PORT_KEYS if key in first), "protocol")
    return _KEYS.get(name, ())


def _member(keys: tuple[str, ...], held: Object) -> str:
    return "k:" + msgspec.json.encode({key: held[key] for key in keys if key in held}).decode()
