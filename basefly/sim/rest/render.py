"""Stored records as bytes of an answer: one object or many, whole, as a table, or as metadata alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from basefly.sim.kinds.kind import Kind
from basefly.sim.status import bad_request
from basefly.sim.store.record import Record
from basefly.sim.tables.table import columns, rows
from basefly.sim.wire.negotiate import Form

_PARTIAL = b'{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",'


class _Envelope(msgspec.Struct):
    metadata: msgspec.Raw


def whole(kind: Kind, record: Record) -> bytes:
    return kind.head + record.body[1:]


def metadata(record: Record) -> bytes:
    meta = msgspec.json.decode(record.body, type=_Envelope).metadata
    return _PARTIAL + b'"metadata":' + bytes(meta) + b"}"


def table(
    kind: Kind, records: Sequence[Record], meta: dict[str, Any], *, include: str = "", head: bool = True
) -> bytes:
    """A Table, or 400; `include` is the query's includeObject, `head` whether it names its columns."""
    if include not in ("", "Metadata", "Object", "None"):
        why = f"includeObject: Invalid value: \"{include}\": must be 'Metadata', 'Object', 'None', or empty"
        raise bad_request(f"Unable to convert to Table as requested: {why}")
    made = []
    for record, cells in zip(records, rows(kind, records), strict=True):
        embedded = {"Object": whole(kind, record), "None": b"null"}.get(include) or metadata(record)
        made.append(b'{"cells":' + msgspec.json.encode(cells) + b',"object":' + embedded + b"}")
    return b"".join(
        (
            b'{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":',
            msgspec.json.encode(meta),
            b',"columnDefinitions":',
            msgspec.json.encode(columns(kind) if head else None),
            b',"rows":[',
            b",".join(made),
            b"]}",
        )
    )


def one(kind: Kind, record: Record, form: Form, *, include: str = "", head: bool = True) -> bytes:
    if form is Form.TABLE:
        return table(kind, [record], {"resourceVersion": str(record.version)}, include=include, head=head)
    return metadata(record) if form is Form.METADATA else whole(kind, record)


def many(kind: Kind, records: Sequence[Record], meta: dict[str, Any], form: Form, *, include: str = "") -> bytes:
    """A list. As the real server, it repeats apiVersion and kind in the items of custom resources only."""
    if form is Form.TABLE:
        return table(kind, records, meta, include=include)
    name, version = (kind.list_name, kind.api_version)
    if form is Form.METADATA:
        name, version = "PartialObjectMetadataList", "meta.k8s.io/v1"
        items = [metadata(record) for record in records]
        if not items:
            return msgspec.json.encode({"kind": name, "apiVersion": version, "metadata": meta, "items": None})
    elif kind.definition:
        meta = {"continue": ""} | meta
        items = [whole(kind, record) for record in records]
    else:
        items = [record.body for record in records]
    head = msgspec.json.encode({"kind": name, "apiVersion": version, "metadata": meta})
    return head[:-1] + b',"items":[' + b",".join(items) + b"]}"
