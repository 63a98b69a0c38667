"""Giving records their place: gap-free numbers and hashes, by one process for each organization at a time."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from uuid import UUID

from basefly.base.db.lease import Lease, fence
from basefly.base.db.pool import Database
from basefly.core.audit.chain import store
from basefly.core.audit.chain.store import GENESIS, TAG, Link, Waiting

BATCH = 5000  # records to a transaction
TOPIC = "audit/records"


async def advance(db: Database, org_id: UUID, lease: Lease, *, batch: int = BATCH) -> int:
    """Link the oldest records that wait; how many. Raises LeaseLost when another process has taken over."""
    async with db.transaction(org_id) as tx:
        await fence(tx, lease)
        waiting = await store.get_waiting(tx, batch)
        if not waiting:
            return 0
        last = await store.get_last(tx) or Link(seq=0, hash=GENESIS)
        hashes = await asyncio.to_thread(links, last, waiting)
        await store.insert_links(tx, waiting, last.seq + 1, hashes)
        await tx.notify(TOPIC)
    return len(waiting)


def links(last: Link, records: Sequence[Waiting]) -> list[bytes]:
    """The hashes of records that follow a link."""
    made, before = [], last.hash
    for seq, record in enumerate(records, last.seq + 1):
        before = hashlib.sha256(b"".join((TAG, seq.to_bytes(8, "big"), record.content, before))).digest()
        made.append(before)
    return made
