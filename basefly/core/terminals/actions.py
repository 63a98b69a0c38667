"""Recordings: who wants which, who reads which, and how long they stay. Each leaves a record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from basefly.base.db import paging
from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.access.model import OWN
from basefly.core.audit.actions import record
from basefly.core.terminals import store
from basefly.core.terminals.model import LEAST, MOST, RECORDINGS, Page, Recording, Settings
from basefly.core.terminals.recording import keeping

BATCH = 200  # recordings taken away at once


async def settings(tx: Tx, by: Principal) -> Settings:
    """Which sessions are recorded, and for how long."""
    by.require(RECORDINGS)
    return await store.get_settings(tx)


async def change_settings(tx: Tx, by: Principal, wanted: Settings) -> Settings:
    """Record other sessions from now on, or keep them for another while. Owners alone."""
    by.require(OWN)
    days = wanted.retention_days
    if days is not None and not LEAST <= days <= MOST:
        detail = f"Recordings are kept for {LEAST} to {MOST} days."
        raise Invalid(detail, errors=(FieldError("/retention_days", detail),), cure="Leave it empty to keep them all.")
    before = await store.get_settings(tx)
    if wanted != before:
        await store.upsert_settings(tx, wanted)
        told = [msgspec.to_builtins(each) for each in (before, wanted)]
        await record(tx, by, "recordings.settings_changed", "terminals", before=told[0], after=told[1])
    return wanted


async def page(tx: Tx, by: Principal, filters: dict[str, Any], *, cursor: str = "", limit: int = 50) -> Page:
    """Recordings that match, newest first."""
    by.require(RECORDINGS)
    after = paging.key(cursor, tuple[datetime, UUID])
    given = {name: filters.get(name) or None for name in ("cluster", "pod", "user")}
    found = await store.page(tx, given, after=after, limit=limit + 1)
    more = len(found) > limit
    items = found[:limit]
    return Page(items, paging.encode([items[-1].started_at, items[-1].id]) if more else None)


async def find(tx: Tx, by: Principal, recording_id: UUID) -> Recording:
    """One recording, without what is in it. Raises NotFound."""
    by.require(RECORDINGS)
    found = await store.get(tx, recording_id)
    if found is None:
        raise NotFound("There is no such recording.", cure="It may be older than recordings are kept.")
    return found


async def read(house: House, by: Principal, recording_id: UUID) -> tuple[Recording, AsyncIterator[bytes]]:
    """A recording as an asciicast; that it is read is on record before anything of it is sent."""
    async with house.db.transaction(by.org_id) as tx:
        found = await find(tx, by, recording_id)
        told = {"cluster": found.cluster_name, "namespace": found.namespace, "pod": found.pod}
        await record(tx, by, "recording.read", f"recordings/{recording_id}", told)
    return found, keeping.cast(house, by.org_id, found)


async def searched(tx: Tx, by: Principal, text: str) -> None:
    """Somebody looks for a text in all recordings, which reads them all."""
    await record(tx, by, "recordings.searched", "terminals", {"length": len(text)})


async def sweep(house: House, org_id: UUID, *, now: datetime | None = None) -> int:
    """Take away what is older than the organization keeps, in pieces; how many."""
    taken, some = 0, 1
    while some:
        some = await _sweep_some(house, org_id, now or datetime.now(UTC))
        taken += some
    return taken


async def _sweep_some(house: House, org_id: UUID, now: datetime) -> int:
    async with house.db.transaction(org_id) as tx:
        wanted = await store.get_settings(tx)
        if wanted.retention_days is None:
            return 0
        before = now - timedelta(days=wanted.retention_days)
        taken = await store.sweep(tx, before, limit=BATCH)
        if taken:
            await record(tx, None, "recordings.removed", "terminals", {"before": before, "recordings": taken})
    return taken
