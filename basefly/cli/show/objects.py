"""Rows of the inventory as a table: the cluster first, then what kubectl would show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from basefly.cli.show import values
from basefly.cli.show.table import Cell
from basefly.cli.terminal import Colour, clean

COLOURS: dict[str, Colour] = {"ok": "green", "warn": "yellow", "bad": "red", "idle": "dim"}

T = TypeVar("T")


@dataclass(frozen=True)
class Layout:
    """Which columns a list has. `columns` are the kind's own, as the hub describes them: name, title, type, wide."""

    resource: str
    columns: Sequence[dict[str, Any]]
    namespaced: bool = True
    wide: bool = False
    labels: bool = False
    prefixed: bool = False  # names as KIND/NAME, where several kinds stand below each other
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def headings(self) -> list[str]:
        """The headings, in the order of `row`."""
        if self.resource == "events":
            return ["cluster", *self._namespace("namespace"), *(title for title, _ in self._event_columns())]
        own = [column["title"] for column in self.columns if self._shown(column)]
        wide = [column["title"] for column in self.columns if column.get("wide") and self.wide]
        lead = ["cluster", *self._namespace("namespace"), "name"]
        return lead + _after_ready(self.columns, own, "status") + ["age"] + wide + (["labels"] if self.labels else [])

    def row(self, item: dict[str, Any]) -> list[Cell]:
        """One object."""
        lead = [
            Cell(clean(item["cluster"]["name"]), "cyan"),
            *self._namespace(Cell(clean(item.get("namespace") or ""))),
        ]
        status = Cell(values.text(item.get("status")), COLOURS.get(item.get("health", "")))
        if self.resource == "events":
            return lead + [self._event_cell(item, name, status) for _, name in self._event_columns()]
        own = [self._cell(item, column) for column in self.columns if self._shown(column)]
        wide = [self._cell(item, column) for column in self.columns if column.get("wide") and self.wide]
        lead.append(Cell(clean(self._name(item))))
        age = Cell(values.age(item.get("created_at"), self.now))
        tail = [Cell(values.labels(item.get("labels")))] if self.labels else []
        return lead + _after_ready(self.columns, own, status) + [age] + wide + tail

    def _namespace(self, value: T) -> list[T]:
        return [value] if self.namespaced else []

    def _name(self, item: dict[str, Any]) -> str:
        group = item["resource"].partition(".")[2]
        kind = item["kind"].lower() + (f".{group}" if group else "")
        return f"{kind}/{item['name']}" if self.prefixed else str(item["name"])

    def _shown(self, column: dict[str, Any]) -> bool:
        return not column.get("wide")

    def _cell(self, item: dict[str, Any], column: dict[str, Any]) -> Cell:
        value = (item.get("cells") or {}).get(column["name"])
        return Cell(values.text(value, column.get("type", "text"), now=self.now))

    def _event_columns(self) -> list[tuple[str, str]]:
        """As `kubectl get events`: the message last, because it is long."""
        titles = {"last": "last seen", "type": "type", "reason": "reason", "object": "object"}
        wide = {"count": "count", "source": "source"} if self.wide else {}
        return [(title, name) for name, title in (titles | wide | {"message": "message"}).items()]

    def _event_cell(self, item: dict[str, Any], name: str, status: Cell) -> Cell:
        if name == "type":
            return status
        value = (item.get("cells") or {}).get(name)
        return Cell(values.text(value, "time" if name == "last" else "text", now=self.now))


def _after_ready(columns: Sequence[dict[str, Any]], own: list[T], status: T) -> list[T]:
    """The status stands where kubectl has it: behind READY, or first."""
    place = 1 if own and columns and columns[0]["name"] == "ready" else 0
    return [*own[:place], status, *own[place:]]
