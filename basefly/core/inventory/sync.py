"""Keeping the rows of one cluster true: a list and watch for every resource it serves, as long as we own it."""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog

from basefly.base.db.pool import Database
from basefly.base.kube import errors as kube
from basefly.base.kube.client import Client
from basefly.base.kube.discovery import Resource, survey
from basefly.base.kube.watch import Bookmark, Changed, Deleted, Listed, Listing, follow
from basefly.core.inventory import kinds
from basefly.core.inventory.kind import Kind, Row
from basefly.core.inventory.model import StreamState
from basefly.core.inventory.store import merge, streams
from basefly.core.inventory.store.merge import Place
from basefly.core.inventory.writer import Writer

REDISCOVER_EVERY = timedelta(minutes=5)
DENIED_AGAIN_AFTER = timedelta(minutes=1)  # rights may come back; asking more often only makes noise
SETTLE = timedelta(seconds=1)
LONGEST_WAIT = 10.0  # s: a cluster that is back is seen within this
REMEMBERED = 5_000  # versions of objects a stream keeps, to tell late and repeated events
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"

log = structlog.get_logger()


class Recent:
    """The newest versions seen of the latest objects, so that a late or repeated event cannot turn back time."""

    def __init__(self) -> None:
        self._versions: OrderedDict[str, int] = OrderedDict()

    def newer(self, uid: str, resource_version: str) -> bool:
        """Whether this is news. Versions compare as numbers within a resource (Kubernetes enhancement 5504)."""
        if not resource_version.isdecimal():
            return True
        version = int(resource_version)
        if self._versions.get(uid, -1) >= version:
            return False
        self._versions[uid] = version
        self._versions.move_to_end(uid)
        if len(self._versions) > REMEMBERED:
            self._versions.popitem(last=False)
        return True

    def forget(self) -> None:
        """A new list says what is true, whatever its versions."""
        self._versions.clear()


class StreamSync:
    """The list and watch of one resource. `version` is how far it has come, and `changed` is set at each change."""

    def __init__(self, writer: Writer, place: Place, kind: Kind, version: str) -> None:
        self._writer = writer
        self._place = place
        self._kind = kind
        self._recent = Recent()
        self._shown: set[str] | None = None  # uids of the list that is being read
        self.version = version
        self.changed = asyncio.Event()

    async def run(self, client: Client, resource: Resource) -> None:
        """Follow the resource until it raises; what `follow` cannot heal is for the caller."""
        self._shown = None
        async for event in follow(
            client,
            resource,
            decoder=msgspec.json.Decoder(self._kind.shape),
            since=self.version,
            metadata_only=self._kind.metadata_only,
        ):
            match event:
                case Changed():
                    await self._change(event.object)
                case Deleted():
                    await self._delete(event.object)
                case Bookmark(resource_version=version):
                    self.version = version
                    self._writer.move(self._place, version)
                case Listing():
                    self._shown = set()
                    self._recent.forget()
                case Listed(resource_version=version):
                    self.version = version
                    self._writer.listed(self._place, self._shown or (), version)
                    self._shown = None
                    self.changed.set()

    async def _change(self, decoded: Any) -> None:
        row = kinds.row(self._kind, decoded)
        if not self._recent.newer(row.uid, row.resource_version):
            return
        if self._shown is not None:
            self._shown.add(row.uid)
        await self._report(row.uid, row, row.resource_version)

    async def _delete(self, decoded: Any) -> None:
        meta: kinds.Meta = decoded.metadata
        uid = meta.uid or f"{meta.namespace}/{meta.name}"
        self._recent.newer(uid, meta.resource_version)
        await self._report(uid, None, meta.resource_version)

    async def _report(self, uid: str, row: Row | None, version: str) -> None:
        # While a list is read, versions come in any order and none of them is a place to resume from.
        listing = self._shown is not None
        if not listing:
            self.version = version
            self.changed.set()
        await self._writer.put(self._place, uid, row, None if listing else version)


