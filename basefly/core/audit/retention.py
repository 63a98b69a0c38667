"""How long records are kept: whole months go, chained and under a signed checkpoint, and the rest stays provable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.audit import store
from basefly.core.audit.actions import record
from basefly.core.audit.chain import checkpoints
from basefly.core.audit.chain import store as chain
from basefly.core.audit.model import READ, WRITE
from basefly.core.audit.store import Settings

LEAST, MOST = 30, 36_500  # days


async def get(tx: Tx, by: Principal) -> Settings:
    """What the organization wants of its audit; needs audit:read."""
    by.require(READ)
    return await store.get_settings(tx)


async def change(tx: Tx, by: Principal, days: int | None) -> Settings:
    """Keep records for so many days, or for ever; needs audit:write. What is gone stays gone."""
    by.require(WRITE)
    if days is not None and not LEAST <= days <= MOST:
        detail = f"Records are kept for {LEAST} to {MOST} days."
        raise Invalid(detail, errors=(FieldError("/retention_days", detail),), cure="Leave it empty to keep them all.")
    before = await store.get_settings(tx)
    await store.upsert_retention(tx, days)
    after = await store.get_settings(tx)
    if after != before:
        told = [{"retention_days": each.retention_days} for each in (before, after)]
        await record(tx, by, "audit.retention_changed", "audit", before=told[0], after=told[1])
    return after


def month(moment: datetime) -> datetime:
    """The beginning of its month."""
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


async def enforce(house: House, org_id: UUID, *, now: datetime | None = None) -> int:
    """Take the months away that are over for this organization; how many records.

    Nothing goes that is not chained and signed. What stays begins at a link whose hash is signed.
    """
    async with house.db.transaction(org_id) as tx:
        wanted = await store.get_settings(tx)
        span = await chain.get_span(tx)
        if wanted.retention_days is None or span.first is None:
            return 0
        cutoff = month((now or span.now) - timedelta(days=wanted.retention_days))
        if span.first >= cutoff:
            return 0
        floor = await chain.get_floor(tx, cutoff)
        if floor is None:  # nothing has happened since: this record is what the chain will go on from
            await record(tx, None, "audit.trimmed", "audit", {"before": cutoff}, outcome="started")
            return 0
    await checkpoints.make(house.db, house.settings, org_id)
    async with house.db.transaction(org_id) as tx:
        await checkpoints.sign(tx, house.settings, floor, trimmed_before=cutoff)
    async with house.db.transaction(org_id) as tx:
        taken = await chain.trim(tx, cutoff)
        detail = {"before": cutoff, "records": taken, "up_to": floor.seq}
        await record(tx, None, "audit.trimmed", "audit", msgspec.to_builtins(detail))
    async with house.db.transaction() as tx:
        await chain.drop_months(tx, cutoff)
    return taken
