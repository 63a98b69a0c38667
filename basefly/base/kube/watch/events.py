"""What following a kind tells: the events of a list and a watch, in the order in which they are to be applied."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from basefly.base.kube.errors import ApiError, ConnectError
from basefly.base.kube.lines import Lines

Body = bytes | memoryview | msgspec.Raw


class Listing(msgspec.Struct, frozen=True):
    """A complete list begins. If one had begun before, it was given up: forget what it showed."""

    mode: Literal["stream", "pages"]


class Changed(msgspec.Struct, gc=False):
    """An object as it is now. `resource_version` is where to resume once this is applied, "" within a list.

    `body` is the whole of it as it came, for whoever asks for the Whole: a view that keeps its page in memory.
    """

    object: Any
    resource_version: str
    body: Body = b""


class Deleted(msgspec.Struct, gc=False):
    """An object as it was last; it is gone. `resource_version` as in Changed."""

    object: Any
    resource_version: str


class Skipped(msgspec.Struct, frozen=True):
    """An object that could not be read, and why; `uid` is "" where not even that could be. It is there, unknown.

    `resource_version` as in Changed. `known`: it could not be read when it was last told either, so that it is no
    accident of the transport, and no list would tell more.
    """

    uid: str
    name: str
    namespace: str
    reason: str
    resource_version: str
    known: bool = False


class Listed(msgspec.Struct, frozen=True):
    """The list is complete as of `resource_version`: what it did not show is gone.

    `restored` says that the version is older than one seen before: the cluster was put back to an older state.
    """

    resource_version: str
    restored: bool = False


class Bookmark(msgspec.Struct, frozen=True):
    """All changes up to `resource_version` have been told."""

    resource_version: str


class Alive(msgspec.Struct, frozen=True):
    """The watch stands and all was quiet; `at` is UTC."""

    at: datetime


class Quiet(msgspec.Struct, frozen=True):
    """The watch has said nothing for `pace.quiet` seconds: whoever wants to may park it (Following.park)."""

    lines: Lines


class Due(msgspec.Struct, frozen=True):
    """A list is due: what was told so far may not be all. It stays due, whatever fails before it is complete."""

    reason: str


class Retrying(msgspec.Struct, frozen=True):
    """Following is interrupted by `error` and goes on by itself after `delay` seconds."""

    error: ApiError | ConnectError
    delay: float


Event = Listing | Changed | Deleted | Skipped | Listed | Bookmark | Alive | Quiet | Due | Retrying
