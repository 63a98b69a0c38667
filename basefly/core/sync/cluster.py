"""Keeping the rows of one cluster true: a stream for every resource it serves, as long as we own it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import structlog

from basefly.base.db.pool import Database
from basefly.base.errors import BaseflyError
from basefly.base.kube.client import Client
from basefly.base.kube.discovery import Resource, survey
from basefly.base.kube.errors import (
    ApiError,
    ConnectError,
    Forbidden,
    NotFound,
    ServerError,
    TooManyRequests,
    Unauthorized,
)
from basefly.base.kube.objects import METADATA_LIST, Page, PartialObject
from basefly.base.kube.watch import Listing, Pace, Retrying
from basefly.base.kube.watch.follow import Kept
from basefly.base.kube.watch.position import Behind, older
from basefly.base.resilience.ending import end
from basefly.base.resilience.gate import Gate
from basefly.base.resilience.waiting import happens
from basefly.base.web.language import sentence
from basefly.core.clusters.actions import report_streams
from basefly.core.sync import kinds
from basefly.core.sync.definitions import Definitions
from basefly.core.sync.model import Place, Stream, StreamState
from basefly.core.sync.printed import Printed
from basefly.core.sync.store import merge, streams
from basefly.core.sync.store.merge import Sweep
from basefly.core.sync.store.streams import DEFINITIONS
from basefly.core.sync.stream import News, Recovered, StreamSync
from basefly.core.sync.writing.writer import Writer

REDISCOVER_EVERY = 300.0  # s
STARTS = 8  # streams that begin at once: one that waits for that takes a tenth of the memory of one that begins
STARTS_WITHIN = 120.0  # s: beside one that takes longer the next begins; among a thousand clusters lists wait long
LAST = {
    "replicasets.apps": 1,
    "pods": 2,
    "events": 3,
}  # ranks of the kinds of which there are most: others are listed first
NAMESPACES = "namespaces"  # the kind whose versions and whose kube-system tell which cluster this is, and of when

log = structlog.get_logger()


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """How long to wait. Times are seconds; tests shorten them."""

    longest: float = 10.0  # a cluster that is back is seen within this
    refused: float = 60.0  # rights may come back; asking more often only makes noise, and could lock an account
    settle: float = 1.0
    each: float = 1.0  # of the streams that wait together: one of them tries about once in half of this


class Followed(NamedTuple):
    """What a stream follows: another version or other columns are another stream."""

    resource: Resource
    printed: tuple[Printed, ...]


class Running(NamedTuple):
    """A stream that runs just now, or whose watch is parked: then it has no task, for one that has ended takes room."""

    followed: Followed
    stream: StreamSync
    task: asyncio.Task[None] | None

    @property
    def over(self) -> bool:
        """Whether it has failed for good, and is to be begun again."""
        return (self.task is None or self.task.done()) and not self.stream.parked


class ClusterSync:
    """Everything one cluster serves, followed at once. Each resource fails and heals by itself."""

    def __init__(
        self,
        db: Database,
        writer: Writer,
        *,
        org_id: UUID,
        cluster_id: UUID,
        pace: Pace,
        patience: Patience | None = None,
    ) -> None:
        self._db = db
        self._writer = writer
        self._org_id = org_id
        self._cluster_id = cluster_id
        self._pace = msgspec.structs.replace(pace, lists=pace.lists.of_a_cluster()) if pace.lists else pace
        self._starts = Gate(STARTS)
        self._patience = patience or Patience()
        self._known: set[str] = set()  # resources that were served when the cluster last said so
        self._uid: str | None = None  # of kube-system, which lives exactly as long as its cluster
        self._running: dict[str, Running] = {}
        self._kept: dict[str, Kept] = {}  # how far those have come that were stopped: their rows may not yet say so
        self._definitions = Definitions()
        self._look_again = asyncio.Event()  # what the cluster serves may have changed
        self._answered = asyncio.Event()  # set for a moment when an interrupted stream stands again
        self._shaken = False  # the cluster has not answered for a while
        self._behind: float | None = None  # since when the cluster has stood at an older state than was seen
        self._said: dict[str, tuple[StreamState, str]] = {}  # of streams that are interrupted: what was written of it
        self._troubles: dict[str, str] = {}  # reasons by resource, for the cluster's health
        self._troubled = asyncio.Event()  # `_troubles` has changed

    async def run(self, client: Client) -> None:
        """Follow the cluster until cancelled."""
        reporting = asyncio.create_task(self._report_troubles(), name="sync health")
        looking = asyncio.create_task(self._look_after_parked(), name="parked watches")
        try:
            delay = 1.0
            while True:
                try:
                    await self._reconcile(client)
                except BaseflyError as error:  # the cluster does not answer, or the database: it stays followed
                    await self._silent(error)
                    await asyncio.sleep(self._wait(error, delay))
                    delay = min(delay * 2, self._patience.longest)
                    continue
                delay = 1.0
                await happens(self._look_again, within=REDISCOVER_EVERY)
                self._look_again.clear()
        finally:
            await end(reporting, looking)
            await self._stop(*self._running)

    async def _silent(self, error: BaseflyError) -> None:
        """The cluster does not say what it serves. If it does not know us, nobody asks it but we, once in a while."""
        log.info("sync.cluster_silent", cluster=str(self._cluster_id), reason=str(error))
        if isinstance(error, Unauthorized):
            await self._stop(*self._running)
        for name in self._known - self._running.keys():
            self._interrupted(Place(self._cluster_id, name), error)

    async def _reconcile(self, client: Client) -> None:
        """Follow what the cluster serves now, and let go of what it no longer serves."""
        async with client.admitted():
            served = await survey(client)
        client.unstreamed = 0  # it may be another server by now
        resources = [r for r in served.resources if r.followed and r.name not in kinds.IGNORED]
        async with self._db.transaction(self._org_id) as tx:
            await self._writer.guard(tx, self._cluster_id)
            known = {s.resource: s for s in await streams.get_streams(tx, clusters=[self._cluster_id])}
            self._uid = self._uid or await streams.get_identity(tx, self._cluster_id)
            await self._definitions.load(tx, self._cluster_id)
            await self._writer.open_eye(tx)
            wanted = {r.name: Followed(r, self._definitions.columns(r)) for r in resources}
            changed = [one for name, one in wanted.items() if not _is_as_it_was(known.get(name), one)]
            await streams.upsert_streams(tx, self._cluster_id, changed)
        self._known = set(wanted)
        another = await self._is_another(client, known.get(NAMESPACES))
        if another:
            log.warning("sync.cluster_is_another", cluster=str(self._cluster_id), how=another)
            await self._stop(*self._running)
            self._kept.clear()
        for name in known.keys() - wanted.keys():
            if name.partition(".")[2] not in served.unavailable:
                await self._retire(name)
        for name, followed in wanted.items():
            running = self._running.get(name)
            if running and (running.followed != followed or running.over):
                await self._stop(name)
            if name not in self._running:
                kept = self._kept.pop(name, _kept(known.get(name)))
                as_before = name in known and known[name].printed == followed.printed and not another
                self._begin(client, followed, kept if as_before else Kept(""), restored=another == "restored")

    async def _is_another(self, client: Client, seen: Stream | None) -> str:
        """How another cluster stands at the address by now: "rebuilt", "restored" to an older state, or not at all.

        The versions of another may even be newer than those we know, so that only its identity tells. One that
        stands behind what was seen may be a server that lags: it was restored if it stays there.
        """
        asked = {"fieldSelector": "metadata.name=kube-system"}
        try:
            page = await client.get_json(f"/api/v1/{NAMESPACES}", asked, into=Page[PartialObject], accept=METADATA_LIST)
        except ApiError:
            return ""  # not for us to see; then only the versions of each kind can tell
        since, self._behind = self._behind, None
        before, self._uid = self._uid, page.items[0].metadata.uid if page.items else self._uid
        if before and self._uid != before:
            return "rebuilt"
        if seen is None or not older(page.metadata.resource_version, seen.resource_version):
            return ""
        now = self._pace.clock()
        if since is not None and now - since >= self._pace.proof:
            return "restored"
        self._behind = now if since is None else since
        asyncio.get_running_loop().call_later(self._patience.settle, self._look_again.set)
        return ""

    async def _retire(self, name: str) -> None:
        """The cluster serves this no longer: its objects are gone with it."""
        await self._stop(name)
        self._kept.pop(name, None)
        place = Place(self._cluster_id, name)
        async with self._db.transaction(self._org_id) as tx:
            await self._writer.guard(tx, self._cluster_id)
            gone = await merge.sweep_objects(tx, [Sweep(place, (), "unserved")])
            await self._writer.witness.keep(tx, (), gone)
            await streams.delete_stream(tx, self._cluster_id, name)
            await tx.notify(f"inventory/{self._cluster_id}/{name}")

    async def _stop(self, *names: str) -> None:
        stopped = {name: self._running.pop(name) for name in names if name in self._running}
        for failure in await end(*(one.task for one in stopped.values() if one.task is not None)):
            log.error("sync.stream_failed", cluster=str(self._cluster_id), exc_info=failure)
        for name, one in stopped.items():
            one.stream.close()
            self._kept[name] = one.stream.kept

    def _begin(self, client: Client, followed: Followed, kept: Kept, *, restored: bool) -> None:
        resource, printed = followed
        self._said.pop(resource.name, None)
        place, kind = Place(self._cluster_id, resource.name), kinds.by_resource(resource.name, resource.kind, printed)
        hear = self._definitions.hear if resource.name == DEFINITIONS else None
        stream = StreamSync(self._writer, place, kind, kept, restored=restored, hear=hear)
        self._start(followed, stream, self._follow_in_turn(client, resource, stream))

    def _go_on(self, client: Client, name: str) -> None:
        """The parked watch of a stream has something to tell."""
        if (running := self._running.get(name)) is not None:  # or it is being stopped
            followed, stream, _ = running
            self._start(followed, stream, self._follow(client, followed.resource, stream, _already))

    def _start(self, followed: Followed, stream: StreamSync, work: Coroutine[Any, Any, None]) -> None:
        name = followed.resource.name
        task = asyncio.create_task(work, name=f"sync {name}")
        self._running[name] = Running(followed, stream, task)
        task.add_done_callback(partial(self._done, name))

    def _done(self, name: str, task: asyncio.Task[None]) -> None:
        running = self._running.get(name)
        if running is None or running.task is not task:
            return
        if running.over:
            self._look_again.set()  # whatever ended it, it is begun again
        else:
            self._running[name] = running._replace(task=None)

    async def _follow_in_turn(self, client: Client, resource: Resource, stream: StreamSync) -> None:
        begun = await self._starts.lend(STARTS_WITHIN, self._rank(resource))
        try:
            await self._follow(client, resource, stream, begun)
        finally:
            begun()

    async def _follow(self, client: Client, resource: Resource, stream: StreamSync, begun: Callable[[], None]) -> None:
        """Follow until the watch is parked, or for ever; `begun` is called when it stands or has failed."""
        place, rank = Place(self._cluster_id, resource.name), self._rank(resource)
        pace = msgspec.structs.replace(self._pace, rank=rank) if rank != self._pace.rank else self._pace
        heard_of = resource.name == DEFINITIONS  # somebody listens to every change, and needs a task for that
        watching = asyncio.create_task(self._look_again_when(stream)) if heard_of else None
        woken = None if heard_of else partial(self._go_on, client, resource.name)
        delay = 1.0

        def tell(news: News) -> None:
            if not isinstance(news, Listing):
                begun()
            self._hear(place, news)

        try:
            while True:
                before = stream.kept.version
                try:
                    await stream.run(client, resource, pace, tell, woken)
                    return  # parked
                except BaseflyError as error:
                    begun()
                    delay = 1.0 if stream.kept.version != before else min(delay * 2, self._patience.longest)
                    self._interrupted(place, error)
                    await self._rest(error, delay)
        finally:
            if watching is not None:
                watching.cancel()

    def _rank(self, resource: Resource) -> int:
        return LAST.get(resource.name, self._pace.rank)

    async def _look_after_parked(self) -> None:
        while True:
            await asyncio.sleep(self._pace.idle / 7)
            now = asyncio.get_running_loop().time()
            for running in list(self._running.values()):
                running.stream.look(now)

    async def _look_again_when(self, definitions: StreamSync) -> None:
        while True:
            await definitions.changed.wait()
            await asyncio.sleep(self._patience.settle)  # a new definition is served a moment after it is written
            definitions.changed.clear()
            self._look_again.set()

    def _hear(self, place: Place, news: News) -> None:
        if isinstance(news, Retrying):
            self._shaken = self._shaken or isinstance(news.error, ConnectError)
            if news.delay > self._pace.spread or isinstance(news.error, Behind):
                self._interrupted(place, news.error)  # others are over before anyone could read of them
            return
        self._said.pop(place.resource, None)
        if isinstance(news, Recovered):
            self._stands_again(place)

    def _stands_again(self, place: Place) -> None:
        self._trouble(place, "")
        self._answered.set()  # wakes the streams that wait for the cluster
        self._answered.clear()
        if self._shaken and place.resource == NAMESPACES:
            self._shaken = False
            self._look_again.set()  # whatever it was, it may be another cluster by now, or an older one

    def _interrupted(self, place: Place, error: BaseflyError) -> None:
        state: StreamState = "retrying"
        if isinstance(error, Forbidden):
            state = "denied"  # shown with the kind; a cluster is well though it does not show us everything
        elif isinstance(error, Unauthorized):
            state = "failed"
        if isinstance(error, NotFound | Unauthorized):
            self._look_again.set()  # is it this kind alone?
        reason = self._reason(error)
        if state != "denied":
            self._trouble(place, reason)
        if self._said.get(place.resource) != (state, reason):  # each time would wake whoever looks at the kind
            self._said[place.resource] = state, reason
            self._writer.state(place, state, reason)

    async def _rest(self, error: BaseflyError, delay: float) -> None:
        """Wait before the next try; for a cluster that did not answer only until it answers another stream."""
        silent = isinstance(error, ConnectError | ServerError | TooManyRequests)
        answered = self._answered if silent else asyncio.Event()
        together = len(self._troubles) * self._patience.each if silent else 0.0
        if await happens(answered, within=self._wait(error, max(delay, together))):
            await asyncio.sleep(self._wait(error, self._patience.settle))

    def _wait(self, error: BaseflyError, delay: float) -> float:
        """Seconds until the next try: full jitter, but not before the server wants it or where it can only annoy."""
        if isinstance(error, Forbidden | Unauthorized):
            return random.uniform(1, 1.5) * self._patience.refused  # noqa: S311  # jitter, not a secret
        asked = error.retry_after if isinstance(error, ApiError) else 0.0
        return max(random.uniform(0, delay), asked)  # noqa: S311  # jitter, not a secret

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
            await asyncio.sleep(self._patience.settle)
            self._troubled.clear()
            reasons = list(self._troubles.values())
            told = _told(len(reasons), len(self._running), reasons[0]) if reasons else ""
            try:
                async with self._db.transaction(self._org_id) as tx:
                    await self._writer.guard(tx, self._cluster_id)
                    await report_streams(tx, self._cluster_id, told)
            except BaseflyError as unheard:
                log.warning("sync.health_not_kept", cluster=str(self._cluster_id), reason=str(unheard))
                self._troubled.set()


def _already() -> None:
    """What goes on has begun before."""


def _told(count: int, kinds: int, reason: str) -> str:
    return sentence(f"{count} of {kinds} kinds are not live: {reason}")


def _is_as_it_was(stream: Stream | None, followed: Followed) -> bool:
    """Then its row is not even locked: the writer may be at it."""
    if stream is None:
        return False
    r = followed.resource
    before = (stream.kind, stream.version, stream.namespaced, stream.printed)
    return before == (r.kind, r.version, r.namespaced, followed.printed)


def _kept(stream: Stream | None) -> Kept:
    """How far a resource has come by what its rows say."""
    return Kept(stream.resource_version, stream.doubtful, stream.due) if stream else Kept("")
