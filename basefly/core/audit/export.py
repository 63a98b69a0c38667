"""Records as a file: JSON Lines or CSV, in the order of the list, read and sent in chunks."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import msgspec

from basefly.base.db.pool import Database
from basefly.base.errors import Invalid
from basefly.base.principal import Principal
from basefly.core.audit import personal, store
from basefly.core.audit.actions import record
from basefly.core.audit.model import READ, Filter, Record

Format = Literal["jsonl", "csv"]
MEDIA: dict[str, str] = {"jsonl": "application/x-ndjson", "csv": "text/csv"}
CHUNK = 1000
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run instead of showing
COLUMNS = (
    "seq", "at", "actor", "actor_id", "actor_kind", "on_behalf_of", "act", "object", "subject", "outcome", "address",
    "request_id", "trace_id", "detail", "before", "after", "id",
)  # fmt: skip


async def begin(db: Database, by: Principal, wanted: Filter, form: str) -> dict[str, str]:
    """Put on record that the record is taken along; the headers of the file. Needs audit:read."""
    by.require(READ)
    if form not in get_args(Format):
        raise Invalid(f"There is no format {form!r}.", cure="Use jsonl or csv.")
    told = {name: value for name, value in msgspec.to_builtins(wanted).items() if value is not None}
    async with db.transaction(by.org_id) as tx:
        await record(tx, by, "audit.exported", "audit", {"format": form, "filter": told})
    name = f"audit-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{form}"
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}


async def write(db: Database, by: Principal, wanted: Filter, form: str) -> AsyncIterator[str]:
    """The file, chunk by chunk. Each is a transaction of its own, so that a slow reader holds nothing."""
    after = None
    first = True
    while first or after:
        async with db.transaction(by.org_id) as tx:
            found = await store.page(tx, wanted, after=after, limit=CHUNK)
            records = await personal.opened(tx, found)
        yield _csv(records, first=first) if form == "csv" else jsonl(records)
        after = (found[-1].at, found[-1].id) if len(found) == CHUNK else None
        first = False


def jsonl(records: Sequence[Record]) -> str:
    """One record a line."""
    return "".join(msgspec.json.encode(each).decode() + "\n" for each in records)


def _csv(records: Sequence[Record], *, first: bool) -> str:
    text = io.StringIO()
    table = csv.writer(text)
    if first:
        table.writerow(COLUMNS)
    table.writerows([[field(getattr(each, column)) for column in COLUMNS] for each in records])
    return text.getvalue()


def field(given: Any) -> str:
    """A field that no spreadsheet takes for a formula."""
    if given is None or given == "":
        return ""
    if isinstance(given, datetime):
        return given.isoformat().replace("+00:00", "Z")
    if isinstance(given, int):
        return str(given)
    text = msgspec.json.encode(given).decode() if isinstance(given, dict | list) else str(given)
    return f"'{text}" if text.startswith(FORMULA) else text
