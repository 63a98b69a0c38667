"""What can go wrong, and for whom: effects, and faults that aim them."""

from __future__ import annotations

import random
import time
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated, Self

import msgspec
from msgspec import Meta

from basefly.sim.requests import Target


class Effect(StrEnum):
    """What happens to a request that a fault meets; `told` says it in a line, with the fields that it heeds."""

    told: str

    def __new__(cls, name: str, told: str) -> Self:
        member = str.__new__(cls, name)
        member._value_, member.told = name, told
        return member

    @classmethod
    def _missing_(cls, value: object) -> Effect | None:
        """As it is written on command lines, and in Python: gone-at-once, GONE_AT_ONCE."""
        wanted = str(value).lower().replace("-", " ").replace("_", " ")
        return next((one for one in cls if wanted in (one.value, one.name.lower().replace("_", " "))), None)

    SLOW = "slow", "the answer begins `seconds` later"
    HANG = "hang", "there is never an answer; the connection stays open"
    RESET = "reset", "the connection is cut without an answer"
    UNAUTHORIZED = "unauthorized", "401"
    FORBIDDEN = "forbidden", "403"
    CONFLICT = "conflict", "409 on writes: the object has been modified"
    GONE = "gone", "410 Expired: as the answer of a list, as an ERROR event in a watch"
    GONE_AT_ONCE = "gone at once", "410 Expired as the HTTP status, in watches too"
    GONE_ON_PAGE = "gone on page", "410 Expired for continue tokens"
    TOO_MANY = "too many requests", "429 with Retry-After: `seconds`"
    ERROR = "error", "the HTTP status `code`, a 5xx"
    UNSTREAMED = "unstreamed", "watches refuse sendInitialEvents, as servers before 1.32 do"
    LAGGING = "lagging", "lists and watches answer from `behind` versions back, as a replica that lags"

    TRICKLE = "trickle", "bytes come at `rate` a second"
    PIECES = "pieces", "bytes come unharmed, in pieces of 1 to `size` (3)"
    HALF_OPEN = "half open", "after `after` bytes (half a line) nothing more comes and nothing is closed"
    TRUNCATED = "truncated", "cut after `after` bytes in the middle of a line; `clean` ends the HTTP message rightly"
    SPLIT = "split", "as truncated, but inside a character of several bytes"

    STALLED = "stalled", "a watch stays open and sends nothing while the fault lasts, not even bookmarks"
    NO_BOOKMARKS = "no bookmarks", "a watch sends no bookmarks but the one that ends the initial events"
    NO_END = "no end", "the bookmark that ends the initial events never comes"
    MISSED_DELETES = "missed deletes", "a watch swallows DELETED events"
    DUPLICATE = "duplicate", "a watch tells events twice"
    REORDERED = "reordered", "a watch tells events that come close together in reverse, by `window` of them"

    GARBLED = "garbled", "an event or an answer is invalid JSON"
    NAN = "nan", "the numbers of an object are NaN and Infinity"
    HUGE = "huge", "an object grows by an annotation of `size` bytes (8 MiB)"
    LABELS = "labels", "an object has `size` labels more (10,000)"
    DEEP = "deep", "an object has a member nested `depth` levels"
    FLIPPED = "flipped", "an object's members change their types, all but its name, namespace, uid and version"


OF_BYTES = (Effect.TRICKLE, Effect.PIECES, Effect.HALF_OPEN, Effect.TRUNCATED, Effect.SPLIT)
OF_OBJECTS = (Effect.GARBLED, Effect.NAN, Effect.HUGE, Effect.LABELS, Effect.DEEP, Effect.FLIPPED)

_Count = Annotated[int, Meta(ge=0)]
_Seconds = Annotated[float, Meta(ge=0)]


class Fault(msgspec.Struct, eq=False, dict=True, forbid_unknown_fields=True):
    """Whom an effect meets: every request, unless narrowed, then a `share` of them and at most `times`.

    What an effect does to events or objects it does to that share of the events of a watch, and to one object of that
    share of other answers. `struck` counts; `duration` is in seconds from the start.
    """

    effect: Effect
    verb: str | None = None
    resource: str | None = None
    """`deployments`, or `deployments.apps`."""
    path: str | None = None
    """A glob over the whole path without the query, such as `/api/v1/namespaces/shop/*`."""
    share: Annotated[float, Meta(ge=0, le=1)] = 1.0
    seed: int = 0
    """The same seed strikes the same of the requests, as they are counted one after another."""
    times: _Count | None = None
    duration: _Seconds | None = None

    seconds: _Seconds = 1.0
    code: Annotated[int, Meta(ge=500, le=599)] = 500
    rate: Annotated[float, Meta(gt=0)] = 1.0
    after: _Count | None = None
    clean: bool = False
    size: Annotated[int, Meta(ge=1)] | None = None
    depth: _Count = 5_000
    behind: _Count = 10
    window: Annotated[int, Meta(ge=2)] = 2

    def __post_init__(self) -> None:
        self.number = self.struck = 0
        self.chance = random.Random(self.seed)  # noqa: S311  # a seed repeats it; nothing here is secret
        self._began = time.monotonic()

    @property
    def lasts(self) -> bool:
        """Whether its time is not over. One that has struck often enough lasts where it has struck."""
        return self.duration is None or time.monotonic() - self._began < self.duration

    def meets(self, target: Target) -> bool:
        """Whether the target is one of those it is for, chance aside."""
        if (self.times is not None and self.struck >= self.times) or not self.lasts:
            return False
        named = self.resource in (None, target.resource, f"{target.resource}.{target.group}")
        return named and self.verb in (None, target.verb) and fnmatchcase(target.path, self.path or "*")

    def strikes(self, target: Target) -> bool:
        """Whether it meets the target and chance wills it; counts it if so."""
        struck = self.meets(target) and self.chance.random() < self.share
        self.struck += struck
        return struck
