"""Recording both sides of the sync: what truly happens in simulated clusters, and what following them tells the hub."""

from __future__ import annotations

import time
from bisect import bisect_right
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Container, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import Any
from unittest.mock import patch

from basefly.base.kube.client import Client
from basefly.base.kube.discovery import Resource
from basefly.base.kube.watch import Bookmark, Changed, Deleted, Event, Following, Listed, Listing, Skipped
from basefly.base.kube.watch.follow import Kept
from basefly.core.sync import stream
from basefly.sim import Cluster
from basefly.sim.store import record as store
from basefly.sim.store.collection import Collection
from bench.soak.validators import Happened, Told, violations

Place = tuple[str, str]  # the address of a cluster, and a resource
Telling = dict[Place, list[Told]]
MARKS = ("begun", "listed", "changed", "deleted", "bookmark")


class History:
    """What happened in clusters since the recording began, with what there was then."""

    def __init__(self, clusters: Sequence[Cluster]) -> None:
        self._places: dict[int, Place] = {}
        self.happened: dict[Place, list[Happened]] = {}
        for cluster in clusters:
            for kind in cluster.catalog:
                held = cluster.store.of(kind.name)
                records = sorted(held.records.values(), key=lambda one: one.version)
                self._places[id(held)] = place = (cluster.server, kind.name)
                self.happened[place] = [Happened(one.version, one.uid) for one in records]

    def append(self, collection: Collection, event: store.Event) -> None:
        """Take an event that a collection took; one of a kind that came later belongs to nobody."""
        if place := self._places.get(id(collection)):
            deleted = event.change is store.Change.DELETED
            self.happened[place].append(Happened(event.version, event.record.uid, deleted))


@contextmanager
def happening(clusters: Sequence[Cluster]) -> Iterator[History]:
    """Record what happens in these clusters, which have been started, while the block runs."""
    history = History(clusters)
    append = Collection.append

    def appending(collection: Collection, event: store.Event) -> None:
        append(collection, event)
        history.append(collection, event)

    with patch.object(Collection, "append", appending):
        yield history


@contextmanager
def telling() -> Iterator[Telling]:
    """Record what every sync of this process is told while the block runs."""
    telling: Telling = defaultdict(list)

    class Recorded(Following):
        def __init__(self, client: Client, resource: Resource, *, since: Kept, **more: Any) -> None:
            super().__init__(client, resource, since=since, **more)
            self._recorded = telling[client.server, resource.name]
            if since.version and not since.due:
                self._recorded.append(Told("begun", int(since.version), at=time.monotonic()))

        async def events(self) -> AsyncGenerator[Event, None]:
            async with aclosing(super().events()) as events:
                async for event in events:
                    self._record(event)
                    yield event

        def told(self, heard: Callable[[], None]) -> Sequence[Event] | None:
            told = super().told(heard)
            for event in told or ():
                self._record(event)
            return told

        def _record(self, event: Event) -> None:
            if (one := _told(event)) is not None:
                self._recorded.append(one)

    with patch.object(stream, "Following", Recorded):
        yield telling


class Recording:
    """What happened and what was told, of clusters that live in the process that follows them."""

    def __init__(self, history: History, told: Telling) -> None:
        self.happened, self.told = history.happened, told

    def violations(self) -> list[str]:
        """Where following broke a promise of watches."""
        return broken(self.happened, self.told, {})


@contextmanager
def recorded(clusters: Sequence[Cluster]) -> Iterator[Recording]:
    """Record both sides while the block runs."""
    with happening(clusters) as history, telling() as told:
        yield Recording(history, told)


def broken(
    happened: Mapping[Place, Sequence[Happened]], telling: Telling, excused: Mapping[Place, Container[int]]
) -> list[str]:
    """Where following broke a promise of watches; `excused` are versions about which a server did not tell all."""
    return [
        f"{server} {resource}: {why}"
        for (server, resource), told in telling.items()
        for why in violations(happened.get((server, resource), ()), told, excused.get((server, resource), ()))
    ]


def position(told: Sequence[Told], at: float) -> int:
    """The version up to which a kind had been told at a time; what is told is in the order of time."""
    before = told[: bisect_right(told, at, key=lambda one: one.at)]
    return next((one.version for one in reversed(before) if one.what in MARKS), 0)


def _told(event: Event) -> Told | None:
    now = time.monotonic()
    match event:
        case Listing():
            return Told("listing", at=now)
        case Listed() | Bookmark():
            what = "listed" if isinstance(event, Listed) else "bookmark"
            return Told(what, int(event.resource_version), at=now)  # type: ignore[arg-type]  # one of two literals
        case Changed(object=found, resource_version=version):
            meta = found.metadata
            return Told("changed" if version else "object", int(meta.resource_version), meta.uid, now)
        case Deleted(object=found):
            return Told("deleted", int(found.metadata.resource_version or 0), found.metadata.uid, now)
        case Skipped():
            return Told("skipped", int(event.resource_version or 0), event.uid, now)
        case _:
            return None
