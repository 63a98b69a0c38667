"""A watch stream, and the list that may come at its beginning."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, nullcontext
from datetime import UTC, datetime
from math import inf
from typing import Any

import msgspec

from basefly.base.kube.errors import ApiError, ConnectError, Gone, api_error
from basefly.base.kube.lines import Lines, split
from basefly.base.kube.objects import ObjectMeta, status
from basefly.base.kube.watch.events import Alive, Body, Bookmark, Changed, Deleted, Due, Event, Listing, Quiet, Skipped
from basefly.base.kube.watch.position import Position
from basefly.base.kube.watch.reader import Frame, Unreadable
from basefly.base.kube.watch.source import Source

_BOOKMARK = b'{"type":"BOOKMARK"'


async def stream(
    source: Source,
    position: Position,
    progress: Callable[[], None],
    *,
    deaf: bool = False,
    parked: Lines | None = None,
) -> AsyncGenerator[Event, None]:
    """Watch from the position on, or list by the stream first if there is none. Ends when the server ends it.

    A watch that opens is a sign of life, unless those before it were `deaf`. One that was `parked` goes on.
    """
    listing, pace = not position.version, source.pace
    began, doubted = pace.clock(), 0.0
    turn = _Turn(source, position, listing)
    async with AsyncExitStack() if listing else nullcontext() as held:
        heard = await source.admit(held) if held else None
        idle = pace.listing_idle if listing else pace.doubt if position.suspicious else pace.idle
        async with parked or source.client.stream(
            source.path, _asked(source, position), accept=source.accept, idle=idle, limit=pace.line_bytes
        ) as lines:
            for event in turn.opened(alive=not deaf and parked is None):
                yield event
            quiet = pace.quiet if lines.can_park else inf
            lines.quiet = inf if listing else quiet
            async for blocks in lines.blocks():
                if heard is not None:
                    heard()
                for block in blocks:
                    progress()
                    for event in turn.events(block):
                        yield event
                        del event  # as in Lines.blocks: an object may hold the block that it came in
                    del block
                del blocks
                if held and listing and not turn.listing:
                    listing, lines.idle, lines.quiet = False, pace.idle, quiet
                    await held.aclose()
                if listing and pace.clock() - began > pace.listing:
                    raise ConnectError("stalled", source.client.server, why="its list has no end")
                if position.suspicious:
                    if not doubted:
                        yield Due("something was told too late")
                    lines.idle, doubted = pace.doubt, doubted or pace.clock()
                elif not listing and lines.waited >= lines.quiet:
                    yield Quiet(lines)
                if doubted and pace.clock() >= doubted + pace.doubt:
                    await source.check(position)
                    raise Gone(410, "Disorder", "something was told wrongly: only a list can say what else was")


def bookmarks(source: Source, position: Position, lines: Lines) -> list[Event] | None:
    """What a parked watch has told, if it was only that all is quiet; None if somebody has to read on."""
    if not lines.gather():
        return None
    turn, told = _Turn(source, position, listing=False), list[Event]()
    for block in lines.ready:
        for line in split(block):
            event = turn.bookmark(line)
            if event is None:
                return None
            told.append(event)
    lines.ready.clear()
    return told


def _asked(source: Source, position: Position) -> dict[str, str | int]:
    pace = source.pace
    asked: dict[str, str | int] = {
        "watch": "1",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": int(pace.jitter(*pace.ends_after)),
    }
    if position.version:
        return asked | {"resourceVersion": position.version}
    initial = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
    return asked | initial | position.list_params()


class _Turn:
    """Reads the lines of one stream: while it lists, no version counts until the list's end."""

    def __init__(self, source: Source, position: Position, listing: bool) -> None:
        self.listing = listing
        self._source = source
        self._position = position

    def opened(self, *, alive: bool) -> Sequence[Event]:
        """What the stream tells by having opened: that a list begins, or else, if it is a sign of that, life."""
        if self.listing:
            return (Listing("stream"),)
        return (Alive(datetime.now(UTC)),) if alive else ()

    def events(self, block: bytes) -> Iterator[Event]:
        """The events of a block of lines, as far as they are news. Raises the error that an ERROR event tells."""
        told = self._source.reader.told(block) if block else None
        if told is None:
            read: Iterable[Event | None] = map(self._read, split(block))
        else:
            read = (self._about(one.type, one.object) for one in told)
        return (event for event in read if event is not None)

    def bookmark(self, line: bytes) -> Event | None:
        """What a line tells that is a bookmark and nothing to worry about; read again, it tells the same."""
        event = self._read(line) if line.startswith(_BOOKMARK) else None
        return event if isinstance(event, Alive | Bookmark) else None

    def _read(self, line: bytes) -> Event | None:
        if not line:
            return self._skipped(ObjectMeta(), f"longer than {self._source.pace.line_bytes} bytes")
        try:
            frame = self._source.reader.frame(line)
            if frame.type == b"BOOKMARK":
                return self._bookmark(frame)
        except msgspec.DecodeError as error:
            return self._skipped(ObjectMeta(), str(error))
        if frame.type == b"ERROR":
            raise self._told(frame)
        return self._object(frame)

    def _object(self, frame: Frame) -> Event | None:
        if frame.type not in (b"ADDED", b"MODIFIED", b"DELETED"):
            return self._skipped(ObjectMeta(), f"an event of the unknown type {frame.type.decode(errors='replace')}")
        found = self._source.reader.object(frame)
        return self._about(frame.type.decode(), found, frame.body if self._source.reader.whole else b"")

    def _about(self, kind: str, found: Any, body: Body = b"") -> Event | None:
        if not self.listing and not self._position.advance(found.metadata.resource_version):
            return None
        if kind == "DELETED" and found.metadata.name:
            return Deleted(found, self._version)
        if isinstance(found, Unreadable):
            return self._skipped(found.metadata, found.reason)
        return Changed(found, self._version, body)

    def _bookmark(self, frame: Frame) -> Event | None:
        found = self._source.reader.bookmark(frame)
        version = found.metadata.resource_version
        if self.listing and found.ends_list:
            self._position.admit(version, self._source.pace.clock())
            self.listing = False
            return self._position.complete(version)
        if self.listing or not self._position.advance(version):
            return None if self.listing or self._position.suspicious else Alive(datetime.now(UTC))
        return Bookmark(version)

    def _told(self, frame: Frame) -> ApiError:
        """The error in an ERROR event. What is neither ours to bear nor the server's to mend calls for a new list."""
        found = status(frame.body)
        code = found.code if found else 0
        again, self._position.doubted = self._position.doubted, code >= 500
        if code in (401, 403, 404, 410, 429) or (code >= 500 and not again):
            return api_error(code, bytes(frame.body))
        return Gone(code, found.reason if found else "", found.message if found else "an error that cannot be read")

    def _skipped(self, meta: ObjectMeta, reason: str) -> Skipped:
        if not meta.name and not self.listing:
            self._position.suspicious = True  # nobody knows what that was about: a list has to tell
        return Skipped(meta.uid, meta.name, meta.namespace, reason, self._version)

    @property
    def _version(self) -> str:
        return "" if self.listing else self._position.version
