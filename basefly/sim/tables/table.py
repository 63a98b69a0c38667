"""Columns and rows of a resource: recorded definitions, and the printer that fills them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from basefly.sim.kinds.kind import Kind
from basefly.sim.store.record import Record
from basefly.sim.tables import cluster, custom, network, settings, workloads
from basefly.sim.tables.cells import Object, Printer

_PRINTERS: dict[str, Printer] = workloads.PRINTERS | network.PRINTERS | cluster.PRINTERS | settings.PRINTERS
_PLAIN = "roles.rbac.authorization.k8s.io"
"""A resource whose columns are those of all that have no printer: name and creation."""


class _Columns(msgspec.Struct):
    """Columns are name, type, format, priority, and the index of the description."""

    descriptions: list[str]
    columns: dict[str, list[tuple[str, str, str, int, int]]]


@cache
def _recorded() -> dict[str, list[Object]]:
    text = resources.files("basefly.sim.tables").joinpath("columns.json").read_bytes()
    held = msgspec.json.decode(text, type=_Columns)
    return {
        resource: [_definition(column, held.descriptions) for column in columns]
        for resource, columns in held.columns.items()
    }


def _definition(column: tuple[str, str, str, int, int], descriptions: list[str]) -> Object:
    name, kind, form, priority, description = column
    return {
        "name": name,
        "type": kind,
        "format": form,
        "description": descriptions[description],
        "priority": priority,
    }


def columns(kind: Kind) -> list[Object]:
    """The column definitions; a resource without a printer shows name and creation alone."""
    if kind.definition:
        return custom.columns(kind)
    return _recorded()[kind.name if kind.name in _PRINTERS else _PLAIN]


def rows(kind: Kind, records: Sequence[Record]) -> list[list[Any]]:
    """The cells of each record, in the order of the columns."""
    if kind.definition:
        return [custom.cells(kind, record.load()) for record in records]
    printer = _PRINTERS.get(kind.name, _plain)
    return [printer(record.load()) for record in records]


def _plain(obj: Object) -> list[Any]:
    return [obj["metadata"]["name"], obj["metadata"]["creationTimestamp"]]
