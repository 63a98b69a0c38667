"""The queries of streams."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.core.audit.forwarding.model import Kind, Stream

GIVE_UP = timedelta(hours=24)
_SELECT = """
    select id, name, kind, address, cursor,
           greatest(0, cursor, (select max(seq) from audit_chain c where c.org_id = s.org_id)) - cursor as behind,
           failures, error, delivered_at, dead_at, created_at
    from audit_streams s where org_id = %(org)s and deleted_at is null"""


async def page(tx: Tx) -> list[Stream]:
    """Every stream, by name."""
    return await tx.all(Stream, f"{_SELECT} order by lower(name), id", {"org": tx.org_id})


async def get(tx: Tx, stream_id: UUID) -> Stream | None:
    """One stream."""
    return await tx.one(Stream, f"{_SELECT} and id = %(id)s", {"org": tx.org_id, "id": stream_id})


async def get_due(tx: Tx) -> list[Stream]:
    """Streams that have something to send, and whose time has come."""
    query = f"{_SELECT} and dead_at is null and due_at <= clock_timestamp()"
    return [each for each in await tx.all(Stream, query, {"org": tx.org_id}) if each.behind]


async def get_secret(tx: Tx, stream_id: UUID) -> bytes | None:
    """The sealed secret of a stream."""
    query = "select secret from audit_streams where org_id = %s and id = %s"
    sealed: bytes | None = await tx.value(query, [tx.org_id, stream_id])
    return sealed


async def insert(tx: Tx, stream_id: UUID, name: str, kind: Kind, address: str, *, secret: bytes | None) -> bool:
    """Add a stream of what comes from now on; False when one of that name is there."""
    query = """insert into audit_streams (org_id, id, name, kind, address, secret, cursor)
        values (%(org)s, %(id)s, %(name)s, %(kind)s, %(address)s, %(secret)s, coalesce((
            select seq from audit_chain where org_id = %(org)s order by seq desc limit 1), 0))
        on conflict (org_id, lower(name)) where deleted_at is null do nothing"""
    values = {"org": tx.org_id, "id": stream_id, "name": name, "kind": kind, "address": address, "secret": secret}
    return await tx.execute(query, values) == 1


async def delete(tx: Tx, stream_id: UUID) -> None:
    """End a stream; its secret goes at once."""
    query = "update audit_streams set deleted_at = now(), secret = null where org_id = %s and id = %s"
    await tx.execute(query, [tx.org_id, stream_id])


async def resume(tx: Tx, stream_id: UUID) -> None:
    """Let a stream go on from where it stands."""
    query = """update audit_streams set dead_at = null, failures = 0, failing_since = null, due_at = now(), error = ''
        where org_id = %s and id = %s"""
    await tx.execute(query, [tx.org_id, stream_id])


async def note_arrival(tx: Tx, stream_id: UUID, cursor: int) -> None:
    """Everything up to a link has arrived."""
    query = """update audit_streams set cursor = %s, failures = 0, failing_since = null, error = '',
        delivered_at = now() where org_id = %s and id = %s and cursor < %s"""
    await tx.execute(query, [cursor, tx.org_id, stream_id, cursor])


async def note_failure(tx: Tx, stream_id: UUID, error: str, pause: timedelta) -> bool:
    """It did not arrive; True when that has been so for a day, and the stream now stands still."""
    query = """update audit_streams set failures = failures + 1, error = %(error)s,
            failing_since = coalesce(failing_since, now()), due_at = now() + %(pause)s,
            dead_at = case when failing_since < now() - %(give_up)s then now() end
        where org_id = %(org)s and id = %(id)s returning dead_at is not null"""
    values = {"org": tx.org_id, "id": stream_id, "error": error, "pause": pause, "give_up": GIVE_UP}
    return bool(await tx.value(query, values))
