"""Personal fields of records, sealed with a key of each person, so that erasing a person leaves the record true.

What is sealed: where someone comes from, and names and addresses of people inside what a record tells. The hash of a
record covers the sealed text, which stays; the key goes.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec

from basefly.base.db.secrets import Box, Unreadable
from basefly.base.db.transaction import Sealer, Tx
from basefly.core.audit import store
from basefly.core.audit.model import Record, Stored

SEALED, ERASED = "§sealed", "erased"  # the mark of a field that was taken out, and what is shown once it cannot be read
HUB = UUID(int=0)  # whose key seals what is about nobody we know
KEPT = 30.0  # seconds that a key stays in memory: for as long after an erasure, new records may be born unreadable
MOST = 1000  # keys
_ACTORS = frozenset({"address", "agent", "user_agent"})
_PERSONAL = _ACTORS | {"email", "phone"}
_PEOPLE = ("members/", "users/", "invitations/")  # what is called name there is a person's
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

_KEYS: WeakKeyDictionary[Sealer, dict[tuple[UUID, UUID], tuple[Box, float]]] = WeakKeyDictionary()


class Told:
    """What a record tells, with personal fields taken out and sorted by person."""

    def __init__(self, object_: str, actor: UUID | None, about: UUID | None) -> None:
        found = _UUID.search(object_)
        self._actor = actor or HUB
        self._about = about or (UUID(found[0]) if found and object_.startswith(_PEOPLE) else self._actor)
        self._names = object_.startswith(_PEOPLE)
        self.people: dict[UUID, dict[str, str]] = {}

    def where(self, address: str) -> None:
        """Where the actor comes from."""
        if address:
            self.people.setdefault(self._actor, {})["address"] = address

    def without(self, part: str, value: Any) -> Any:
        """The part with marks where personal fields were."""
        return self._taken(part, value)

    def _taken(self, path: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._field(f"{path}/{key}", str(key), inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._taken(f"{path}/{place}", inner) for place, inner in enumerate(value)]
        return value

    def _field(self, path: str, key: str, value: Any) -> Any:
        if key not in _PERSONAL and not (key == "name" and self._names):
            return self._taken(path, value)
        if not isinstance(value, str) or not value:
            return value
        whose = self._actor if key in _ACTORS else self._about
        self.people.setdefault(whose, {})[path] = value
        return SEALED


async def sealed(tx: Tx, told: Told, record_id: UUID) -> dict[str, str]:
    """Each person's fields, sealed; nothing is kept of a person who was erased."""
    texts: dict[str, str] = {}
    for subject, fields in told.people.items():
        if box := await _box(tx, subject, make=True):
            text = box.seal(msgspec.json.encode(fields), _place(tx, subject, record_id))
            texts[str(subject)] = base64.b64encode(text).decode()
    return texts


async def opened(tx: Tx, records: Iterable[Stored]) -> list[Record]:
    """Records as those see them who may."""
    return [await _opened(tx, record) for record in records]


async def forget(tx: Tx, subject: UUID) -> None:
    """Destroy a person's key, for good."""
    await store.erase_subject(tx, subject)
    if tx.sealer is not None and tx.org_id is not None:
        _KEYS.get(tx.sealer, {}).pop((tx.org_id, subject), None)


async def _opened(tx: Tx, record: Stored) -> Record:
    fields: dict[str, str] = {}
    lost = False
    for subject, text in record.personal.items():
        found = await _read(tx, record.id, subject, text)
        lost = lost or found is None
        fields |= found or {}
    told = msgspec.structs.asdict(record)
    for part in ("detail", "before", "after"):
        told[part] = _put_back(part, told[part], fields)
    address = fields.get("address", "") or record.address or (ERASED if lost else "")
    del told["personal"]
    return Record(**{**told, "address": address, "erased": lost})


async def _read(tx: Tx, record_id: UUID, whose: str, text: str) -> dict[str, str] | None:
    """A person's fields; None when their key is gone, or somebody has been at the text: verifying tells which."""
    try:
        subject = UUID(whose)
        box = await _box(tx, subject, make=False)
        plain = box.open(base64.b64decode(text), _place(tx, subject, record_id)) if box else b"null"
        return msgspec.json.decode(plain, type=dict[str, str] | None)
    except (Unreadable, ValueError, msgspec.DecodeError):
        return None


def _put_back(path: str, value: Any, fields: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _put_back(f"{path}/{key}", inner, fields) for key, inner in value.items()}
    if isinstance(value, list):
        return [_put_back(f"{path}/{place}", inner, fields) for place, inner in enumerate(value)]
    return fields.get(path, ERASED) if value == SEALED else value


async def _box(tx: Tx, subject: UUID, *, make: bool) -> Box | None:
    """What seals this person's fields; None when their key is gone, or was never made."""
    if tx.sealer is None or tx.org_id is None:
        raise RuntimeError("personal fields are sealed by the vault of a house, for an organization")
    kept = _KEYS.setdefault(tx.sealer, {})
    held = kept.get((tx.org_id, subject))
    if held and time.monotonic() - held[1] < KEPT:
        return held[0]
    kept.pop((tx.org_id, subject), None)
    found = await store.get_subject(tx, subject)
    if found is None and make:
        wrapped = await tx.sealer.seal(tx, Box.new_key(), purpose=_purpose(subject))
        await store.insert_subject(tx, subject, wrapped)
        found = await store.get_subject(tx, subject)
    if found is None or found.wrapped is None:
        return None
    box = Box(await tx.sealer.open(tx, found.wrapped, purpose=_purpose(subject)))
    if found.settled:
        if len(kept) >= MOST:
            kept.clear()
        kept[(tx.org_id, subject)] = (box, time.monotonic())
    return box


def _purpose(subject: UUID) -> str:
    return f"audit_subjects/wrapped/{subject}"


def _place(tx: Tx, subject: UUID, record_id: UUID) -> bytes:
    assert tx.org_id is not None, "_box has seen to it"  # noqa: S101  # for the type checker
    return b"basefly audit personal\0" + tx.org_id.bytes + subject.bytes + record_id.bytes
