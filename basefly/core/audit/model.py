"""What a record says: who, what, when, from where, and how it came out; and what verifying the chain of them found."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, TypedDict
from uuid import UUID

import msgspec

Outcome = Literal["started", "done", "failed", "refused"]
OUTCOMES: tuple[Outcome, ...] = ("started", "done", "failed", "refused")
READ, WRITE = "audit:read", "audit:write"


class More(TypedDict, total=False):
    """What a record may say besides who did what to what.

    `before` and `after` are what a change changed; `on_behalf_of` is who really asked, where the actor acts for them;
    `about` is the person whom personal fields are about, where the object does not say.
    """

    outcome: Outcome
    before: Any
    after: Any
    on_behalf_of: UUID | None
    about: UUID | None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `object` is the path of what it was done to (`clusters/ID`); `actor_id` is None for the hub itself.

    `actor` and `subject` are names of people: who acted, and whom it was done to, if that is a person.
    """

    id: UUID
    at: datetime
    act: str
    object: str
    outcome: Outcome
    actor_id: UUID | None
    actor_kind: str
    actor: str
    subject: str
    on_behalf_of: UUID | None
    request_id: str
    trace_id: str
    address: str
    detail: dict[str, Any]
    before: Any
    after: Any


class Stored(Told, frozen=True, kw_only=True):
    """A record as it lies: personal fields are sealed, by person. `seq` is its place in the chain, once it has one."""

    personal: dict[str, str]
    seq: int | None


class Record(Told, frozen=True, kw_only=True):
    """A record as it is read. `erased`: someone's personal fields were in it, whose key is gone; they read "erased"."""

    erased: bool
    seq: int | None


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which records to show; what is not given does not narrow. `act` and `object` also match what lies under them."""

    act: str | None = None
    object: str | None = None
    actor: UUID | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Records, newest first. `next` is the cursor of the following page; empty at the end."""

    items: list[Record]
    next: str


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Where the chain ends: `seq` 0 before the first link. `pending` records wait, the oldest for `lag` s."""

    seq: int
    at: datetime | None
    hash: str
    pending: int
    lag: float
    checkpoint_seq: int
    checkpoint_at: datetime | None


Fault = Literal["changed", "missing", "inserted", "unchained", "forged", "cut"]


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it was written. `seq` and `at` say where, as closely as can be told."""

    fault: Fault
    seq: int | None
    at: datetime | None
    record: UUID | None
    detail: str


class Progress(msgspec.Struct, frozen=True, kw_only=True, tag="progress", tag_field="kind"):
    """How far verifying is."""

    seq: int
    of: int


class Verdict(msgspec.Struct, frozen=True, kw_only=True, tag="verdict", tag_field="kind"):
    """What verifying found. `proved` is the last link that follows from a first one, without a fault before it."""

    ok: bool
    records: int
    first: int
    last: int
    proved: int
    checkpoints: int
    seconds: float
    findings: list[Finding]
