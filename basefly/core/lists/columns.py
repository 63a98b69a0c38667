"""Which columns a list shows, and in which order: the address says, else the kind's own that are not wide."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from basefly.base.web.language import t
from basefly.core.inventory.display.address import Address
from basefly.core.inventory.model import LABEL
from basefly.core.sync.kind import Column, ColumnType, Kind

IN_THE_NAME = frozenset({"object", "message"})  # of an event: they stand where other kinds have a name
NUMERIC = frozenset({"number", "bytes", "cores"})
MOST = 30  # columns in one list


class Shown(msgspec.Struct, frozen=True):
    """A column of a list. `own` is the kind's column behind it, if any; `sort` is what its header sorts by."""

    name: str
    title: str
    sort: str
    type: ColumnType = "text"
    own: Column | None = None


class Choice(msgspec.Struct, frozen=True):
    """A column in the chooser: whether it is shown, and the same list with it moved up or down ("" at the end)."""

    name: str
    title: str
    shown: bool
    up: str = ""
    down: str = ""


def available(kind: Kind, *, namespaced: bool) -> dict[str, Shown]:
    """Every column that a list of this kind can have beside the name, in its own order."""
    common = [Shown("cluster", t("Cluster"), "cluster"), Shown("status", t("Status"), "status")]
    if namespaced:
        common.insert(0, Shown("namespace", t("Namespace"), "namespace"))
    own = [
        Shown(column.name, t(column.title), column.name, column.type, column)
        for column in kind.columns
        if kind.resource != "events" or column.name not in IN_THE_NAME
    ]
    return {each.name: each for each in [*common, *own, Shown("age", t("Age"), "age", "time")]}


def chosen(kind: Kind, asked: Sequence[str], *, namespaced: bool) -> list[Shown]:
    """The columns to show, in their order. A column that is not there is left out: an old link still shows a list."""
    known = available(kind, namespaced=namespaced)
    if not asked:
        return [each for each in known.values() if each.own is None or not each.own.wide]
    wanted = dict.fromkeys(name for each in asked for name in each.split(",") if name)
    found = [known.get(name) or _label(name) for name in wanted]
    return [each for each in found if each is not None][:MOST]


def choices(kind: Kind, shown: Sequence[Shown], address: Address, *, namespaced: bool) -> list[Choice]:
    """Every column for the chooser: those that are shown in their order, then the others."""
    names = [each.name for each in shown]
    listed = [
        Choice(
            each.name,
            each.title,
            shown=True,
            up=_moved(address, names, place, -1),
            down=_moved(address, names, place, 1),
        )
        for place, each in enumerate(shown)
    ]
    others = [each for name, each in available(kind, namespaced=namespaced).items() if name not in names]
    return [*listed, *(Choice(each.name, each.title, shown=False) for each in others)]


def _label(name: str) -> Shown | None:
    key = name.removeprefix(LABEL)
    return Shown(name, key, name) if name.startswith(LABEL) and key else None


def _moved(address: Address, names: list[str], place: int, by: int) -> str:
    to = place + by
    if not 0 <= to < len(names):
        return ""
    moved = list(names)
    moved[place], moved[to] = moved[to], moved[place]
    return address.having(columns=",".join(moved), cursor=address.value("cursor"))
