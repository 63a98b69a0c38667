"""A list as a file: CSV, JSON or YAML, with the filters, columns and order of the list, read and sent in chunks."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
import yaml

from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.core.inventory import model
from basefly.core.inventory.asking.request import ListRequest, Understood, understand
from basefly.core.inventory.model import LABEL, InventoryObject
from basefly.core.inventory.sight import READ
from basefly.core.inventory.store import objects
from basefly.core.sync.store import streams

Format = Literal["csv", "json", "yaml"]
MEDIA: dict[Format, str] = {"csv": "text/csv", "json": "application/json", "yaml": "application/yaml"}
MOST = 100_000  # objects in one file
CHUNK = 1000
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run instead of showing


class Export(msgspec.Struct, frozen=True):
    """What is to be sent, and its apiVersion. `total` is how many match, as far as counted; MOST are sent at most."""

    asked: Understood
    api: str
    total: int
    exact: bool

    @property
    def cut(self) -> bool:
        return self.total > MOST or not self.exact


async def prepare(db: Database, by: Principal, request: ListRequest) -> Export:
    """Understand what is asked, before the first byte is sent. Raises as `understand` does."""
    async with db.reading(by.org_id, by=by.user_id) as tx:
        asked = await understand(tx, by, msgspec.structs.replace(request, cursor="", limit=CHUNK))
        total, exact = await objects.count_objects(tx, by.scope(READ), asked.query, to=MOST)
        api = await _api_version(tx, asked)
    return Export(asked, api, total, exact)


async def write(
    db: Database, by: Principal, export: Export, form: Format, columns: Sequence[str]
) -> AsyncIterator[str]:
    """The file, chunk by chunk. Each is a transaction of its own, so that a slow reader holds nothing."""
    writer = {"csv": _csv, "json": _json, "yaml": _yaml}[form]
    names = {c.id: c.name for c in export.asked.clusters}
    cursor: str | None = ""
    sent = 0
    while cursor is not None and sent < MOST:
        async with db.reading(by.org_id, by=by.user_id) as tx:
            page = await objects.page_objects(
                tx, by.scope(READ), msgspec.structs.replace(export.asked.query, cursor=cursor)
            )
        items = [model.shown(row, export.asked.kind.kind, names) for row in page.rows]
        yield "".join(writer(items, columns, export.api, first=not cursor))
        sent += len(items)
        cursor = page.next
    yield {"csv": "", "json": "\n]\n", "yaml": "" if sent else "[]\n"}[form]


def value(item: InventoryObject, column: str) -> Any:
    """What an object has in a column: as it is kept, not as a page shortens it."""
    if column == "cluster":
        return item.cluster.name
    if column == "age":
        return item.created_at
    if column.startswith(LABEL):
        return item.labels.get(column.removeprefix(LABEL), "")
    return item.cells.get(column) if column in item.cells else getattr(item, column, None)


Writer = Callable[..., Iterable[str]]


def _csv(items: Sequence[InventoryObject], columns: Sequence[str], api: str, *, first: bool) -> Iterable[str]:  # noqa: ARG001  # one signature for all forms
    text = io.StringIO()
    table = csv.writer(text)
    if first:
        table.writerow(["created_at" if column == "age" else column for column in columns])
    table.writerows([[_field(value(item, column)) for column in columns] for item in items])
    yield text.getvalue()


def _field(given: Any) -> str:
    """A field that no spreadsheet takes for a formula."""
    if given is None:
        return ""
    if isinstance(given, datetime):
        return given.isoformat().replace("+00:00", "Z")
    if isinstance(given, int | float) and not isinstance(given, bool):
        return str(given)
    text = ", ".join(map(str, given)) if isinstance(given, list) else str(given)
    return f"'{text}" if text.startswith(FORMULA) else text


def _json(items: Sequence[InventoryObject], columns: Sequence[str], api: str, *, first: bool) -> Iterable[str]:  # noqa: ARG001  # one signature for all forms
    if first:
        yield "["
    for place, item in enumerate(items):
        yield "\n" if first and not place else ",\n"
        record = {("created_at" if name == "age" else name): value(item, name) for name in columns}
        yield msgspec.json.encode(record).decode()


def _yaml(items: Sequence[InventoryObject], columns: Sequence[str], api: str, *, first: bool) -> Iterable[str]:  # noqa: ARG001  # one signature for all forms
    if first:
        yield "apiVersion: v1\nkind: List\nitems:" + ("\n" if items else " ")
    if items:
        yield yaml.dump([_object(item, api) for item in items], Dumper=_Dumper, sort_keys=False, allow_unicode=True)


_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def _object(item: InventoryObject, api: str) -> dict[str, Any]:
    """An object as far as the inventory keeps it, in Kubernetes' form; what it found out stands in annotations."""
    found = {"cluster": item.cluster.name, "status": item.status, "health": item.health}
    found |= {name: each if isinstance(each, str) else json.dumps(each) for name, each in item.cells.items()}
    metadata = {
        "name": item.name,
        "namespace": item.namespace,
        "uid": item.uid,
        "resourceVersion": item.resource_version,
        "creationTimestamp": _field(item.created_at),
        "labels": item.labels,
        "annotations": {f"inventory.basefly/{name}": each for name, each in found.items()},
    }
    return {"apiVersion": api, "kind": item.kind, "metadata": {name: each for name, each in metadata.items() if each}}


async def _api_version(tx: Tx, asked: Understood) -> str:
    group = asked.kind.resource.partition(".")[2]
    served = await streams.get_served(tx, [c.id for c in asked.clusters], (asked.kind.resource,))
    version = served[0].version if served else "v1"
    return f"{group}/{version}" if group else version
