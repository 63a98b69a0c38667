"""A test's own hand on a cluster's objects: no HTTP, no access rules, the same life of objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from basefly.sim.kinds.kind import Kind
from basefly.sim.objects import Objects
from basefly.sim.rules import WHOLE
from basefly.sim.status import not_found
from basefly.sim.store.record import Record

Object = dict[str, Any]


class Api:
    """Objects as dicts with apiVersion and kind; resources by name, such as `pods` or `deployments.apps`.

    Each write raises the Refusal that the server would answer with. It returns the object as it is then stored.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def get(self, resource: str, name: str, namespace: str = "") -> Object:
        kind = self._objects.catalog.named(resource)
        return _loaded(kind, self._held(kind, name, namespace))

    def list(self, resource: str, namespace: str = "") -> list[Object]:
        kind = self._objects.catalog.named(resource)
        return [_loaded(kind, record) for record in self._objects.store.of(kind.name).page(namespace=namespace)]

    def create(self, obj: Object, namespace: str = "") -> Object:
        """Add an object, its status included; without a namespace anywhere it goes to `default`."""
        kind = self._objects.catalog.of(obj)
        return _loaded(kind, self._objects.create(kind, obj, namespace=namespace))

    def replace(self, obj: Object) -> Object:
        """Put an object, status included, in the place of the one of its name."""
        kind = self._objects.catalog.of(obj)
        meta = obj["metadata"]
        held = self._held(kind, meta["name"], meta.get("namespace", ""))
        changed = self._objects.update(kind, held, obj, part=WHOLE)
        return _loaded(kind, changed)

    def change(self, resource: str, name: str, namespace: str = "", *, by: Callable[[Object], Any]) -> Object:
        """Read, let `by` alter the dict in place, and replace."""
        obj = self.get(resource, name, namespace)
        by(obj)
        return self.replace(obj)

    def delete(self, resource: str, name: str, namespace: str = "") -> None:
        """Remove an object and what it owns, without grace."""
        kind = self._objects.catalog.named(resource)
        self._objects.delete(kind, self._held(kind, name, namespace), grace=0)

    def _held(self, kind: Kind, name: str, namespace: str) -> Record:
        where = (namespace or "default") if kind.namespaced else ""
        held = self._objects.store.get(kind.name, where, name)
        if held is None:
            raise not_found(kind, name)
        return held


def _loaded(kind: Kind, record: Record) -> Object:
    return {"apiVersion": kind.api_version, "kind": kind.kind} | record.load()
