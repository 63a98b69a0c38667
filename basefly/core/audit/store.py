"""Every query of the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.core.audit.model import Filter, Record


async def insert(tx: Tx, record: dict[str, Any]) -> None:
    """Add a record to the organization of `tx`."""
    await tx.execute(
        """insert into audit_records
                  (org_id, act, object, outcome, actor_id, actor_kind, request_id, trace_id, address, detail)
           values (%(org_id)s, %(act)s, %(object)s, %(outcome)s, %(actor_id)s, %(actor_kind)s, %(request_id)s,
                   %(trace_id)s, %(address)s, %(detail)s)""",
        {**record, "org_id": tx.org_id},
    )


async def page(tx: Tx, wanted: Filter, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Record]:
    """Records of the organization of `tx`, newest first, beginning after the key of the last one shown."""
    at, id_ = after or (None, None)
    return await tx.all(
        Record,
        """select id, at, act, object, outcome, actor_id, actor_kind, request_id, trace_id, address, detail
             from audit_records
            where org_id = %(org_id)s
              and (%(act)s::text is null or act = %(act)s or starts_with(act, %(act)s || '.'))
              and (%(object)s::text is null or object = %(object)s or starts_with(object, %(object)s || '/'))
              and (%(actor)s::uuid is null or actor_id = %(actor)s)
              and (%(outcome)s::text is null or outcome = %(outcome)s)
              and (%(since)s::timestamptz is null or at >= %(since)s)
              and (%(until)s::timestamptz is null or at < %(until)s)
              and (%(at)s::timestamptz is null or (at, id) < (%(at)s, %(id)s::uuid))
            order by at desc, id desc
            limit %(limit)s""",
        {
            "org_id": tx.org_id,
            "act": wanted.act,
            "object": wanted.object,
            "actor": wanted.actor,
            "outcome": wanted.outcome,
            "since": wanted.since,
            "until": wanted.until,
            "at": at,
            "id": id_,
            "limit": limit,
        },
    )
