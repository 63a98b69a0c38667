"""What was set aside, for programs."""

from __future__ import annotations

from typing import Annotated

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import QueryParameter, get
from basefly.core.inventory.answers import READ
from basefly.core.quarantine import actions
from basefly.core.quarantine.model import Unreadable

Clusters = Annotated[
    list[str] | None,
    QueryParameter(name="cluster", description="Id or name; repeat it for several, leave it out for all."),
]


class UnreadableList(msgspec.Struct):
    items: list[Unreadable]


@get("/unreadable", permission=READ, summary="Objects that are there and cannot be read, by cluster and kind")
async def list_unreadable(tx: Tx, by: Principal, cluster: Clusters = None) -> UnreadableList:
    """Each that has a name is listed with status=Unreadable among the objects of its kind."""
    return UnreadableList(await actions.find(tx, by, cluster or ()))


HANDLERS = (list_unreadable,)
