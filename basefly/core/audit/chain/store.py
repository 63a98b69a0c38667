"""The queries of the chain. What is hashed is put together by PostgreSQL, for the sequencer and for verifying alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Json, Tx
from basefly.core.audit.model import Finding, Head, Verdict

TAG = b"basefly-audit-v1"
GENESIS = bytes(32)  # what the first link follows


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link of the chain."""

    seq: int
    hash: bytes


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A record without a link, and what of it is hashed, but for its place."""

    at: datetime
    id: UUID
    content: bytes


class Suspect(msgspec.Struct, frozen=True, kw_only=True):
    """A link that is not as it should be: its record is gone, differs, or does not follow."""

    seq: int
    before: int
    at: datetime
    id: UUID
    lost: bool
    differs: bool


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """Part of the chain, verified: how many links, the last of them, and those that are suspect."""

    links: int
    seq: int
    hash: bytes
    suspects: list[Suspect]


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What was signed: up to this link the chain was this, at that time."""

    seq: int
    hash: bytes
    at: datetime
    trimmed_before: datetime | None
    key: bytes
    signature: bytes


def _text(column: str) -> str:
    """A text, behind its length in bytes (4, big-endian); ff ff ff ff stands for null."""
    return f"coalesce(int4send(octet_length({column})) || convert_to({column}, 'UTF8'), '\\xffffffff'::bytea)"


def _fixed(sent: str, size: int) -> str:
    return f"coalesce('\\x{size:08x}'::bytea || {sent}, '\\xffffffff'::bytea)"


# docs/operations/audit.md writes this down; whoever changes it makes version 2 and keeps this one.
CONTENT = " || ".join(
    (
        _fixed("uuid_send(r.org_id)", 16),
        _fixed("uuid_send(r.id)", 16),
        _fixed("timestamptz_send(r.at)", 8),
        _text("r.act"),
        _text("r.object"),
        _text("r.outcome"),
        _fixed("uuid_send(r.actor_id)", 16),
        _text("r.actor_kind"),
        _fixed("uuid_send(r.on_behalf_of)", 16),
        _text("r.request_id"),
        _text("r.trace_id"),
        _text("r.address"),
        _text("r.detail::text"),
        _text("r.before::text"),
        _text("r.after::text"),
        _text("r.personal::text"),
    )
)
_EXPECTED = f"sha256('{TAG.decode()}'::bytea || int8send(c.seq) || {CONTENT} || {{prev}})"


async def get_organizations(tx: Tx) -> list[UUID]:
    """Every organization: each has a chain."""
    return await tx.all(UUID, "select id from organizations where deleted_at is null order by created_at")


async def get_waiting(tx: Tx, limit: int) -> list[Waiting]:
    """The oldest records without a link."""
    query = f"""
        select r.at, r.id, {CONTENT} as content
        from (select at, record_id from audit_pending where org_id = %(org)s order by at, record_id limit %(limit)s) p
        join audit_records r on r.org_id = %(org)s and r.at = p.at and r.id = p.record_id
        order by r.at, r.id"""  # noqa: S608  # made of constants
    return await tx.all(Waiting, query, {"org": tx.org_id, "limit": limit})


async def get_last(tx: Tx) -> Link | None:
    """The last link."""
    return await tx.one(
        Link, "select seq, hash from audit_chain where org_id = %s order by seq desc limit 1", [tx.org_id]
    )


async def get_link(tx: Tx, seq: int) -> Link | None:
    """The link at a place."""
    return await tx.one(Link, "select seq, hash from audit_chain where org_id = %s and seq = %s", [tx.org_id, seq])


async def get_links(tx: Tx, seqs: Sequence[int]) -> dict[int, bytes]:
    """The hashes at some places."""
    query = "select seq, hash from audit_chain where org_id = %s and seq = any(%s::bigint[])"
    return {link.seq: link.hash for link in await tx.all(Link, query, [tx.org_id, list(seqs)])}


async def get_first(tx: Tx) -> int | None:
    """The place of the first link."""
    return await tx.one(int, "select seq from audit_chain where org_id = %s order by seq limit 1", [tx.org_id])


async def get_next(tx: Tx, at: datetime) -> datetime | None:
    """When the first record is, from a time on."""
    query = "select at from audit_records where org_id = %s and at >= %s order by at limit 1"
    return await tx.one(datetime, query, [tx.org_id, at])


