"""The audit as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web import QueryParameter, get
from basefly.core.audit import actions
from basefly.core.audit.model import Filter, Outcome, Page


@get("/audit", permission="audit:read", summary="List what was done")
async def audit(
    tx: Tx,
    by: Principal,
    act: str | None = None,
    object_: Annotated[str | None, QueryParameter(name="object", description="A path, or the beginning of one")] = None,
    actor: UUID | None = None,
    outcome: Outcome | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 50,
    cursor: str = "",
) -> Page:
    """Records, newest first. `act` takes a whole act (`cluster.registered`) or its thing (`cluster`)."""
    wanted = Filter(act=act, object=object_, actor=actor, outcome=outcome, since=since, until=until)
    return await actions.page(tx, by, wanted, cursor=cursor, limit=limit)
