"""A cluster's storage: one version counter over many collections, ownership, and compaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from basefly.sim.store.collection import Collection
from basefly.sim.store.record import Change, Event, Record, record

HISTORY = 20_000
"""How many versions back lists and watches may reach before the store compacts by itself."""


class Snapshot(msgspec.Struct, frozen=True):
    """All objects at one version, by resource: a backup of etcd."""

    version: int
    records: dict[str, list[Record]]


class Store:
    """Every write takes the next version, as in etcd; versions up to `compacted` can no longer be read."""

    def __init__(self) -> None:
        self.version = 1
        self.compacted = 0
        self._collections: dict[str, Collection] = {}
        self._owned: dict[str, set[tuple[str, str]]] = {}
        self.listeners: list[Callable[[str, Event], None]] = []
        """Called with the resource and the event after each write; they must not write themselves."""

    def of(self, resource: str) -> Collection:
        return self._collections.setdefault(resource, Collection())

    def get(self, resource: str, namespace: str, name: str) -> Record | None:
        return self.of(resource).records.get(f"{namespace}/{name}")

    def put(self, resource: str, obj: dict[str, Any]) -> Record:
        """Add or change an object; the caller has checked that it may."""
        self.version += 1
        new = record(obj, self.version)
        collection = self.of(resource)
        previous = collection.records.get(new.key)
        change = Change.MODIFIED if previous else Change.ADDED
        event = Event(change, self.version, new, previous)
        collection.append(event)
        self._own(resource, new)
        self._trim()
        self._tell(resource, event)
        return new

    def load(self, resource: str, records: list[Record]) -> None:
        """Add many objects at once, each at a version of its own, without history."""
        for new in records:
            self.version += 1
            new.version = self.version
            self._own(resource, new)
        collection = self.of(resource)
        collection.load([*collection.records.values(), *records])
        collection.wake()

    def remove(self, resource: str, held: Record, last: dict[str, Any] | None = None) -> Record:
        """Take an object away; what remains of it carries the version of its deletion."""
        self.version += 1
        gone = record(last or held.load(), self.version)
        for uid in held.owners:
            self._owned[uid].discard((resource, held.key))
        event = Event(Change.DELETED, self.version, gone, held)
        self.of(resource).append(event)
        self._trim()
        self._tell(resource, event)
        return gone

    def _tell(self, resource: str, event: Event) -> None:
        for listener in self.listeners:
            listener(resource, event)

    def drop(self, resource: str) -> None:
        """Forget a whole resource; its watches end."""
        if collection := self._collections.pop(resource, None):
            collection.close()

    def owned_by(self, uid: str) -> list[tuple[str, Record]]:
        """The objects that name `uid` as an owner, each with its resource."""
        held = sorted(self._owned.get(uid, ()))
        return [(resource, self.of(resource).records[key]) for resource, key in held]

    def _own(self, resource: str, new: Record) -> None:
        for uid in new.owners:
            self._owned.setdefault(uid, set()).add((resource, new.key))

    def compact(self, version: int | None = None) -> None:
        """Forget the history up to a version (all of it, if none is named): older reads now answer 410."""
        self.compacted = self.version if version is None else version
        for collection in self._collections.values():
            collection.forget(self.compacted)
            collection.wake()

    def snapshot(self, version: int | None = None) -> Snapshot:
        """The objects of now, or of an earlier version; a ValueError if that one is forgotten."""
        at = self.version if version is None else version
        if not self.compacted <= at <= self.version:
            raise ValueError(f"version {at} is not held: choose one from {self.compacted} to {self.version}")
        return Snapshot(at, {resource: held.snapshot(at) for resource, held in self._collections.items()})

    def restore(self, snapshot: Snapshot) -> None:
        """Go back, the counter of versions too, without any history; all watches end."""
        before, self._collections, self._owned = self._collections, {}, {}
        self.version = self.compacted = snapshot.version
        for resource, records in snapshot.records.items():
            if records:
                self.of(resource).load(records)
            for held in records:
                self._own(resource, held)
        for collection in before.values():
            collection.close()

    def _trim(self) -> None:
        if self.version - self.compacted > 2 * HISTORY:
            self.compact(self.version - HISTORY)
