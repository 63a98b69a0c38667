"""What is signed about a chain, and kept outside the database: whoever rewrites the database cannot rewrite that."""

from __future__ import annotations

import asyncio
import base64
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import msgspec

from basefly.base import keys
from basefly.base.db.pool import Database
from basefly.base.db.transaction import Tx
from basefly.base.keys import Signer
from basefly.base.settings import Settings
from basefly.core.audit.chain import store
from basefly.core.audit.chain.store import Checkpoint, Link


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of audit/ORG.jsonl. What is signed is this line without `key` and `signature`, in this order."""

    org: UUID
    seq: int
    hash: str
    at: datetime
    trimmed_before: datetime | None = None
    key: str = ""
    signature: str = ""


def message(org_id: UUID, seq: int, hash_: bytes, at: datetime, trimmed_before: datetime | None) -> bytes:
    """The bytes that are signed."""
    line = Line(org=org_id, seq=seq, hash=hash_.hex(), at=at, trimmed_before=trimmed_before)
    return b"basefly-audit-checkpoint-v1\n" + msgspec.json.encode(line)


def path(settings: Settings, org_id: UUID) -> Path:
    """Where an organization's checkpoints lie."""
    return settings.data_dir / "audit" / f"{org_id}.jsonl"


async def make(db: Database, settings: Settings, org_id: UUID) -> Checkpoint | None:
    """Sign the end of the chain, unless that was done; None when there is nothing new."""
    async with db.transaction(org_id) as tx:
        last, signed = await store.get_last(tx), await store.get_last_checkpoint(tx)
        if last is None or (signed is not None and signed.seq >= last.seq):
            return None
        return await sign(tx, settings, last)


async def sign(tx: Tx, settings: Settings, link: Link, trimmed_before: datetime | None = None) -> Checkpoint:
    """Sign one link. The line outside is written first: one more outside than inside hurts nobody."""
    assert tx.org_id is not None, "a chain belongs to an organization"  # noqa: S101  # for the type checker
    signer = await asyncio.to_thread(Signer.load, settings)  # each time, so that a rotation needs no restart
    now = datetime.now(UTC)
    signature = signer.sign(message(tx.org_id, link.seq, link.hash, now, trimmed_before))
    made = Checkpoint(
        seq=link.seq, hash=link.hash, at=now, trimmed_before=trimmed_before, key=signer.public, signature=signature
    )
    await asyncio.to_thread(keys.append, path(settings, tx.org_id), msgspec.json.encode(line(tx.org_id, made)))
    await store.insert_checkpoint(tx, made)
    return made


def line(org_id: UUID, made: Checkpoint) -> Line:
    """A checkpoint as it lies outside."""
    return Line(
        org=org_id,
        seq=made.seq,
        hash=made.hash.hex(),
        at=made.at,
        trimmed_before=made.trimmed_before,
        key=base64.b64encode(made.key).decode(),
        signature=base64.b64encode(made.signature).decode(),
    )


def read(file: Path) -> list[Checkpoint]:
    """The checkpoints of a file, in its order. Raises ValueError for a line that is none."""
    found = []
    for text in file.read_bytes().splitlines() if file.exists() else ():
        each = msgspec.json.decode(text, type=Line)
        found.append(
            Checkpoint(
                seq=each.seq,
                hash=bytes.fromhex(each.hash),
                at=each.at,
                trimmed_before=each.trimmed_before,
                key=base64.b64decode(each.key),
                signature=base64.b64decode(each.signature),
            )
        )
    return found


def genuine(org_id: UUID, made: Checkpoint) -> bool:
    """Whether its key signed it."""
    signed = message(org_id, made.seq, made.hash, made.at, made.trimmed_before)
    return keys.good(made.key, signed, made.signature)