async def insert_links(tx: Tx, records: Sequence[Waiting], first: int, hashes: Sequence[bytes]) -> None:
    """Append links, and take their records off the list of those that wait."""
    columns = [[record.at for record in records], [record.id for record in records]]
    await tx.execute(
        """insert into audit_chain (org_id, seq, record_at, record_id, hash)
           select %s, %s + n - 1, at, id, hash
           from unnest(%s::timestamptz[], %s::uuid[], %s::bytea[]) with ordinality as u (at, id, hash, n)""",
        [tx.org_id, first, *columns, list(hashes)],
    )
    await tx.execute(
        """delete from audit_pending p using unnest(%s::timestamptz[], %s::uuid[]) as u (at, id)
           where p.org_id = %s and p.at = u.at and p.record_id = u.id""",
        [*columns, tx.org_id],
    )


async def get_head(tx: Tx) -> Head:
    """Where the chain ends, and what waits for it."""
    found = await tx.one(
        Head,
        """select coalesce(l.seq, 0) as seq, l.at, coalesce(encode(l.hash, 'hex'), '') as hash, w.pending,
                  coalesce(extract(epoch from clock_timestamp() - w.oldest)::float, 0) as lag,
                  coalesce(k.seq, 0) as checkpoint_seq, k.at as checkpoint_at
           from (select count(*) as pending, min(at) as oldest from (
                     select at from audit_pending where org_id = %(org)s order by at limit 100000) first) w
           left join (select seq, at, hash from audit_chain where org_id = %(org)s order by seq desc limit 1) l on true
           left join (select seq, at from audit_checkpoints where org_id = %(org)s order by at desc limit 1) k on true
        """,
        {"org": tx.org_id},
    )
    assert found is not None, "a query over an aggregate has one row"  # noqa: S101  # for the type checker
    return found


async def verify(tx: Tx, after: Link, limit: int) -> Stretch:
    """Hash the next records anew and compare them with their links, in PostgreSQL: only what is wrong comes back."""
    query = f"""
        with stretch as materialized (
            select seq, record_at, record_id, hash, lag(hash, 1, %(hash)s) over (order by seq) as prev,
                   lag(seq, 1, %(seq)s) over (order by seq) as before
            from audit_chain where org_id = %(org)s and seq > %(seq)s order by seq limit %(limit)s
        ), judged as (
            select c.seq, c.before, c.record_at as at, c.record_id as id, r.id is null as lost,
                   c.hash is distinct from {_EXPECTED.format(prev="c.prev")} as differs
            from stretch c left join audit_records r
                 on r.org_id = %(org)s and r.at = c.record_at and r.id = c.record_id
        )
        select s.links, s.seq, s.hash, coalesce((
                   select jsonb_agg(j order by j.seq) from (
                       select * from judged where lost or differs or before <> seq - 1 order by seq limit 1000) j
               ), '[]') as suspects
        from (select count(*) as links, coalesce(max(seq), %(seq)s) as seq,
                     coalesce((array_agg(hash order by seq desc))[1], %(hash)s) as hash from stretch) s"""  # noqa: S608  # made of constants
    values = {"org": tx.org_id, "seq": after.seq, "hash": after.hash, "limit": limit}
    found = await tx.one(Stretch, query, values)
    assert found is not None, "a query over an aggregate has one row"  # noqa: S101  # for the type checker
    return found


class Span(msgspec.Struct, frozen=True):
    """From the first record to the last."""

    first: datetime | None
    last: datetime | None
    now: datetime


class Stray(msgspec.Struct, frozen=True):
    """A record that no link knows, though none waits for it."""

    at: datetime
    id: UUID


async def get_span(tx: Tx) -> Span:
    """When the records begin and end."""
    query = """select (select at from audit_records where org_id = %(org)s order by at limit 1) as first,
        (select at from audit_records where org_id = %(org)s order by at desc limit 1) as last, now() as now"""
    found = await tx.one(Span, query, {"org": tx.org_id})
    assert found is not None, "a query without from has one row"  # noqa: S101  # for the type checker
    return found


