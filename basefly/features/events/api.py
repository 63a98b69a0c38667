"""Events over the fleet for programs; the events one by one are the inventory's."""

from __future__ import annotations

from typing import Annotated

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import QueryParameter, get
from basefly.core.inventory.answers import READ
from basefly.features.events import answers
from basefly.features.events.answers import EventRequest
from basefly.features.events.model import EventAnswer

Clusters = Annotated[
    list[str] | None,
    QueryParameter(name="cluster", description="Id or name; repeat it for several, leave it out for all."),
]
Namespaces = Annotated[list[str] | None, QueryParameter(name="namespace", description="Repeatable.")]
Type = Annotated[str, QueryParameter(name="type", description="Warning or Normal.")]
KindName = Annotated[str, QueryParameter(description="What they are about, for instance Pod.")]
Text = Annotated[str, QueryParameter(description="A part of the object's name or of the message.")]
Since = Annotated[str, QueryParameter(description="15m, 1h or 3h.")]


@get(
    "/events/groups",
    permission=READ,
    replica=True,
    summary="Events by reason and kind, with a timeline by five minutes",
)
async def group_events(
    tx: Tx,
    by: Principal,
    cluster: Clusters = None,
    namespace: Namespaces = None,
    event_type: Type = "",
    reason: str = "",
    kind: KindName = "",
    q: Text = "",
    since: Since = "1h",
) -> EventAnswer:
    asked = EventRequest(
        cluster=tuple(cluster or ()),
        namespace=tuple(namespace or ()),
        type=event_type,
        reason=reason,
        kind=kind,
        q=q,
        since=since,
    )
    answer, _ = await answers.group_events(tx, by, asked)
    return answer


HANDLERS = (group_events,)