class ClusterSync:
    """Everything one cluster serves, followed at once. Each resource fails and heals by itself."""

    def __init__(self, db: Database, writer: Writer, org_id: UUID, cluster_id: UUID) -> None:
        self._db = db
        self._writer = writer
        self._org_id = org_id
        self._cluster_id = cluster_id
        self._tasks: dict[str, tuple[Resource, asyncio.Task[None]]] = {}
        self._look_again = asyncio.Event()  # what the cluster serves may have changed

    async def run(self, client: Client) -> None:
        """Follow the cluster until cancelled."""
        try:
            delay = 1.0
            while True:
                try:
                    await self._reconcile(client)
                except kube.KubeError as error:
                    log.info("inventory.cluster_silent", cluster=str(self._cluster_id), reason=str(error))
                    await asyncio.sleep(random.uniform(delay / 2, delay))  # noqa: S311  # jitter, not a secret
                    delay = min(delay * 2, LONGEST_WAIT)
                    continue
                delay = 1.0
                await self._until_something_changes()
        finally:
            await self._stop(*self._tasks)

    async def _until_something_changes(self) -> None:
        try:
            async with asyncio.timeout(REDISCOVER_EVERY.total_seconds()):
                await self._look_again.wait()
        except TimeoutError:
            pass
        self._look_again.clear()

    async def _reconcile(self, client: Client) -> None:
        """Follow what the cluster serves now, and let go of what it no longer serves."""
        served = await survey(client)
        wanted = {r.name: r for r in served.resources if r.followed and r.name not in kinds.IGNORED}
        async with self._db.transaction(self._org_id) as tx:
            known = {s.resource: s for s in await streams.get_streams(tx, clusters=[self._cluster_id])}
            for name, resource in wanted.items():
                await streams.upsert_stream(
                    tx,
                    self._cluster_id,
                    name,
                    kind=resource.kind,
                    version=resource.version,
                    namespaced=resource.namespaced,
                )
        for name in known.keys() - wanted.keys():
            if name.partition(".")[2] not in served.unavailable:
                await self._retire(name)
        for name, resource in wanted.items():
            if name in self._tasks and self._tasks[name][0] != resource:
                await self._stop(name)
            if name not in self._tasks:
                since = known[name].resource_version if name in known else ""
                task = asyncio.create_task(self._follow(client, resource, since), name=f"sync {name}")
                self._tasks[name] = (resource, task)

    async def _retire(self, name: str) -> None:
        """The cluster serves this no longer: its objects are gone with it."""
        await self._stop(name)
        place = Place(self._cluster_id, name)
        async with self._db.transaction(self._org_id) as tx:
            await merge.sweep_objects(tx, place, ())
            await streams.delete_stream(tx, self._cluster_id, name)
            await tx.notify(f"inventory/{self._cluster_id}/{name}")

    async def _stop(self, *names: str) -> None:
        tasks = [self._tasks.pop(name)[1] for name in names if name in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _follow(self, client: Client, resource: Resource, since: str) -> None:
        place = Place(self._cluster_id, resource.name)
        stream = StreamSync(self._writer, place, kinds.by_resource(resource.name, resource.kind), since)
        watching = asyncio.create_task(self._look_again_when(stream)) if resource.name == DEFINITIONS else None
        delay = 1.0
        try:
            while True:
                before = stream.version
                try:
                    await stream.run(client, resource)
                except kube.KubeError as error:
                    delay = 1.0 if stream.version != before else min(delay * 2, LONGEST_WAIT)
                    await self._troubled(place, error)
                    await asyncio.sleep(_wait(error, delay))
        finally:
            if watching is not None:
                watching.cancel()

    async def _look_again_when(self, definitions: StreamSync) -> None:
        while True:
            await definitions.changed.wait()
            await asyncio.sleep(SETTLE.total_seconds())  # a new definition is served a moment after it is written
            definitions.changed.clear()
            self._look_again.set()

    async def _troubled(self, place: Place, error: kube.KubeError) -> None:
        state: StreamState = "retrying"
        if isinstance(error, kube.Forbidden):
            state = "denied"
        elif isinstance(error, kube.Unauthorized):
            state = "failed"
        elif isinstance(error, kube.NotFound):
            self._look_again.set()
        async with self._db.transaction(self._org_id) as tx:
            if await streams.update_state(tx, place.cluster_id, place.resource, state, str(error)):
                await tx.notify(f"inventory/{place.cluster_id}/{place.resource}")


def _wait(error: kube.KubeError, delay: float) -> float:
    """Seconds until the next try: full jitter, except where asking again soon can only annoy."""
    if isinstance(error, kube.Forbidden | kube.Unauthorized):
        delay = DENIED_AGAIN_AFTER.total_seconds()
        return random.uniform(delay / 2, delay)  # noqa: S311  # jitter, not a secret
    return random.uniform(0, delay)  # noqa: S311  # jitter, not a secret