async def get_strays(tx: Tx, since: datetime, until: datetime, limit: int) -> list[Stray]:
    """Records of a time that have no link and wait for none: somebody has put them there past the hub."""
    query = """
        select r.at, r.id from audit_records r
        where r.org_id = %(org)s and r.at >= %(since)s and r.at < %(until)s
          and not exists (select from audit_chain c where c.org_id = %(org)s and c.record_at = r.at
                          and c.record_id = r.id and c.record_at >= %(since)s and c.record_at < %(until)s)
          and not exists (select from audit_pending p where p.org_id = %(org)s and p.at = r.at and p.record_id = r.id)
        order by r.at limit %(limit)s"""
    return await tx.all(Stray, query, {"org": tx.org_id, "since": since, "until": until, "limit": limit})


async def get_late(tx: Tx, wait: timedelta) -> list[Stray]:
    """Records that have waited for their link longer than they should."""
    query = """select at, record_id as id from audit_pending where org_id = %s and at < clock_timestamp() - %s
        order by at limit 100"""
    return await tx.all(Stray, query, [tx.org_id, wait])


async def get_last_checkpoint(tx: Tx) -> Checkpoint | None:
    """The latest of what was signed."""
    query = f"{_CHECKPOINTS} order by at desc limit 1"
    return await tx.one(Checkpoint, query, [tx.org_id])


async def get_checkpoints(tx: Tx) -> list[Checkpoint]:
    """All that was signed, oldest first."""
    return await tx.all(Checkpoint, f"{_CHECKPOINTS} order by at", [tx.org_id])


async def insert_checkpoint(tx: Tx, made: Checkpoint) -> None:
    """Keep what was signed."""
    await tx.execute(
        """insert into audit_checkpoints (org_id, at, seq, hash, trimmed_before, key, signature)
           values (%s, %s, %s, %s, %s, %s, %s)""",
        [tx.org_id, made.at, made.seq, made.hash, made.trimmed_before, made.key, made.signature],
    )


_CHECKPOINTS = "select seq, hash, at, trimmed_before, key, signature from audit_checkpoints where org_id = %s"


async def get_floor(tx: Tx, cutoff: datetime) -> Link | None:
    """The last link before everything that is at `cutoff` or younger; None when that is the beginning."""
    query = """select seq, hash from audit_chain where org_id = %(org)s and seq = (
        select min(seq) - 1 from audit_chain where org_id = %(org)s and record_at >= %(cutoff)s)"""
    return await tx.one(Link, query, {"org": tx.org_id, "cutoff": cutoff})


async def make_room(tx: Tx) -> int:
    """Make what is missing of the months of the next two years; how many were made."""
    query = """select count(*) filter (where audit_month(now() + n * interval '1 month'))
        from generate_series(0, 24) as n"""
    return int(await tx.value(query))


async def trim(tx: Tx, cutoff: datetime) -> int:
    """Take the whole months before `cutoff` away; how many records."""
    await tx.execute("set local statement_timeout = '20min'")  # a month may be long
    return int(await tx.value("select audit_trim(%s)", [cutoff]))


async def drop_months(tx: Tx, cutoff: datetime) -> int:
    """Drop months that hold nothing of anybody; how many."""
    return int(await tx.value("select audit_drop_months(%s)", [cutoff]))


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What verifying last found, as kept."""

    at: datetime
    ok: bool
    records: int
    last: int
    proved: int
    seconds: float
    findings: list[Finding]


async def get_verdict(tx: Tx) -> Found | None:
    """What verifying last found."""
    query = "select at, ok, records, last, proved, seconds, findings from audit_verdicts where org_id = %s"
    return await tx.one(Found, query, [tx.org_id])


async def upsert_verdict(tx: Tx, verdict: Verdict) -> None:
    """Keep what verifying found."""
    await tx.execute(
        """insert into audit_verdicts (org_id, at, ok, records, last, proved, seconds, findings)
           values (%s, now(), %s, %s, %s, %s, %s, %s)
           on conflict (org_id) do update
           set at = excluded.at, ok = excluded.ok, records = excluded.records, last = excluded.last,
               proved = excluded.proved, seconds = excluded.seconds, findings = excluded.findings""",
        [
            tx.org_id, verdict.ok, verdict.records, verdict.last, verdict.proved, verdict.seconds,
            Json(msgspec.to_builtins(verdict.findings)),
        ],
    )  # fmt: skip
