"""Following a kind for ever: list, watch, and heal whatever goes wrong on the way."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any, NamedTuple

import msgspec
import structlog

from basefly.base.kube.client import Client
from basefly.base.kube.discovery import Resource
from basefly.base.kube.errors import ApiError, BadRequest, ConnectError, Gone, ServerError, TooManyRequests
from basefly.base.kube.lines import Lines
from basefly.base.kube.objects import JSON, ObjectMeta
from basefly.base.kube.watch.events import Changed, Due, Event, Listed, Listing, Quiet, Retrying, Skipped
from basefly.base.kube.watch.pace import Pace
from basefly.base.kube.watch.pages import pages
from basefly.base.kube.watch.position import Behind, Position
from basefly.base.kube.watch.reader import Reader, Whole
from basefly.base.kube.watch.source import Source
from basefly.base.kube.watch.stream import bookmarks, stream

UNSTREAMED = 3  # kinds of a server whose streamed lists failed, until no other kind tries
# One for all: an empty set takes 216 bytes, and there are thousands of watches.
NOTHING_ASIDE = frozenset[tuple[str, str]]()

log = structlog.get_logger(__name__)


class Kept(NamedTuple):
    """A version to go on from.

    `doubtful`: something up to it could not be read, so that the kind is listed when the watch ends. `due`: more may
    be amiss, so that it is listed at once, no older than the version.
    """

    version: str
    doubtful: bool = False
    due: bool = False


class Following:
    """All objects of a kind, and then each change, for ever.

    With `since` (what was kept from before) the watch goes on from there; without, or if the server no longer
    remembers it, the whole kind is listed: Listing, every object as Changed, Listed. Keep the `resource_version` of
    an event in the transaction that applies the event, and whether a list is Due. `decoder` decodes one object, as far
    as its type says; what it yields has a `.metadata` with name, namespace, uid and resource_version. `accept` is the
    media type of one object (objects.METADATA); lists are asked for in the form that matches. With a decoder in a
    Whole each Changed carries the object as it came.

    Heals by itself, with backoff and jitter, telling Retrying where that takes a wait: watches that end, break,
    stall, trickle, say nothing though there is news, or answer 410, 429 (obeying Retry-After) or 5xx; lists that
    expire half-way or never end; servers without streamed lists or bookmarks, or behind what was seen; pages and lines
    that are too large; objects that cannot be read; events told twice, too late or never; a cluster restored to an
    older state.

    A watch that is Quiet can be parked: it stays open while nobody waits for it, which takes half of the memory.
    Of fifty kinds of a cluster most change once in hours.
    """

    def __init__(
        self,
        client: Client,
        resource: Resource,
        *,
        decoder: msgspec.json.Decoder[Any] | Whole | None = None,
        since: str | Kept = "",
        accept: str | None = None,
        pace: Pace | None = None,
    ) -> None:
        kept = since if isinstance(since, Kept) else Kept(since)
        self._pace = pace or Pace()
        self._source = Source(client, resource.path(), Reader.of(resource, decoder), self._pace, accept or JSON)
        self._position = Position(kept.version, due=kept.due)
        self._parked: Lines | None = None
        self._paged = not self._pace.streamed
        self._failures = 0  # in a row
        self._step = 0
        self._began = 0.0
        self._moved = False  # did anything come in this round?
        self._stood = False  # was its watch open?
        self._silent = 0  # watches in a row that said nothing
        self._deaf = False  # a list showed news that the watches before it had not told
        self._aside = NOTHING_ASIDE  # paths of those that could not be read when they were last told
        self._odd = kept.doubtful  # something could not be read since the last list: it may be by now
        self._list_by = self._pace.clock() + self._pace.jitter(*self._pace.relist)

    async def events(self) -> AsyncGenerator[Event, None]:
        """What happens, from where a parked watch stands.

        Raises, for the caller to decide: Unauthorized, Forbidden, NotFound (the kind has vanished), BadRequest and the
        ConnectError of a server that is left in peace at once; any other ConnectError, ServerError and TooManyRequests
        after `pace.attempts` failures in a row without progress.
        Follow again from the version last kept to go on.
        """
        while True:
            try:
                async with aclosing(self._round()) as events:
                    async for event in events:
                        yield event
                        del event  # as in Lines.blocks
                delay = self._ended()
            except Gone as error:
                delay = self._gone(error)
                yield Due(str(error))
            except Behind as error:
                delay = self._wait()
                yield Retrying(error, delay)
            except (ConnectError, ServerError, TooManyRequests) as error:
                if self._failed(error):
                    raise
                delay = self._wait_after(error)
                yield Retrying(error, delay)
            if delay:
                await self._pace.sleep(delay)

    def park(self, quiet: Quiet, heard: Callable[[], None]) -> bool:
        """Leave the watch alone: stop reading the events, and `heard` is called once it tells something.

        Unless it has to be looked after; returns whether it is parked.
        """
        if self._odd or self._deaf:
            return False
        self._parked = quiet.lines
        self._position.settle()
        quiet.lines.park(heard)
        return True

    def told(self, heard: Callable[[], None]) -> Sequence[Event] | None:
        """What the parked watch has told, and it stays parked, as before; None if its events have to be read on."""
        if self._parked is None or (told := bookmarks(self._source, self._position, self._parked)) is None:
            return None
        self._progress()
        self._position.settle()
        self._parked.park(heard)
        return told

    def overdue(self, now: float) -> bool:
        """Whether the parked watch has been silent for so long (loop's time) that its events have to be read on."""
        return self._parked is not None and self._parked.overdue(now)

    def close(self) -> None:
        """End the parked watch."""
        if self._parked is not None:
            self._parked.close()
            self._parked = None

    async def _round(self) -> AsyncGenerator[Event, None]:
        """One stream from its beginning to its end, or from where it was parked, with the list it may need before."""
        parked, self._parked = self._parked, None
        self._stood = parked is not None
        if parked is None:
            async with aclosing(self._before_watching()) as events:
                async for event in events:
                    yield event
                    del event
        try:
            told = stream(self._source, self._position, self._progress, deaf=self._deaf, parked=parked)
            async with aclosing(told) as events:
                async for event in events:
                    self._stood = True
                    yield self._noted(event)
                    del event
                    if self._odd and self._position.version and self._age() >= self._pace.odd:
                        return
        except BadRequest as error:
            if self._position.version:
                raise
            self._without_streams(str(error))
        except ConnectError as error:
            if error.kind != "stalled":
                raise
            await self._stalled(error)

    async def _before_watching(self) -> AsyncGenerator[Event, None]:
        self._began, self._moved = self._pace.clock(), False
        if self._position.behind is not None:
            await self._source.check(self._position)
        if not self._position.version and (self._paged or self._source.client.unstreamed >= UNSTREAMED):
            async with aclosing(pages(self._source, self._position)) as events:
                async for event in events:
                    self._failures = 0
                    yield self._noted(event)
                    del event
        if self._deaf:
            why = "its watches tell nothing, though lists show news"
            yield Retrying(ConnectError("stalled", self._source.client.server, why=why), self._pace.idle)

    def _ended(self) -> float:
        """The server has ended the stream. Returns the wait before the next one; raises Gone if a list is due."""
        lived = self._age()
        self._source.client.ended()
        if not self._position.version:
            return 0.0  # on to a list at once
        if self._odd or self._pace.clock() >= self._list_by:
            raise Gone(410, "Old", "what watches tell is compared with a list now and then")
        if lived < self._pace.short and not self._moved:
            return self._wait()
        return self._wait(after_life=lived > 5 * self._pace.short)

    def _gone(self, error: Gone) -> float:
        """Our version is forgotten, or a list expired half-way. Returns the wait before listing again."""
        self._position.forget(error)
        return self._wait()

    def _failed(self, error: ApiError | ConnectError) -> bool:
        """One more failure; whether it is the caller's now: there were too many, or it was not even tried."""
        self._failures += 1
        if self._stood:
            self._source.client.ended()
        if self._odd and self._position.version:  # however the watch has ended
            self._position.forget(Gone(410, "Odd", "something could not be read: a list has to tell what it is by now"))
        if isinstance(error, ApiError) and "ResourceVersionTooLarge" in error.causes:
            self._position.behind = self._position.behind or self._pace.clock()
        resting = isinstance(error, ConnectError) and error.kind == "resting"
        return resting or self._failures >= self._pace.attempts

    def _wait_after(self, error: ApiError | ConnectError) -> float:
        """The wait before the next attempt, as long as the server wants it."""
        wait = self._wait(after_life=self._failures == 1 and self._age() > 5 * self._pace.short)
        return max(wait, error.retry_after if isinstance(error, ApiError) else 0.0)

    def _progress(self) -> None:
        self._moved, self._deaf = True, False
        self._failures = self._silent = 0

    def _noted(self, event: Event) -> Event:
        if isinstance(event, Skipped):
            return self._set_aside(event)
        if self._aside and isinstance(event, Changed):
            self._aside -= {_path(event.object.metadata)}
        self._note(event)
        return event

    def _set_aside(self, event: Skipped) -> Skipped:
        """An object that cannot be read costs one list, which tells whether it was the transport's fault, and no more.

        One without even a name is like any other such: only lists can tell that it is gone.
        """
        path = _path(event)
        if path in self._aside:
            return msgspec.structs.replace(event, known=True)
        if event.name:
            self._aside |= {path}
        self._odd = True
        return event

    def _note(self, event: Event) -> None:
        if isinstance(event, Listing):
            self._odd = False
        elif isinstance(event, Listed):
            self._silent = 0
            self._list_by = self._pace.clock() + self._pace.jitter(*self._pace.relist)
        elif self._silent and isinstance(event, Changed):
            self._deaf = self._deaf or self._position.missed(event.object.metadata.resource_version)

    def _wait(self, *, after_life: bool = False) -> float:
        """The wait before the next attempt: full jitter under a bound that doubles, anew after a healthy life.

        A watch that lived for a while need not be spared, only not begin together with all that ended with it.
        """
        if self._age() >= self._pace.healthy:
            self._step = 0
        if after_life:
            return self._pace.jitter(0.0, self._pace.spread)
        first, longest = self._pace.backoff
        self._step = min(self._step + 1, 16)
        return self._pace.jitter(0.0, min(longest, first * 2 ** (self._step - 1)))

    def _age(self) -> float:
        """Seconds since this round began."""
        return self._pace.clock() - self._began

    async def _stalled(self, error: ConnectError) -> None:
        """Silence may be peace: ask before calling it a failure. If the server answers, the watch is opened anew."""
        if not self._position.version:
            self._without_streams(str(error))
            return
        self._silent += 1
        await self._source.check(self._position)
        if self._silent >= self._pace.deaf or self._position.suspicious:
            raise Gone(410, "Silent", "a list has to tell whether the watches have told everything")

    def _without_streams(self, why: str) -> None:
        self._paged = True
        self._source.client.unstreamed += 1
        log.warning("kube.streamed_lists_missing", server=self._source.client.server, path=self._source.path, why=why)


def _path(named: Skipped | ObjectMeta) -> tuple[str, str]:
    return named.namespace, named.name
