"""The browser's ear: one stream of topics that changed (server-sent events), within what its owner may see."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from litestar.params import QueryParameter
from litestar.response import Stream

from basefly.base.db.changes import RESET, Changes, Inbox
from basefly.base.errors import BaseflyError, Invalid
from basefly.base.principal import Principal
from basefly.base.resilience.ending import end
from basefly.base.runtime.shutdown import Shutdown
from basefly.base.telemetry.metrics import Gauge
from basefly.base.web.requests import Request
from basefly.base.web.routing import SIGNED_IN, get

BEAT = 15.0  # seconds of silence after which we show that the line is alive
RECHECK = 5.0  # seconds between looks at whether the session still stands
GAP = 10.0  # seconds that may lie between rendering a page and opening its stream
KEPT = 60.0  # seconds after which a stream that broke can no longer be resumed, but begins with a reset

_DEPTHS = ("*", "*/*", "*/*/*", "*/*/*/*")
_PATTERN = re.compile(r"[a-z*][a-z0-9_.*-]*(/[A-Za-z0-9_.:*-]+){0,3}")
_MOST = 64  # patterns a stream

_STREAMS = Gauge("basefly_live_streams", "Open streams of changes")

Topics = Annotated[
    list[str], QueryParameter(name="topic", min_items=1, max_items=_MOST, description="`inventory/*/pods`; repeatable")
]


After = Annotated[
    str | None, QueryParameter(name="after", max_length=64, description="The last id heard; like Last-Event-ID")
]


class Recent:
    """What changed in the last seconds, so that nothing is lost before a page opens its stream, or opens it again."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._name = secrets.token_hex(4)  # another process heard other things: its ids say nothing here
        self._seen: dict[UUID, dict[str, float]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def mark(self) -> str:
        """An id that stands for this moment in a stream of this process."""
        return f"{self._name}-{time.monotonic():.3f}"

    def replay(self, org_id: UUID, inbox: Inbox, after: str = "") -> None:
        """Put into an inbox what changed since an id, or else in the last seconds; a reset, where we cannot know."""
        if org_id not in self._seen:
            self._seen[org_id] = {}
            self._tasks.add(asyncio.create_task(self._follow(org_id), name=f"recent {org_id}"))
            inbox.put(RESET)
        elif after and self._moment(after) is None:
            inbox.put(RESET)
        since = self._moment(after) or time.monotonic() - GAP
        for topic, at in list(self._seen[org_id].items()):
            if at > since:
                inbox.put(topic)

    def _moment(self, mark: str) -> float | None:
        """When an id was given, a little earlier for what was on its way; None if it is not ours or too old."""
        name, _, text = mark.partition("-")
        if name != self._name or not re.fullmatch(r"\d+\.\d{3}", text):
            return None
        moment = float(text) - 1.0
        return moment if moment > time.monotonic() - KEPT else None

    async def close(self) -> None:
        """Stop listening."""
        await end(*self._tasks)

    async def _follow(self, org_id: UUID) -> None:
        seen = self._seen[org_id]
        async with self._changes.subscribe(org_id, _DEPTHS) as inbox:
            async for topics in inbox:
                now = time.monotonic()
                for topic in [topic for topic, at in seen.items() if at <= now - KEPT]:
                    del seen[topic]
                seen.update(dict.fromkeys(topics, now))


@get("/live", permission=SIGNED_IN, include_in_schema=False, media_type="text/event-stream")
async def live(request: Request, by: Principal, topics: Topics, after: After = None) -> Stream:
    """The stream for our own pages. One that says `after`, though it be empty, is told at once from where it counts."""
    return _answer(request, by, topics, after)


@get("/changes", permission=SIGNED_IN, tags=["changes"], media_type="text/event-stream", summary="Follow what changes")
async def changes(request: Request, by: Principal, topics: Topics) -> Stream:
    """A stream of server-sent events.

    `changed` carries a JSON list of topics; read again whatever they name. `reset` says that some may have been
    missed: read everything again. A stream resumed with Last-Event-ID begins with what changed since, or, after a
    minute or on another hub, with `reset`. A comment every 15 seconds shows that the line is alive. The stream ends
    when the session or token does.
    """
    return _answer(request, by, topics, None)


def _answer(request: Request, by: Principal, topics: Sequence[str], after: str | None) -> Stream:
    for index, topic in enumerate(topics):
        if not _PATTERN.fullmatch(topic):
            raise Invalid(
                f"The topic {topic[:80]!r} (number {index + 1}) is none.", cure="Write it like inventory/*/pods."
            )
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(_events(request, by, topics, after), media_type="text/event-stream", headers=headers)


async def _events(request: Request, by: Principal, topics: Sequence[str], after: str | None) -> AsyncIterator[bytes]:
    recent = request.house.get(Recent)
    last = request.headers.get("last-event-id") or after or ""
    with _STREAMS.track_inprogress():
        async with request.house.changes.subscribe(by.org_id, topics) as inbox:
            recent.replay(by.org_id, inbox, last)
            yield b"retry: 2000\n\n"
            if after is not None:
                yield b"id: %s\nevent: opened\ndata: {}\n\n" % recent.mark().encode()
            spoke = checked = time.monotonic()
            while True:
                left = max(0.0, RECHECK - (time.monotonic() - checked))
                changed = await _next(inbox, request.house.shutdown, left)
                if request.house.shutdown.begun:
                    return
                now = time.monotonic()
                if now - checked >= RECHECK:
                    if await gone(request, by):
                        yield b"event: reset\ndata: {}\n\n"  # whoever comes again reads all with other rights
                        return
                    checked = now
                if told := _told(by, changed):
                    spoke = now
                    yield b"id: %s\n%s" % (recent.mark().encode(), told)
                elif now - spoke >= BEAT:
                    spoke = now
                    yield b": alive\n\n"


async def _next(inbox: Inbox, shutdown: Shutdown, patience: float) -> set[str]:
    """What changed; nothing when patience ends, which is when the session is looked at again, or the process ends."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(patience), shutdown.cutting():
            return await anext(inbox)
    return set()


async def gone(request: Request, by: Principal) -> bool:
    """Whether who opened a stream may no longer have it: signed out, removed, or their rights are others now."""
    try:
        return bool(await request.plugs.authenticate(request, touch=False) != by)
    except BaseflyError:
        return True


def _told(by: Principal, topics: set[str]) -> bytes:
    if RESET in topics:
        return b"event: reset\ndata: {}\n\n"
    seen = sorted(topic for topic in topics if visible(by, topic))
    return b"event: changed\ndata: " + msgspec.json.encode(seen) + b"\n\n" if seen else b""


def visible(by: Principal, topic: str) -> bool:
    """Whether a topic (`SLICE/CLUSTER/…`) is within what the principal may read of that slice."""
    name, _, rest = topic.partition("/")
    scope = by.scope(f"{name}:read")
    if scope.everything or not scope.reaches:
        return scope.everything
    cluster, _, resource = rest.partition("/")
    try:
        return scope.sees(UUID(cluster)) and (scope.sight is None or scope.sight.touches(UUID(cluster), resource))
    except ValueError:
        return True  # names no cluster, and a notice carries no data
