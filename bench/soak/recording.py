"""Recording both sides of the sync: what truly happens in simulated clusters, and what following them tells the hub."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncIterator, Container, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from typing import Any
from unittest.mock import patch

from basefly.base.kube.client import Client
from basefly.base.kube.discovery import Resource
from basefly.base.kube.watch import Bookmark, Changed, Deleted, Event, Listed, Listing, Skipped, follow
from basefly.base.kube.watch.follow import Kept
from basefly.core.sync import stream
from basefly.sim import Cluster
from basefly.sim.store import record as store
from basefly.sim.store.collection import Collection
from bench.soak.validators import Happened, Told, violations


class Recording:
    """What happened and what was told, by cluster and resource."""

    def __init__(self, clusters: Sequence[Cluster]) -> None:
        self.told: dict[tuple[str, str], list[Told]] = defaultdict(list)
        self.clusters = {cluster.server: cluster for cluster in clusters}
        self._first: dict[int, list[Happened]] = {}
        self._later: dict[int, list[Happened]] = defaultdict(list)
        for cluster in clusters:
            for kind in cluster.catalog:
                held = cluster.store.of(kind.name)
                records = sorted(held.records.values(), key=lambda one: one.version)
                self._first[id(held)] = [Happened(one.version, one.uid) for one in records]

    def happened(self, server: str, resource: str) -> Sequence[Happened]:
        """The true history of a resource since the recording began, with what there was then."""
        held = id(self.clusters[server].store.of(resource))
        return [*self._first.get(held, ()), *self._later[held]]

    def append(self, collection: Collection, event: store.Event) -> None:
        """Take an event that a collection took."""
        deleted = event.change is store.Change.DELETED
        self._later[id(collection)].append(Happened(event.version, event.record.uid, deleted))

    def violations(self, excused: Mapping[tuple[str, str], Container[int]] | None = None) -> list[str]:
        """Where following broke a promise of watches; `excused` are versions about which a server did not tell all."""
        found = []
        for (server, resource), told in self.told.items():
            excuse = (excused or {}).get((server, resource), ())
            name = self.clusters[server].name
            found += [f"{name} {resource}: {why}" for why in violations(self.happened(server, resource), told, excuse)]
        return found


@contextmanager
def recorded(clusters: Sequence[Cluster]) -> Iterator[Recording]:
    """Record these clusters, which have been started, while the block runs."""
    recording = Recording(clusters)
    append = Collection.append

    def appending(collection: Collection, event: store.Event) -> None:
        append(collection, event)
        recording.append(collection, event)

    async def following(client: Client, resource: Resource, *, since: Kept, **more: Any) -> AsyncIterator[Event]:
        told = recording.told[client.server, resource.name]
        if since.version:
            told.append(Told("begun", int(since.version), at=time.monotonic()))
        async with aclosing(follow(client, resource, since=since, **more)) as events:
            async for event in events:
                if (one := _told(event)) is not None:
                    told.append(one)
                yield event

    with patch.object(Collection, "append", appending), patch.object(stream, "follow", following):
        yield recording


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
