"""Events over the fleet for people: warnings first, and when there were how many."""

from __future__ import annotations

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Request, Response, get, render
from basefly.base.web.language import t
from basefly.core.inventory.answers import READ, visible_clusters
from basefly.core.inventory.display.address import Address, about_path
from basefly.core.inventory.display.cells import moment
from basefly.core.lists.kept import Kept, oldest
from basefly.features.events import answers
from basefly.features.events.answers import EventRequest
from basefly.features.events.model import SPANS, Bucket, EventGroup

FILTERS = ("q", "cluster", "namespace", "type", "reason", "kind")
BAR, FIELD = 14, 60  # the timeline: width of a step, height of the field


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the timeline, drawn: from where on, and how high each part is."""

    bucket: Bucket
    x: int
    warned: float
    said: float


@get("/events", permission=READ, include_in_schema=False)
async def show_events(request: Request, tx: Tx, by: Principal, house: House) -> Response[str]:
    """What the clusters say, grouped."""
    asked = _asked(request)
    (answer, coverage), slow = await house.get(Kept).of(
        tx, by, answers.group_events, asked, oldest=oldest(request, "list")
    )
    every = await visible_clusters(tx, by)
    address = Address(request.url.path, tuple(request.query_params.multi_items()))
    return render(
        request,
        "events/list.html",
        answer=answer,
        slow=slow,
        asked=asked,
        groups=[_group(group, address) for group in answer.items],
        bars=_bars(answer.timeline),
        connected=bool(every),
        clusters=[(one.name, one.name) for one in every],
        types=[("Warning", "Warning"), ("Normal", "Normal")],
        spans=[(span, t("Last {span}", span=span)) for span in SPANS],
        filtered=[name for name in FILTERS if getattr(asked, name)],
        topics=coverage.topics("events"),
    )


def _asked(request: Request) -> EventRequest:
    query = request.query_params
    return EventRequest(
        cluster=tuple(word for word in query.getall("cluster", []) if word),
        namespace=tuple(word for word in query.getall("namespace", []) if word),
        type=query.get("type", ""),
        reason=query.get("reason", ""),
        kind=query.get("kind", ""),
        q=query.get("q", ""),
        since=since if (since := query.get("since", "")) in SPANS else "1h",
    )


def _group(group: EventGroup, address: Address) -> dict[str, object]:
    return {
        "group": group,
        "href": about_path(group.about_cluster, group.about, group.about_namespace),
        "last": moment(group.last),
        "only": address.having(reason=group.reason, kind=group.kind),
    }


def _bars(timeline: list[Bucket]) -> list[Bar]:
    most = max((bucket.warnings + bucket.normal for bucket in timeline), default=0) or 1
    scale = FIELD / most
    return [
        Bar(
            bucket=bucket,
            x=place * BAR,
            warned=round(bucket.warnings * scale, 1),
            said=round(bucket.normal * scale, 1),
        )
        for place, bucket in enumerate(timeline)
    ]


HANDLERS = (show_events,)
