"""The audit as JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import Limited
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Body, QueryParameter, Stream, get, put
from basefly.core.audit import actions, export, retention
from basefly.core.audit.chain import store as chain
from basefly.core.audit.chain.verifying import verify
from basefly.core.audit.model import READ, WRITE, Filter, Head, Outcome, Page, Record
from basefly.core.audit.store import Settings

ObjectPath = Annotated[str | None, QueryParameter(name="object", description="A path, or the beginning of one")]
LINES = "application/x-ndjson"

_verifying: set[UUID] = set()  # in this process; it is much work


@get("/audit", permission=READ, summary="List what was done")
async def audit(
    tx: Tx,
    by: Principal,
    act: str | None = None,
    object_: ObjectPath = None,
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


@get("/audit/records/{record_id:uuid}", permission=READ, summary="Look at one record")
async def record(tx: Tx, by: Principal, record_id: UUID) -> Record:
    """One record, whole, with its place in the chain."""
    return await actions.find(tx, by, record_id)


@get("/audit/chain", permission=READ, summary="Where the chain of records ends")
async def head(tx: Tx) -> Head:
    """The last link, what waits for its own, and the last checkpoint."""
    return await chain.get_head(tx)


@get("/audit/verification", permission=READ, summary="Verify the chain of records", media_type=LINES)
async def verification(house: House, by: Principal) -> Stream:
    """Hashes every record anew, follows every link, and holds both against what was signed outside the database.

    Lines of JSON: `{"kind": "progress", "seq", "of"}` while it runs, and `{"kind": "verdict", "ok", "findings", …}`
    at the end. One at a time for each organization.
    """
    if by.org_id in _verifying:
        raise Limited("The record is being verified already.", retry_after=10)

    async def lines() -> AsyncIterator[bytes]:
        _verifying.add(by.org_id)
        try:
            async for told in verify(house.db, house.settings, by.org_id):
                yield msgspec.json.encode(told) + b"\n"
        finally:
            _verifying.discard(by.org_id)

    return Stream(lines(), media_type=LINES, headers={"Cache-Control": "no-store"})


@get("/audit/export", permission=READ, summary="Take records along as JSON Lines", media_type=LINES)
async def export_lines(
    house: House,
    by: Principal,
    act: str | None = None,
    object_: ObjectPath = None,
    actor: UUID | None = None,
    outcome: Outcome | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Stream:
    """All that match, one a line, newest first. The export is put on record itself."""
    wanted = Filter(act=act, object=object_, actor=actor, outcome=outcome, since=since, until=until)
    return await _file(house, by, wanted, "jsonl")


@get("/audit/export/csv", permission=READ, summary="Take records along as CSV", media_type="text/csv")
async def export_csv(
    house: House,
    by: Principal,
    act: str | None = None,
    object_: ObjectPath = None,
    actor: UUID | None = None,
    outcome: Outcome | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Stream:
    """The same as a table that runs in no spreadsheet."""
    wanted = Filter(act=act, object=object_, actor=actor, outcome=outcome, since=since, until=until)
    return await _file(house, by, wanted, "csv")


async def _file(house: House, by: Principal, wanted: Filter, form: export.Format) -> Stream:
    headers = await export.begin(house.db, by, wanted, form)
    return Stream(export.write(house.db, by, wanted, form), media_type=export.MEDIA[form], headers=headers)


class SettingsBody(Body):
    """How many days records are kept; null keeps them for ever."""

    retention_days: int | None


@get("/audit/settings", permission=READ, summary="How long records are kept")
async def settings(tx: Tx, by: Principal) -> Settings:
    """`trimmed_before`: what was older is gone."""
    return await retention.get(tx, by)


@put("/audit/settings", permission=WRITE, summary="Decide how long records are kept")
async def change_settings(tx: Tx, by: Principal, data: SettingsBody) -> Settings:
    """Whole months go once all of a month is older, at least 30 days; what stays remains provable."""
    return await retention.change(tx, by, data.retention_days)


HANDLERS = (settings, change_settings, audit, record, head, verification, export_lines, export_csv)
