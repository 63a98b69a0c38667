"""Watches: what there is, what happens, and bookmarks, one JSON line each."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Iterator

import msgspec
from aiohttp import web

from basefly.sim.faults import Effect
from basefly.sim.faults.lagging import Past, view
from basefly.sim.faults.wire import Wire
from basefly.sim.rest import options as watch_options
from basefly.sim.rest.options import Options
from basefly.sim.rest.render import one
from basefly.sim.status import Refusal, too_large, too_old
from basefly.sim.store import selectors
from basefly.sim.store.collection import Collection
from basefly.sim.store.record import Change, Event, Record, record
from basefly.sim.wire.call import Call
from basefly.sim.wire.negotiate import Form

_INITIAL_END = {"annotations": {"k8s.io/initial-events-end": "true"}}
_BATCH = 256 * 1024
_LAST_BOOKMARK = 2.0
"""Seconds before its timeout at which a watch gets its last bookmark."""


async def watch(call: Call) -> web.StreamResponse:
    """Stream until the timeout, the end of the resource, or the end of the cluster."""
    asked = watch_options.read(call.query, watch=True)
    faults = call.cluster.faults
    if asked.initial_events and faults.strikes(Effect.UNSTREAMED, call.target):
        raise watch_options.unstreamed()
    feed = _Feed(call, asked)
    response = web.StreamResponse(
        headers={"Content-Type": call.accept.content_type, "Cache-Control": "no-cache, private"}
    )
    response.enable_chunked_encoding()
    await response.prepare(call.request)
    wire = Wire(faults, call.request, call.target, response)
    with faults.watching(call.request):
        try:
            if faults.strikes(Effect.GONE, call.target):
                raise too_old(asked.version or 0, call.cluster.store.version)
            async for lines in feed:
                await wire.tell(lines)
        except Refusal as refusal:
            await response.write(_line("ERROR", refusal.encode()))
        await response.write_eof()
    return response


def _line(change: str, obj: bytes) -> bytes:
    return b'{"type":"%s","object":' % change.encode() + obj + b"}\n"


class _Feed:
    """The lines of one watch. It holds a position, not a queue: a slow reader costs nothing but its place."""

    def __init__(self, call: Call, asked: Options) -> None:
        self._call, self._asked = call, asked
        self._store = view(call.cluster.store, call.cluster.faults, call.target)
        self._matches = selectors.matcher(call.kind.name, asked.labels, asked.fields)
        self._head = call.accept.form is Form.TABLE
        loop = asyncio.get_running_loop()
        seconds = asked.timeout or random.randint(1800, 3600)  # noqa: S311  # as the real server spreads the ends of watches
        self._now = loop.time
        self._end = loop.time() + seconds

    async def __aiter__(self) -> AsyncIterator[bytes]:
        collection = self._store.of(self._call.kind.name)
        position = self._start()
        if position is None:
            position = self._store.version
            for lines in self._batches(self._initial(collection)):
                yield lines
            if self._asked.initial_events and self._asked.bookmarks:
                yield self._bookmark(position, _INITIAL_END)
        async for lines in self._follow(collection, position):
            yield lines

    def _start(self) -> int | None:
        """The version to go on behind, or None when what there is comes first."""
        version, asked = self._asked.version, self._asked
        if version is not None and version > self._store.version and asked.initial_events:
            raise too_large(version, self._store.version)
        if asked.initial_events or (asked.initial_events is None and not version):
            return None
        if not version:
            return self._store.version
        if version < self._store.compacted:
            raise too_old(version, self._store.compacted)
        return version

    def _initial(self, collection: Collection | Past) -> Iterator[bytes]:
        for held in collection.page(namespace=self._call.namespace):
            if self._wants(held):
                yield self._event(Change.ADDED, held)

    async def _follow(self, collection: Collection | Past, position: int) -> AsyncIterator[bytes]:
        bookmark_at = self._next_bookmark()
        while True:
            if position < self._store.compacted:
                position = self._leap(collection, position)
            events = collection.since(position)
            for lines in self._batches(self._told(events)):
                yield lines
            if events:
                position = events[-1].version
            if self._now() >= self._end:
                return
            if collection.since(position):
                continue
            if collection.closed:
                return
            if self._asked.bookmarks and self._now() >= bookmark_at:
                bookmark_at = self._next_bookmark()
                if self._store.version >= position:  # a store that was restored, or lags, says nothing until then
                    position = self._store.version
                    yield self._bookmark(position)
                continue
            await collection.changed(within=min(self._end, bookmark_at) - self._now())

    def _next_bookmark(self) -> float:
        """Every so often, and once shortly before the end."""
        now, last = self._now(), self._end - _LAST_BOOKMARK
        regular = now + self._call.cluster.bookmark_seconds
        return min(regular, last) if last > now else regular

    def _leap(self, collection: Collection | Past, position: int) -> int:
        """A compaction passed this watch: go on if it missed nothing, otherwise end as the real server does."""
        if collection.lost_after > position:
            raise too_old(position, self._store.compacted)
        return self._store.compacted

    def _told(self, events: list[Event]) -> Iterator[bytes]:
        namespace = self._call.namespace
        for event in events:
            if namespace and event.record.namespace != namespace:
                continue
            change = self._as_seen(event)
            if change:
                yield self._event(change, self._last_seen(event) if change is Change.DELETED else event.record)

    def _last_seen(self, event: Event) -> Record:
        """What is deleted is told as it was last seen, at the version of the event."""
        if event.change is Change.DELETED or event.previous is None:
            return event.record
        return record(event.previous.load(), event.version)

    def _as_seen(self, event: Event) -> Change | None:
        """Through a selector, an object that begins or ceases to match is added or deleted."""
        if self._matches is None:
            return event.change
        before = event.previous is not None and self._wants(event.previous)
        after = event.change is not Change.DELETED and self._wants(event.record)
        if before and after:
            return Change.MODIFIED
        if after:
            return Change.ADDED
        return Change.DELETED if before else None

    def _wants(self, record: Record) -> bool:
        return self._matches is None or self._matches(record)

    def _event(self, change: Change, record: Record) -> bytes:
        head, self._head = self._head, False
        form, include = self._call.accept.form, self._asked.include
        return _line(change, one(self._call.kind, record, form, include=include, head=head))

    def _bookmark(self, version: int, more: dict[str, dict[str, str]] | None = None) -> bytes:
        kind = self._call.kind
        named = {"kind": kind.kind, "apiVersion": kind.api_version}
        if self._call.accept.form is Form.METADATA:
            named = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
        meta = {"resourceVersion": str(version)} | (more or {})
        return _line("BOOKMARK", msgspec.json.encode({**named, "metadata": meta}))

    @staticmethod
    def _batches(lines: Iterator[bytes]) -> Iterator[bytes]:
        """Fewer, larger writes: a watch of many objects is otherwise all overhead."""
        held, size = [], 0
        for line in lines:
            held.append(line)
            size += len(line)
            if size >= _BATCH:
                yield b"".join(held)
                held, size = [], 0
        if held:
            yield b"".join(held)
