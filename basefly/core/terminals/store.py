"""Every query of terminals: settings, recordings, and what is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.core.terminals.model import Recording, Settings

_SELECT = """
    select r.id, r.cluster_id, r.cluster_name, r.namespace, r.pod, r.container, r.user_id,
           coalesce(nullif(u.name, ''), u.email, '') as user, r.way, r.terminal, r.width, r.height, r.exit_code,
           r.bytes, r.seconds, r.started_at, r.told_at, r.ended_at
      from terminal_recordings r left join users u on u.id = r.user_id"""


async def get_settings(tx: Tx) -> Settings:
    """What the organization wants."""
    query = "select recorded, retention_days from terminal_settings where org_id = %s"
    return await tx.one(Settings, query, [tx.org_id]) or Settings()


async def upsert_settings(tx: Tx, settings: Settings) -> None:
    """Want something else from now on."""
    await tx.execute(
        """insert into terminal_settings (org_id, recorded, retention_days) values (%s, %s, %s)
           on conflict (org_id) do update set recorded = excluded.recorded, retention_days = excluded.retention_days""",
        [tx.org_id, settings.recorded, settings.retention_days],
    )


async def insert(tx: Tx, recording: Mapping[str, Any]) -> None:
    """A session that begins."""
    await tx.execute(
        """insert into terminal_recordings
               (org_id, id, cluster_id, cluster_name, namespace, pod, container, command, user_id, way, terminal)
           values (%(org_id)s, %(id)s, %(cluster_id)s, %(cluster_name)s, %(namespace)s, %(pod)s, %(container)s,
                   %(command)s, %(user_id)s, %(way)s, %(terminal)s)""",
        {**recording, "org_id": tx.org_id},
    )


async def append(tx: Tx, recording_id: UUID, seq: int, sealed: bytes) -> None:
    """What came next."""
    query = "insert into terminal_chunks (org_id, recording_id, seq, sealed) values (%s, %s, %s, %s)"
    await tx.execute(query, [tx.org_id, recording_id, seq, sealed])


async def update(tx: Tx, recording_id: UUID, told: Mapping[str, Any]) -> None:
    """How large and how long it is by now; `ended` says that nothing more comes."""
    await tx.execute(
        """update terminal_recordings
              set bytes = %(bytes)s, seconds = %(seconds)s, width = %(width)s, height = %(height)s,
                  exit_code = %(exit_code)s, told_at = now(), ended_at = case when %(ended)s then now() end
            where org_id = %(org_id)s and id = %(id)s""",
        {**told, "org_id": tx.org_id, "id": recording_id},
    )


async def page(tx: Tx, filters: Mapping[str, Any], *, after: Sequence[Any] | None, limit: int) -> list[Recording]:
    """Recordings that match, newest first, after one's key."""
    at, id_ = after or (None, None)
    return await tx.all(
        Recording,
        f"""{_SELECT} where r.org_id = %(org_id)s
                and (%(cluster)s::text is null or r.cluster_name = %(cluster)s or r.cluster_id::text = %(cluster)s)
                and (%(pod)s::text is null or starts_with(r.pod, %(pod)s))
                and (%(user)s::uuid is null or r.user_id = %(user)s)
                and (%(at)s::timestamptz is null or (r.started_at, r.id) < (%(at)s, %(id)s::uuid))
              order by r.started_at desc, r.id desc limit %(limit)s""",
        {**filters, "org_id": tx.org_id, "at": at, "id": id_, "limit": limit},
    )


async def get(tx: Tx, recording_id: UUID) -> Recording | None:
    """One recording."""
    return await tx.one(Recording, f"{_SELECT} where r.org_id = %s and r.id = %s", [tx.org_id, recording_id])


async def get_command(tx: Tx, recording_id: UUID) -> bytes:
    """The command that was run, sealed."""
    query = "select command from terminal_recordings where org_id = %s and id = %s"
    return bytes(await tx.value(query, [tx.org_id, recording_id]) or b"")


async def get_chunk(tx: Tx, recording_id: UUID, seq: int) -> bytes | None:
    """One part of what was typed and shown, sealed; None behind the last."""
    query = "select sealed from terminal_chunks where org_id = %s and recording_id = %s and seq = %s"
    found = await tx.value(query, [tx.org_id, recording_id, seq])
    return bytes(found) if found is not None else None


async def sweep(tx: Tx, before: datetime, *, limit: int) -> int:
    """Take recordings away that began before; how many."""
    parameters = {"org_id": tx.org_id, "before": before, "limit": limit}
    gone = await tx.all(
        UUID,
        """select id from terminal_recordings where org_id = %(org_id)s and started_at < %(before)s
            order by started_at limit %(limit)s""",
        parameters,
    )
    return await delete(tx, gone)


async def delete(tx: Tx, recordings: Sequence[UUID]) -> int:
    """Take recordings away, with what is in them; how many."""
    words = [tx.org_id, list(recordings)]
    await tx.execute("delete from terminal_chunks where org_id = %s and recording_id = any(%s)", words)
    return await tx.execute("delete from terminal_recordings where org_id = %s and id = any(%s)", words)
