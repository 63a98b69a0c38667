"""Keeping the rows of one cluster true: a list and watch for every resource it serves, as long as we own it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import timedelta
from uuid import UUID

import msgspec
import structlog

from basefly.base.db.pool import Database
from basefly.base.errors import BaseflyError
from basefly.base.kube.client import Client
from basefly.base.kube.discovery import Resource, survey
from basefly.base.kube.errors import ApiError, ConnectError, Forbidden, NotFound, Unauthorized
from basefly.base.kube.objects import METADATA, PartialObject
from basefly.base.kube.watch import Alive, Bookmark, Changed, Deleted, Listed, Listing, Pace, Retrying, Skipped, follow
from basefly.base.resilience.ending import end
from basefly.core.clusters.actions import report_streams
from basefly.core.inventory import kinds
from basefly.core.inventory.kind import Kind, Row, identity
from basefly.core.inventory.model import StreamState
from basefly.core.inventory.store import merge, streams
from basefly.core.inventory.store.merge import Place
from basefly.core.inventory.writer import Writer

FAILURES = (ApiError, ConnectError)
REDISCOVER_EVERY = timedelta(minutes=5)
DENIED_AGAIN_AFTER = timedelta(minutes=1)  # rights may come back; asking more often only makes noise
SETTLE = timedelta(seconds=1)
LONGEST_WAIT = 10.0  # s: a cluster that is back is seen within this
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"

log = structlog.get_logger()


class Recovered:
    """A stream that was interrupted stands again."""


class StreamSync:
    """The list and watch of one resource. `version` is how far it has come, and `changed` is set at each change."""

    def __init__(self, writer: Writer, place: Place, kind: Kind, version: str) -> None:
        self._writer = writer
        self._place = place
        self._kind = kind
        self._shown: set[str] = set()  # uids of the list that is being read
        self.version = version
        self.changed = asyncio.Event()

    async def run(
        self, client: Client, resource: Resource, pace: Pace
    ) -> AsyncIterator[Retrying | Skipped | Recovered]:
        """Follow the resource until it raises; tells what it could not read, and interruptions that heal."""
        decoder = msgspec.json.Decoder(self._kind.shape)
        accept = METADATA if self._kind.metadata_only else None
        events = follow(client, resource, decoder=decoder, since=self.version, accept=accept, pace=pace)
        async with aclosing(events):
            async for event in events:
                match event:
                    case Changed():
                        row = kinds.row(self._kind, event.object)
                        await self._report(row.uid, row, event.resource_version)
                    case Deleted():
                        await self._report(identity(event.object.metadata), None, event.resource_version)
                    case Listing():
                        self._shown.clear()
                    case Listed():
                        self.version = event.resource_version
                        self._writer.listed(self._place, self._shown, event.resource_version)
                        self._shown.clear()
                        self.changed.set()
                        yield Recovered()
                    case Bookmark():
                        self.version = event.resource_version
                        self._writer.move(self._place, self.version)
                    case Alive():
                        self._writer.move(self._place, self.version)
                        yield Recovered()
                    case Skipped():
                        self._shown.add(event.uid or f"{event.namespace}/{event.name}")
                        yield event
                    case Retrying():
                        yield event

    async def _report(self, uid: str, row: Row | None, version: str) -> None:
        if version:
            self.version = version
            self.changed.set()
        else:  # within a list, whose versions are no place to resume from
            self._shown.add(uid)
        await self._writer.put(self._place, uid, row, version)


class ClusterSync:
    """Everything one cluster serves, followed at once. Each resource fails and heals by itself."""

    def __init__(self, db: Database, writer: Writer, *, org_id: UUID, cluster_id: UUID, pace: Pace) -> None:
        self._db = db
        self._writer = writer
        self._org_id = org_id
        self._cluster_id = cluster_id
        self._pace = pace
        self._tasks: dict[str, tuple[Resource, asyncio.Task[None]]] = {}
        self._look_again = asyncio.Event()  # what the cluster serves may have changed
        self._troubles: dict[str, str] = {}  # reasons by resource, for the cluster's health
        self._troubled = asyncio.Event()  # `_troubles` has changed

    async def run(self, client: Client) -> None:
        """Follow the cluster until cancelled."""
        reporting = asyncio.create_task(self._report_troubles(), name="sync health")
        try:
            delay = 1.0
            while True:
                try:
                    await self._reconcile(client)
                except FAILURES as error:
                    log.info("inventory.cluster_silent", cluster=str(self._cluster_id), reason=str(error))
                    await asyncio.sleep(random.uniform(delay / 2, delay))  # noqa: S311  # jitter, not a secret
                    delay = min(delay * 2, LONGEST_WAIT)
                    continue
                delay = 1.0
                await self._until_something_changes()
        finally:
            await end(reporting)
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
        anew = await self._is_rebuilt(client)
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
            if name in self._tasks and (self._tasks[name][0] != resource or self._tasks[name][1].done()):
                await self._stop(name)
            if name not in self._tasks:
                since = known[name].resource_version if name in known and not anew else ""
                self._begin(client, resource, since)

    async def _is_rebuilt(self, client: Client) -> bool:
        """Whether another cluster stands at the address by now; then nothing is followed any more.

        Its versions may even be newer than those we know, so that only the identity can tell.
        """
        try:
            found = await client.get_json("/api/v1/namespaces/kube-system", into=PartialObject, accept=METADATA)
        except ApiError:
            return False  # not for us to see; then only the versions can tell
        async with self._db.transaction(self._org_id) as tx:
            before = await streams.get_identity(tx, self._cluster_id)
        if before in (None, found.metadata.uid):
            return False
        log.warning("inventory.cluster_rebuilt", cluster=str(self._cluster_id))
        await self._stop(*self._tasks)
        return True

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
        for failure in await end(*tasks):
            log.error("inventory.stream_failed", cluster=str(self._cluster_id), exc_info=failure)

    def _begin(self, client: Client, resource: Resource, since: str) -> None:
        task = asyncio.create_task(self._follow(client, resource, since), name=f"sync {resource.name}")
        task.add_done_callback(lambda _: self._look_again.set())  # whatever ended it, it is begun again
        self._tasks[resource.name] = (resource, task)

    async def _follow(self, client: Client, resource: Resource, since: str) -> None:
        place = Place(self._cluster_id, resource.name)
        stream = StreamSync(self._writer, place, kinds.by_resource(resource.name, resource.kind), since)
        watching = asyncio.create_task(self._look_again_when(stream)) if resource.name == DEFINITIONS else None
        delay = 1.0
        try:
            while True:
                before = stream.version
                try:
                    await self._listen(place, stream, client, resource)
                except BaseflyError as error:
                    delay = 1.0 if stream.version != before else min(delay * 2, LONGEST_WAIT)
                    await self._interrupted(place, error)
                    await asyncio.sleep(_wait(error, delay))
        finally:
            if watching is not None:
                watching.cancel()

    async def _listen(self, place: Place, stream: StreamSync, client: Client, resource: Resource) -> None:
        async for news in stream.run(client, resource, self._pace):
            await self._tell(place, news)

    async def _look_again_when(self, definitions: StreamSync) -> None:
        while True:
            await definitions.changed.wait()
            await asyncio.sleep(SETTLE.total_seconds())  # a new definition is served a moment after it is written
            definitions.changed.clear()
            self._look_again.set()

    async def _tell(self, place: Place, news: Retrying | Skipped | Recovered) -> None:
        match news:
            case Retrying():
                if news.delay > 1:  # shorter ones are over before anyone could read of them
                    await self._interrupted(place, news.error)
            case Recovered():
                self._trouble(place, "")
            case Skipped():
                reason = f"{news.namespace}/{news.name} could not be read: {news.reason}"
                async with self._db.transaction(self._org_id) as tx:
                    await streams.count_skipped(tx, place.cluster_id, place.resource, reason)

    async def _interrupted(self, place: Place, error: BaseflyError) -> None:
        state: StreamState = "retrying"
        if isinstance(error, Forbidden):
            state = "denied"  # shown with the kind; a cluster is well though it does not show us everything
        elif isinstance(error, Unauthorized):
            state = "failed"
        elif isinstance(error, NotFound):
            self._look_again.set()
        reason = self._reason(error)
        if state != "denied":
            self._trouble(place, reason)
        try:
            async with self._db.transaction(self._org_id) as tx:
                if await streams.update_state(tx, place.cluster_id, place.resource, state, reason):
                    await tx.notify(f"inventory/{place.cluster_id}/{place.resource}")
        except BaseflyError as unheard:  # the stream matters more than its state
            log.warning("inventory.state_not_kept", resource=place.resource, reason=str(unheard))

    def _reason(self, error: BaseflyError) -> str:
        """Why, in the cluster's words: that we leave it in peace for a while is the consequence of another trouble."""
        if isinstance(error, ConnectError) and error.kind == "resting" and self._troubles:
            return next(iter(self._troubles.values()))
        return str(error)

    def _trouble(self, place: Place, reason: str) -> None:
        before = self._troubles.pop(place.resource, "")
        if reason:
            self._troubles[place.resource] = reason
        elif before and not self._troubles:
            self._look_again.set()  # it may have come back as another version, or as another cluster
        if reason != before:
            self._troubled.set()

    async def _report_troubles(self) -> None:
        """Tell the cluster's health how its streams fare, once for many that fail or heal together."""
        while True:
            await self._troubled.wait()
            await asyncio.sleep(SETTLE.total_seconds())
            self._troubled.clear()
            reasons = list(self._troubles.values())
            told = f"{len(reasons)} of {len(self._tasks)} kinds are not live: {reasons[0]}" if reasons else ""
            try:
                async with self._db.transaction(self._org_id) as tx:
                    await report_streams(tx, self._cluster_id, told)
            except BaseflyError as unheard:
                log.warning("inventory.health_not_kept", cluster=str(self._cluster_id), reason=str(unheard))
                self._troubled.set()


def _wait(error: BaseflyError, delay: float) -> float:
    """Seconds until the next try: full jitter, except where asking again soon can only annoy."""
    if isinstance(error, Forbidden | Unauthorized):
        delay = DENIED_AGAIN_AFTER.total_seconds()
        return random.uniform(delay / 2, delay)  # noqa: S311  # jitter, not a secret
    return random.uniform(0, delay)  # noqa: S311  # jitter, not a secret
