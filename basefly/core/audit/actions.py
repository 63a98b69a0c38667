"""Put on record, and read the record."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Unpack
from uuid import UUID, uuid4

import msgspec

from basefly.base.db import paging
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError, Denied, NotFound, Unauthenticated
from basefly.base.principal import Principal
from basefly.base.telemetry import logs, trace
from basefly.core.audit import personal, store
from basefly.core.audit.chain import waiting
from basefly.core.audit.model import READ, Filter, More, Outcome, Page, Record

AGAIN = 60.0  # s
MOST_LOOKS = 10_000  # remembered

_looks: dict[tuple[UUID, str], float] = {}
_REFUSALS = (Denied, Unauthenticated, NotFound)


async def record(
    tx: Tx,
    by: Principal | None,
    act: str,
    object_: str,
    detail: Mapping[str, Any] | None = None,
    **more: Unpack[More],
) -> None:
    """Add a record in the transaction of what it tells about: both commit, or neither.

    `act` is named `thing.past` ("cluster.registered"); `object_` is a path ("clusters/ID"); `by` is None for what the
    hub does by itself. What is called a secret is starred, and what is personal is sealed.
    """
    here = trace.current()
    told = personal.Told(object_, by.user_id if by else None, more.get("about"))
    told.where(here.address if here else "")
    parts = {"detail": dict(detail or {}), "before": more.get("before"), "after": more.get("after")}
    clean = {part: told.without(part, _plain(value)) for part, value in parts.items()}
    id_ = uuid4()
    await store.insert(
        tx,
        {
            **clean,
            "id": id_,
            "act": act,
            "object": object_[:1000],
            "outcome": more.get("outcome", "done"),
            "actor_id": by.user_id if by else None,
            "actor_kind": by.kind if by else "system",
            "on_behalf_of": more.get("on_behalf_of"),
            "request_id": here.request_id if here else "",
            "trace_id": here.trace_id if here else "",
            "personal": await personal.sealed(tx, told, id_),
        },
    )
    waiting.note(tx.org_id)


async def failure(db: Database, by: Principal, error: BaseflyError, *, method: str, path: str) -> None:
    """Record, in a transaction of its own, a request that came to nothing: a change, or a look at what one may not.

    A page that asks again by itself leaves one record a minute of the same refused look.
    """
    if method in ("GET", "HEAD") and not _first_look(by.user_id, path):
        return
    outcome: Outcome = "refused" if isinstance(error, _REFUSALS) else "failed"
    async with db.transaction(by.org_id) as tx:
        detail = {"method": method, "code": error.code, **_permission(error)}
        await record(tx, by, f"request.{outcome}", path.removeprefix("/api/v1").strip("/"), detail, outcome=outcome)


def _first_look(user_id: UUID, path: str) -> bool:
    now = time.monotonic()
    if now - _looks.get((user_id, path), -AGAIN) < AGAIN:
        return False
    if len(_looks) >= MOST_LOOKS:
        _looks.clear()
    _looks[(user_id, path)] = now
    return True


async def page(tx: Tx, by: Principal, wanted: Filter, *, cursor: str = "", limit: int = 50) -> Page:
    """Records that match, newest first; needs audit:read."""
    by.require(READ)
    found = await store.page(tx, wanted, after=paging.key(cursor, tuple[datetime, UUID]), limit=limit + 1)
    more = len(found) > limit
    items = await personal.opened(tx, found[:limit])
    return Page(items=items, next=paging.encode([items[-1].at, items[-1].id]) if more else "")


async def find(tx: Tx, by: Principal, record_id: UUID) -> Record:
    """One record, whole; needs audit:read."""
    by.require(READ)
    found = await store.get(tx, record_id)
    if found is None:
        raise NotFound("There is no such record.", cure="It may be older than the retention period.")
    return (await personal.opened(tx, [found]))[0]


async def latest(tx: Tx, by: Principal, acts: Sequence[str], objects: Sequence[str]) -> dict[str, Record]:
    """By object, the latest record of one of these acts on it: since when something is so, and by whom.

    For reviews of who has what; needs audit:read.
    """
    by.require(READ)
    found = await store.get_latest(tx, acts, objects)
    return {each.object: each for each in await personal.opened(tx, found)}


async def acts(tx: Tx, by: Principal) -> list[str]:
    """The acts that there are to look for; needs audit:read."""
    by.require(READ)
    return await store.get_acts(tx)


async def ask_to_verify(tx: Tx, by: Principal) -> None:
    """Have the chain verified soon; needs audit:read. What comes out stands on the page."""
    by.require(READ)
    await record(tx, by, "audit.verified", "audit", outcome="started")
    await tx.notify("audit/verify")


def _plain(value: Any) -> Any:
    """A value as JSON has it, without secrets."""
    return None if value is None else logs.masked(msgspec.to_builtins(value))


def _permission(error: BaseflyError) -> dict[str, str]:
    permission = error.extra.get("permission")
    return {"permission": str(permission)} if permission else {}
