"""Events over the fleet for people: warnings first, and when there were how many."""

from __future__ import annotations

from datetime import UTC, datetime

from basefly.base.charts import Chart, Series, bars, plain
from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Request, Response, get, render
from basefly.base.web.language import current, t, tp
from basefly.core.inventory.answers import READ, visible_clusters
from basefly.core.inventory.display.address import Address, about_path
from basefly.core.inventory.display.cells import moment
from basefly.core.lists.kept import Kept, oldest
from basefly.features.events import answers
from basefly.features.events.answers import EventRequest
from basefly.features.events.model import SPANS, Bucket, EventGroup

FILTERS = ("q", "cluster", "namespace", "type", "reason", "kind")
FIELD = 120  # the height of the chart


@get("/events", permission=READ, replica=True, include_in_schema=False)
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
        chart=_chart(answer.timeline),
        connected=bool(every),
        clusters=[(one.name, one.name) for one in every],
        types=[("Warning", "Warning"), ("Normal", "Normal")],
        spans=list(_spans().items()),
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


def _spans() -> dict[str, str]:
    """What each of SPANS is called."""
    return {"15m": t("Last 15 minutes"), "1h": t("Last hour"), "3h": t("Last 3 hours")}


def _chart(timeline: list[Bucket]) -> Chart:
    """How many events there were when, in the reader's time zone."""
    warnings = Series(t("Warnings"), [bucket.warnings for bucket in timeline], "c3")
    normal = Series(tp("event", "Normal"), [bucket.normal for bucket in timeline], "c1")
    return bars([warnings, normal], [_clock(bucket.minute) for bucket in timeline], say=_whole, height=FIELD)


def _clock(minute: str) -> str:
    return f"{datetime.fromisoformat(minute).replace(tzinfo=UTC).astimezone(current().zone):%H:%M}"


def _whole(count: float) -> str:
    """There are no half events: a line between two figures has no label."""
    return plain(count) if count == int(count) else ""


HANDLERS = (show_events,)
