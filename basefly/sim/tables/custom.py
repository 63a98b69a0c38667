"""Columns of custom resources: those their definition names, by simple JSON paths."""

from __future__ import annotations

import re
from typing import Any

from basefly.sim.kinds.kind import Kind
from basefly.sim.tables.cells import Object, ago, name

_NAME = {
    "name": "Name",
    "type": "string",
    "format": "name",
    "description": (
        "Name must be unique within a namespace. Is required when creating resources, although some resources may "
        "allow a client to request the generation of an appropriate name automatically. Name is primarily intended "
        "for creation idempotence and configuration definition. Cannot be updated. More info: "
        "https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names"
    ),
    "priority": 0,
}
_AGE = {
    "name": "Age",
    "type": "date",
    "jsonPath": ".metadata.creationTimestamp",
    "description": (
        "CreationTimestamp is a timestamp representing the server time when this object was created. It is not "
        "guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It "
        "is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More "
        "info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata"
    ),
}
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]|\[\?\(@\.([\w.]+)==[\"']([^\"']*)[\"']\)\]")


def columns(kind: Kind) -> list[Object]:
    return [_NAME, *(_column(column) for column in _declared(kind))]


def cells(kind: Kind, obj: Object) -> list[Any]:
    return [name(obj), *(_cell(column, obj) for column in _declared(kind))]


def _declared(kind: Kind) -> tuple[Object, ...]:
    return kind.columns or (_AGE,)


def _column(column: Object) -> Object:
    return {
        "name": column["name"],
        "type": column["type"],
        "format": column.get("format", ""),
        "description": column.get("description")
        or f"Custom resource definition column (in JSONPath format): {column['jsonPath']}",
        "priority": column.get("priority", 0),
    }


def _cell(column: Object, obj: Any) -> Any:
    value = obj
    for member, index, quoted, tested, wanted in _STEP.findall(column["jsonPath"]):
        value = _step(value, member or quoted, index, (tested, wanted))
    if value is None:
        return None
    if column["type"] == "date":
        return ago(str(value))
    return value if column["type"] in ("integer", "number", "boolean") else _text(value)


def _step(value: Any, member: str, index: str, test: tuple[str, str]) -> Any:
    if member:
        return value.get(member) if isinstance(value, dict) else None
    if not isinstance(value, list):
        return None
    if index:
        return value[int(index)] if int(index) < len(value) else None
    return next((held for held in value if isinstance(held, dict) and held.get(test[0]) == test[1]), None)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
