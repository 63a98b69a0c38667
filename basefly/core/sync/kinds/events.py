"""Events: what the cluster says about its objects. They hang on the object they are about, through its uid."""

from __future__ import annotations

import msgspec

from basefly.core.sync.kind import Column, Kind, Meta, Projection


class About(msgspec.Struct, frozen=True, gc=False):
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


class Source(msgspec.Struct, frozen=True, gc=False):
    component: str = ""


class Series(msgspec.Struct, rename="camel", frozen=True, gc=False):
    count: int = 0
    last_observed_time: str | None = None


class Event(msgspec.Struct, rename="camel", frozen=True, gc=False):
    metadata: Meta
    type: str = ""
    reason: str = ""
    message: str = ""
    count: int | None = None
    involved_object: About = About()
    source: Source = Source()
    reporting_component: str = ""
    first_timestamp: str | None = None
    last_timestamp: str | None = None
    event_time: str | None = None
    series: Series | None = None


def project(event: Event) -> Projection:
    about = event.involved_object
    series = event.series
    last = (series and series.last_observed_time) or event.last_timestamp or event.event_time
    cells = {
        "last": last or event.metadata.creation_timestamp or "",
        "reason": event.reason,
        "object": f"{about.kind}/{about.name}",
        "message": event.message,
        "count": series.count if series else event.count or 1,
        "source": event.reporting_component or event.source.component,
    }
    return Projection(event.type or "Normal", "warn" if event.type == "Warning" else "idle", cells, about.uid)


EVENTS = Kind(
    resource="events",
    kind="Event",
    short=("ev",),
    group="cluster",
    columns=(
        Column("last", "Last seen", "time"),
        Column("reason", "Reason"),
        Column("object", "Object"),
        Column("message", "Message"),
        Column("count", "Count", "number"),
        Column("source", "Source", wide=True),
    ),
    shape=Event,
    project=project,
)
