"""Answers about events over the fleet, in the asker's scope."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid
from basefly.base.principal import Principal
from basefly.core.inventory.answers import READ
from basefly.core.inventory.standing import Coverage, get_coverage
from basefly.features.events import model, store
from basefly.features.events.model import SPANS, EventAnswer, EventQuery


class EventRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What someone asks of the events: clusters by id or name, `since` one of the spans."""

    cluster: tuple[str, ...] = ()
    namespace: tuple[str, ...] = ()
    type: str = ""
    reason: str = ""
    kind: str = ""
    q: str = ""
    since: str = "1h"


async def group_events(tx: Tx, by: Principal, request: EventRequest) -> tuple[EventAnswer, Coverage]:
    """Events by reason and kind, and when there were how many. Raises Invalid for a span that there is not."""
    if request.since not in SPANS:
        detail = f"since={request.since} is no span."
        cure = f"Take one of {', '.join(SPANS)}."
        raise Invalid(detail, errors=(FieldError("/since", detail),), cure=cure)
    coverage = await get_coverage(tx, by, request.cluster, ("events",))
    scope, now = by.scope(READ), datetime.now(UTC)
    since = model.begun(now - SPANS[request.since])
    query = EventQuery(
        clusters=tuple(coverage.names),
        namespaces=request.namespace,
        type=request.type,
        reason=request.reason,
        kind=request.kind,
        text=request.q.strip(),
        since=model.written(since),
    )
    found = await store.get_groups(tx, scope, query)
    buckets = await store.get_buckets(tx, scope, query)
    answer = EventAnswer(
        items=found[: query.limit],
        more=len(found) > query.limit,
        timeline=model.timeline(buckets, since, now),
        as_of=coverage.as_of,
        missing=coverage.missing,
    )
    return answer, coverage
