"""Custom resources with columns of their own: those that their definition names for `kubectl get`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from basefly.base.kube import jsonpath
from basefly.base.kube.jsonpath import JSONPath
from basefly.core.sync.kind import Column, ColumnType, Kind, Meta, Projection, terminating

LONGEST = 300  # characters of a text in a column; the whole of it is in the object
# What every list has already, and words that a list is asked with: a column of such a name gets another.
EVERYWHERE = frozenset({"metadata.name", "metadata.namespace", "metadata.creationTimestamp"})
TAKEN = frozenset(
    "age cluster columns created_at cursor health kind label labels limit name namespace open q set sort status "
    "unreadable".split()
)
_TYPES: dict[str, ColumnType] = {"integer": "number", "number": "number", "date": "time"}


class Printed(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """An additional printer column, as a definition writes it. One of a priority above 0 is shown where there is room.

    `type` is integer, number, boolean, date or string.
    """

    name: str = ""
    type: str = "string"
    json_path: str = ""
    priority: int = 0


class WholeMeta(Meta, frozen=True, gc=False):
    """ObjectMeta as far as columns show it."""

    annotations: dict[str, str] | None = None
    finalizers: list[str] | None = None
    generation: int | None = None


class _Drawn(msgspec.Struct, frozen=True):
    """A column with where its values come from: a path into the member called `field` of the shape."""

    column: Column
    type: str
    path: JSONPath
    field: str


@lru_cache(maxsize=1024)
def printed_kind(resource: str, kind: str, printed: tuple[Printed, ...]) -> Kind | None:
    """The kind with these columns, decoded no further than they reach; None if none of them tells anything new."""
    drawn = _drawn(printed)
    if not drawn:
        return None
    fields = {each.path.root: each.field for each in drawn if each.path.root != "metadata"}
    shape = msgspec.defstruct(
        "Custom",
        [("metadata", WholeMeta), *((field, Any, None) for field in fields.values())],
        rename={field: root for root, field in fields.items()},
        frozen=True,
        gc=False,
    )

    def project(decoded: Any) -> Projection:
        status, health = terminating(decoded.metadata, "", "idle")
        return Projection(status, health, {each.column.name: _value(each, decoded) for each in drawn})

    columns = tuple(each.column for each in drawn)
    return Kind(resource=resource, kind=kind, group="custom", columns=columns, shape=shape, project=project)


def merged(several: Iterable[tuple[Printed, ...]]) -> tuple[Printed, ...]:
    """The columns of a kind whose definitions differ from cluster to cluster: each name once, as first found."""
    found: dict[str, Printed] = {}
    for printed in several:
        for one in printed:
            found.setdefault(one.name, one)
    return tuple(found.values())


def _drawn(printed: tuple[Printed, ...]) -> tuple[_Drawn, ...]:
    found: dict[str, _Drawn] = {}
    fields: dict[str, str] = {}
    for one in printed:
        path, name = jsonpath.parse(one.json_path), _name(one.name)
        if path is None or name in found or one.json_path.strip().lstrip(".") in EVERYWHERE:
            continue
        column = Column(name, one.name, _TYPES.get(one.type, "text"), wide=one.priority > 0)
        field = fields.setdefault(path.root, f"part{len(fields)}")
        found[name] = _Drawn(column, one.type, path, field)
    return tuple(found.values())


def _name(title: str) -> str:
    """The key of a column, fit for addresses and queries: "Last Backup" is last-backup."""
    name = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "column"
    return f"printed-{name}" if name in TAKEN or not name[0].isalpha() else name


def _value(drawn: _Drawn, decoded: Any) -> Any:
    whole = _metadata(decoded.metadata) if drawn.path.root == "metadata" else getattr(decoded, drawn.field)
    return _typed(drawn.type, drawn.path.first(whole))


def _metadata(meta: WholeMeta) -> Mapping[str, Any]:
    return {
        "name": meta.name,
        "namespace": meta.namespace,
        "uid": meta.uid,
        "resourceVersion": meta.resource_version,
        "creationTimestamp": meta.creation_timestamp,
        "deletionTimestamp": meta.deletion_timestamp,
        "labels": msgspec.json.decode(meta.labels),
        "annotations": meta.annotations,
        "finalizers": meta.finalizers,
        "generation": meta.generation,
    }


def _typed(kind: str, value: Any) -> Any:
    """A value as its column's type has it; None where it is of another, as the API server prints it."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case "integer":
            return int(value) if number else None
        case "number":
            return value if number else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "date":
            return value if isinstance(value, str) else None
    return None if value is None else _text(value)


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
