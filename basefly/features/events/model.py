"""Events of one reason about one kind of object, and how many there were when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from basefly.core.sync.freshness import Missing

PAGE = 50
STEP = timedelta(minutes=5)
SPANS = {"15m": timedelta(minutes=15), "1h": timedelta(hours=1), "3h": timedelta(hours=3)}


class EventQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events to group. Empty filters do not filter; `since` begins five minutes, as Kubernetes writes times."""

    clusters: tuple[UUID, ...] = ()
    namespaces: tuple[str, ...] = ()
    type: str = ""
    reason: str = ""
    kind: str = ""
    text: str = ""
    since: str = ""
    limit: int = PAGE


class EventGroup(msgspec.Struct, frozen=True, kw_only=True):
    """What is said alike. `events` counts events, `times` how often they happened, `about` is the last one's object."""

    type: str
    reason: str
    kind: str
    events: int
    times: int
    clusters: int
    message: str
    about: str
    about_namespace: str
    about_cluster: UUID
    last: str


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """How many events were last seen within five minutes, by type. `minute` is when those began, in UTC."""

    minute: str
    warnings: int
    normal: int


class EventAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Groups, warnings first and then what happened last; `more` says that there were others."""

    items: list[EventGroup]
    more: bool
    timeline: list[Bucket]
    as_of: dict[str, datetime | None]
    missing: list[Missing]


def written(moment: datetime) -> str:
    """A time as Kubernetes writes it, so that texts compare as times do."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def begun(moment: datetime) -> datetime:
    """When the five minutes of a moment began."""
    whole = moment.astimezone(UTC).replace(second=0, microsecond=0)
    return whole - timedelta(minutes=whole.minute % 5)


def timeline(found: list[Bucket], since: datetime, now: datetime) -> list[Bucket]:
    """Every five minutes from `since` to `now`, those without events too."""
    known = {bucket.minute: bucket for bucket in found}
    moment = begun(since)
    steps = []
    while moment <= now:
        minute = moment.strftime("%Y-%m-%dT%H:%M")
        steps.append(known.get(minute) or Bucket(minute=minute, warnings=0, normal=0))
        moment += STEP
    return steps
