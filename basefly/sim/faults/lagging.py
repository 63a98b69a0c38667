"""A store as a replica that lags behind sees it."""

from __future__ import annotations

from basefly.sim.faults.active import Faults
from basefly.sim.faults.effects import Effect, Fault
from basefly.sim.requests import Target
from basefly.sim.store.collection import Collection
from basefly.sim.store.record import Event, Record
from basefly.sim.store.store import Store

_POLL = 0.1
"""Seconds: versions of other resources bring older events into view, and wake nobody here."""


def view(store: Store, faults: Faults, target: Target) -> Store | Lagging:
    """The store that answers a list or a watch."""
    fault = faults.first(target, (Effect.LAGGING,)) if faults.active else None
    return Lagging(store, faults, fault) if fault else store


class Lagging:
    """The store some versions back, for as long as the fault lasts; never before the last compaction."""

    def __init__(self, store: Store, faults: Faults, fault: Fault) -> None:
        self._store, self._faults, self._fault = store, faults, fault

    @property
    def compacted(self) -> int:
        return self._store.compacted

    @property
    def version(self) -> int:
        behind = self._fault.behind if self._faults.lasts(self._fault) else 0
        return max(self._store.version - behind, self._store.compacted, 1)

    def of(self, resource: str) -> Past:
        return Past(self._store.of(resource), self)


class Past:
    """A collection, as far as the replica has heard of it."""

    def __init__(self, collection: Collection, store: Lagging) -> None:
        self._collection, self._store = collection, store
        self.snapshot = collection.snapshot

    @property
    def closed(self) -> bool:
        return self._collection.closed

    @property
    def lost_after(self) -> int:
        return self._collection.lost_after

    def page(self, *, namespace: str = "") -> list[Record]:
        return self._collection.snapshot(self._store.version, namespace=namespace)

    def since(self, version: int) -> list[Event]:
        heard = self._store.version
        return [event for event in self._collection.since(version) if event.version <= heard]

    async def changed(self, *, within: float) -> None:
        await self._collection.changed(within=min(within, _POLL))
