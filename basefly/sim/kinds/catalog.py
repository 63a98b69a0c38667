"""The kinds one cluster serves, found by path, by name or by apiVersion and kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from basefly.sim.kinds.kind import Kind


class _Group(msgspec.Struct):
    group: str
    version: str
    resources: list[Kind]


@cache
def built_in() -> tuple[Kind, ...]:
    """The kinds of a v1.36 API server, recorded from its aggregated discovery."""
    text = resources.files("basefly.sim.kinds").joinpath("discovery.json").read_bytes()
    groups = msgspec.json.decode(text, type=list[_Group])
    return tuple(
        msgspec.structs.replace(kind, group=group.group, version=group.version)
        for group in groups
        for kind in group.resources
    )


class Catalog:
    """Lookup tables over the kinds; custom ones come and go with their definitions."""

    def __init__(self, kinds: Iterable[Kind] | None = None) -> None:
        self._kinds: dict[tuple[str, str, str], Kind] = {}
        for kind in built_in() if kinds is None else kinds:
            self.add(kind)

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._kinds.values())

    def add(self, kind: Kind) -> None:
        self._kinds[kind.group, kind.version, kind.plural] = kind

    def remove(self, kind: Kind) -> None:
        self._kinds.pop((kind.group, kind.version, kind.plural), None)

    def at(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind under /apis/GROUP/VERSION/PLURAL (/api/VERSION/PLURAL for the empty group)."""
        return self._kinds.get((group, version, plural))

    def serves(self, group: str, version: str) -> bool:
        """Whether there is anything at all under /apis/GROUP/VERSION."""
        return any(kind.group == group and kind.version == version for kind in self)

    def named(self, name: str) -> Kind:
        """The kind called `pods` or `deployments.apps` (or `deployments`, where that is unambiguous)."""
        plural, _, group = name.partition(".")
        for kind in self:
            if kind.plural == plural and (kind.group == group or not group):
                return kind
        raise LookupError(f"this cluster serves no {name!r}")

    def of(self, obj: dict[str, Any]) -> Kind:
        """The kind of an object by its apiVersion and kind."""
        for kind in self:
            if kind.kind == obj.get("kind") and kind.api_version == obj.get("apiVersion"):
                return kind
        raise LookupError(f"this cluster serves no {obj.get('apiVersion')!r} {obj.get('kind')!r}")

    def versions(self) -> dict[str, dict[str, list[Kind]]]:
        """Group to version to kinds, in the order of discovery."""
        tree: dict[str, dict[str, list[Kind]]] = {"": {}}
        for kind in self:
            tree.setdefault(kind.group, {}).setdefault(kind.version, []).append(kind)
        return tree
