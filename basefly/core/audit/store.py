"""The queries of records, of the keys of people in them, and of what an organization wants of its audit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Json, Tx
from basefly.core.audit.model import Filter, Stored


class Subject(msgspec.Struct):
    """A person's sealed key; none when it is erased. `settled`: not just made by this very transaction."""

    wrapped: bytes | None
    settled: bool


class Settings(msgspec.Struct, frozen=True):
    """What an organization wants of its audit; without days, everything is kept."""

    retention_days: int | None = None
    trimmed_before: datetime | None = None


async def insert(tx: Tx, record: dict[str, Any]) -> None:
    """Add a record to the organization of `tx`; the sequencer will find it."""
    await tx.execute(
        """with added as (
               insert into audit_records
                   (org_id, id, act, object, outcome, actor_id, actor_kind, on_behalf_of, request_id, trace_id,
                    detail, before, after, personal)
               values (%(org_id)s, %(id)s, %(act)s, %(object)s, %(outcome)s, %(actor_id)s, %(actor_kind)s,
                       %(on_behalf_of)s, %(request_id)s, %(trace_id)s, %(detail)s, %(before)s, %(after)s, %(personal)s)
               returning org_id, at, id)
           insert into audit_pending (org_id, at, record_id) select org_id, at, id from added""",
        {**record, "org_id": tx.org_id, **{part: _json(record[part]) for part in ("before", "after")}},
    )


# The names of who acted and of whom it was done to, as they are today: erasing changes them there. The latter
# is told of members only: whoever asks for a stranger's id leaves a record of it, and must not learn a name by that.
_SELECT = """
    select r.id, r.at, r.act, r.object, r.outcome, r.actor_id, r.actor_kind,
           coalesce(nullif(u.name, ''), u.email, '') as actor,
           coalesce(nullif(s.name, ''), s.email, '') as subject, r.on_behalf_of, r.request_id, r.trace_id, r.address,
           r.detail, r.before, r.after, r.personal, c.seq
    from {source} r
    left join audit_chain c on (c.org_id, c.record_at, c.record_id) = (r.org_id, r.at, r.id)
    left join users u on u.id = r.actor_id
    left join members m on m.org_id = r.org_id and m.user_id = substring(
        coalesce(r.detail ->> 'subject', r.object)
        from '^(?:users|members)/([0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}})$')::uuid
    left join users s on s.id = m.user_id"""
_FOUND = """(
        select * from audit_records r
         where org_id = %(org_id)s
           and (%(act)s::text is null or act = %(act)s or starts_with(act, %(act)s || '.'))
           and (%(object)s::text is null or object = %(object)s or starts_with(object, %(object)s || '/'))
           and (%(actor)s::uuid is null or actor_id = %(actor)s)
           and (%(outcome)s::text is null or outcome = %(outcome)s)
           and (%(since)s::timestamptz is null or at >= %(since)s)
           and (%(until)s::timestamptz is null or at < %(until)s)
           and (%(at)s::timestamptz is null or (at, id) < (%(at)s, %(id)s::uuid))
         order by at desc, id desc
         limit %(limit)s)"""


async def page(tx: Tx, wanted: Filter, *, after: tuple[datetime, UUID] | None, limit: int) -> list[Stored]:
    """Records of the organization of `tx`, newest first, beginning after the key of the last one shown."""
    at, id_ = after or (None, None)
    values = {**msgspec.structs.asdict(wanted), "org_id": tx.org_id, "at": at, "id": id_, "limit": limit}
    query = f"{_SELECT.format(source=_FOUND)} order by r.at desc, r.id desc"
    return await tx.all(Stored, query, values)


async def get(tx: Tx, record_id: UUID) -> Stored | None:
    """One record."""
    query = f"{_SELECT.format(source='audit_records')} where r.org_id = %s and r.id = %s"
    return await tx.one(Stored, query, [tx.org_id, record_id])


async def get_range(tx: Tx, after: int, limit: int) -> list[Stored]:
    """Chained records in the order of the chain, beginning after a link; what retention took is left out."""
    query = f"""{_SELECT.format(source="audit_records")}
        where c.org_id = %s and r.org_id = c.org_id and c.seq > %s and c.seq <= %s order by c.seq"""
    return await tx.all(Stored, query.replace("left join audit_chain", "join audit_chain"),
                        [tx.org_id, after, after + limit])  # fmt: skip


async def get_latest(tx: Tx, acts: Sequence[str], objects: Sequence[str]) -> list[Stored]:
    """The latest record of these acts on each of these objects."""
    source = """(
        select distinct on (object) * from audit_records
         where org_id = %(org_id)s and object = any(%(objects)s) and act = any(%(acts)s)
         order by object, at desc, id desc)"""
    values = {"org_id": tx.org_id, "objects": list(objects), "acts": list(acts)}
    return await tx.all(Stored, _SELECT.format(source=source), values)


async def get_acts(tx: Tx) -> list[str]:
    """Every act that the latest records have, for whoever looks for one."""
    query = """select distinct act from (
        select act from audit_records where org_id = %s order by at desc limit 5000) latest order by act"""
    return await tx.all(str, query, [tx.org_id])


async def get_subject(tx: Tx, subject: UUID) -> Subject | None:
    """A person's sealed key."""
    query = """select wrapped, created_at < now() as settled from audit_subjects
        where org_id = %s and subject_id = %s"""
    return await tx.one(Subject, query, [tx.org_id, subject])


async def insert_subject(tx: Tx, subject: UUID, wrapped: bytes) -> None:
    """Keep a person's key, unless another process was faster."""
    query = """insert into audit_subjects (org_id, subject_id, wrapped) values (%s, %s, %s)
        on conflict (org_id, subject_id) do nothing"""
    await tx.execute(query, [tx.org_id, subject, wrapped])


async def erase_subject(tx: Tx, subject: UUID) -> None:
    """Take a person's key away, and let none be made again."""
    query = """insert into audit_subjects (org_id, subject_id, erased_at) values (%s, %s, now())
        on conflict (org_id, subject_id) do update set wrapped = null, erased_at = now()
        where audit_subjects.erased_at is null"""
    await tx.execute(query, [tx.org_id, subject])


async def get_settings(tx: Tx) -> Settings:
    """What the organization wants of its audit."""
    query = "select retention_days, trimmed_before from audit_settings where org_id = %s"
    return await tx.one(Settings, query, [tx.org_id]) or Settings()


async def upsert_retention(tx: Tx, days: int | None) -> None:
    """Keep records for so many days; None keeps them all."""
    query = """insert into audit_settings (org_id, retention_days) values (%s, %s)
        on conflict (org_id) do update set retention_days = excluded.retention_days"""
    await tx.execute(query, [tx.org_id, days])


def _json(value: Any) -> Json | None:
    return None if value is None else Json(value)
