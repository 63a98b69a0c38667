"""Put on record, and read the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from basefly.base.db import paging
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Denied, Invalid, NotFound, Unauthenticated
from basefly.base.principal import Principal
from basefly.base.telemetry import trace
from basefly.core.audit import store
from basefly.core.audit.model import Filter, Outcome, Page

_REFUSALS = (Denied, Unauthenticated, NotFound)


async def record(
    tx: Tx,
    by: Principal | None,
    act: str,
    object_: str,
    detail: Mapping[str, Any] | None = None,
    *,
    outcome: Outcome = "done",
) -> None:
    """Add a record in the transaction of what it tells about: both commit, or neither.

    `act` is named `thing.past` ("cluster.registered"); `object_` is a path ("clusters/ID"); `by` is None for what the
    hub does by itself. `detail` must hold nothing secret.
    """
    here = trace.current()
    await store.insert(
        tx,
        {
            "act": act,
            "object": object_[:1000],
            "outcome": outcome,
            "actor_id": by.user_id if by else None,
            "actor_kind": by.kind if by else "system",
            "request_id": here.request_id if here else "",
            "trace_id": here.trace_id if here else "",
            "address": here.address if here else "",
            "detail": dict(detail or {}),
        },
    )


async def failure(db: Database, by: Principal, error: BaseflyError, *, method: str, path: str) -> None:
    """Record, in a transaction of its own, a request to change something that came to nothing."""
    outcome: Outcome = "refused" if isinstance(error, _REFUSALS) else "failed"
    async with db.transaction(by.org_id) as tx:
        detail = {"method": method, "code": error.code, **_permission(error)}
        await record(tx, by, f"request.{outcome}", path.removeprefix("/api/v1").strip("/"), detail, outcome=outcome)


async def page(tx: Tx, by: Principal, wanted: Filter, *, cursor: str = "", limit: int = 50) -> Page:
    """Records that match, newest first; needs audit:read."""
    by.require("audit:read")
    found = await store.page(tx, wanted, after=_key(cursor), limit=limit + 1)
    items = found[:limit]
    more = len(found) > limit
    return Page(items=items, next=paging.encode([items[-1].at, items[-1].id]) if more else "")


def _key(cursor: str) -> tuple[datetime, UUID] | None:
    if not cursor:
        return None
    try:
        return msgspec.convert(paging.decode(cursor, 2), tuple[datetime, UUID])
    except msgspec.ValidationError as error:
        raise Invalid("The cursor is not one that this list gave.", cure="Leave it out.") from error


def _permission(error: BaseflyError) -> dict[str, str]:
    permission = error.extra.get("permission")
    return {"permission": str(permission)} if permission else {}
