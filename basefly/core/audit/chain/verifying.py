"""Verifying a chain: every record hashed anew, every link followed, and all of it held against what was signed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from basefly.base import keys
from basefly.base.db.pool import Database
from basefly.base.settings import Settings
from basefly.core.audit.chain import checkpoints, store
from basefly.core.audit.chain.store import GENESIS, Checkpoint, Link, Stretch, Suspect
from basefly.core.audit.model import Finding, Progress, Verdict

STRETCH = 20_000  # links to a statement
MOST = 100  # findings told
LATE = timedelta(seconds=60)
WINDOW = timedelta(days=1)  # of records that are searched for strays at once


async def verify(
    db: Database, settings: Settings, org_id: UUID, *, stretch: int = STRETCH
) -> AsyncIterator[Progress | Verdict]:
    """How far it is, now and then, and in the end what was found."""
    began = time.monotonic()
    work = _Work(db, settings, org_id, stretch)
    async for seq in work.run():
        yield Progress(seq=seq, of=work.end)
    yield work.verdict(time.monotonic() - began)


async def verdict(db: Database, settings: Settings, org_id: UUID) -> Verdict:
    """What verifying finds, for whoever does not watch."""
    async for told in verify(db, settings, org_id):
        if isinstance(told, Verdict):
            return told
    raise AssertionError("verifying ends with a verdict")


class _Work:
    def __init__(self, db: Database, settings: Settings, org_id: UUID, stretch: int) -> None:
        self._db, self._settings, self._org_id, self._size = db, settings, org_id, stretch
        self._findings: list[Finding] = []
        self._found = 0
        self._signed: list[Checkpoint] = []
        self._start = Link(seq=0, hash=GENESIS)
        self._trimmed: datetime | None = None
        self._at = self._start
        self._links = 0
        self.end = 0

    async def run(self) -> AsyncIterator[int]:
        """Verify; how far it is, after each stretch."""
        await self._read_signed()
        await self._begin()
        while True:
            async with self._db.transaction(self._org_id) as tx:
                judged = await store.verify(tx, self._at, self._size)
            if not judged.links:
                break
            self._judge(judged)
            self._at = Link(seq=judged.seq, hash=judged.hash)
            self._links += judged.links
            self.end = max(self.end, judged.seq)
            yield judged.seq
        await self._compare()
        await self._search()

    def verdict(self, seconds: float) -> Verdict:
        """What was found, the earliest place first."""
        found = sorted(self._findings, key=lambda each: (each.seq is None, each.seq or 0))
        wrong = [each.seq for each in found if each.seq is not None]
        return Verdict(
            ok=not found,
            records=self._links,
            first=self._start.seq + 1 if self._links else 0,
            last=self._at.seq,
            proved=min(self._at.seq, wrong[0] - 1) if wrong else self._at.seq,
            checkpoints=len(self._signed),
            seconds=round(seconds, 3),
            findings=found[:MOST],
        )

    def _tell(self, finding: Finding) -> None:
        self._found += 1
        if self._found <= MOST:
            self._findings.append(finding)

    async def _read_signed(self) -> None:
        """What was signed, from the file and the table; what no key of ours signed is a finding."""
        async with self._db.transaction(self._org_id) as tx:
            inside = await store.get_checkpoints(tx)
        file = checkpoints.path(self._settings, self._org_id)
        try:
            outside = await asyncio.to_thread(checkpoints.read, file)
        except ValueError:
            outside = []
            self._tell(_at(None, f"{file} holds a line that is no checkpoint."))
        ring = await asyncio.to_thread(keys.read_ring, keys.ring(self._settings))
        every = list({each.signature: _utc(each) for each in [*outside, *inside]}.values())
        for each in sorted(every, key=lambda one: one.at):
            vouched = ring.get(each.key, False)
            if vouched and await asyncio.to_thread(checkpoints.genuine, self._org_id, each):
                self._signed.append(each)
            else:
                self._tell(_at(each, "No key of ours signed this checkpoint."))

    async def _begin(self) -> None:
        """Where the chain begins: at its first link, or behind what retention took, if that was signed."""
        async with self._db.transaction(self._org_id) as tx:
            first, last = await store.get_first(tx), await store.get_last(tx)
        self.end = last.seq if last else 0
        taken = [each for each in self._signed if each.trimmed_before is not None]
        if first == 1 or not taken:
            return
        begin = next((each for each in taken if each.seq + 1 == first), taken[-1])
        self._start = self._at = Link(seq=begin.seq, hash=begin.hash)
        self._trimmed = begin.trimmed_before

    def _judge(self, judged: Stretch) -> None:
        for suspect in judged.suspects:
            for finding in self._told(suspect):
                self._tell(finding)

    def _told(self, suspect: Suspect) -> Iterator[Finding]:
        if suspect.before != suspect.seq - 1:
            gap = f"{suspect.before + 1} to {suspect.seq - 1}"
            yield Finding(
                fault="missing", seq=suspect.before + 1, at=suspect.at, record=None, detail=f"The links {gap} are gone."
            )
        if suspect.lost and not (self._trimmed and suspect.at < self._trimmed):
            detail = "The record of this link is gone."
            yield Finding(fault="missing", seq=suspect.seq, at=suspect.at, record=suspect.id, detail=detail)
        elif suspect.differs and not suspect.lost:
            detail = "The record, its place or its link is not what was written."
            yield Finding(fault="changed", seq=suspect.seq, at=suspect.at, record=suspect.id, detail=detail)

    async def _compare(self) -> None:
        """The chain beside what was signed about it: this finds one that was hashed anew from end to end."""
        wanted = [each for each in self._signed if each.seq >= max(self._start.seq, 1)]
        async with self._db.transaction(self._org_id) as tx:
            there = await store.get_links(tx, [each.seq for each in wanted])
        there[self._start.seq] = self._start.hash
        good = self._start.seq
        for each in sorted(wanted, key=lambda one: one.seq):
            if each.seq > self._at.seq:
                detail = f"The chain ends at {self._at.seq}, but up to {each.seq} was signed at {each.at.isoformat()}."
                self._tell(
                    Finding(fault="cut", seq=min(self._at.seq + 1, each.seq), at=each.at, record=None, detail=detail)
                )
                return
            if there.get(each.seq) != each.hash:
                detail = f"From {good + 1} to {each.seq}, the chain is not what was signed at {each.at.isoformat()}."
                self._tell(Finding(fault="changed", seq=good + 1, at=each.at, record=None, detail=detail))
                return
            good = each.seq

    async def _search(self) -> None:
        """Records that no link knows: put there past the hub, or waiting too long."""
        async with self._db.transaction(self._org_id) as tx:
            span = await store.get_span(tx)
            late = await store.get_late(tx, LATE)
        for each in late:
            detail = "The record has waited for its link for more than a minute: does the hub's sequencer run?"
            self._tell(Finding(fault="unchained", seq=None, at=each.at, record=each.id, detail=detail))
        since = span.first
        while since is not None and span.last is not None and since <= span.last:
            async with self._db.transaction(self._org_id) as tx:
                strays = await store.get_strays(tx, since, since + WINDOW, MOST)
                since = await store.get_next(tx, since + WINDOW)
            for each in strays:
                detail = "No link knows this record: it was not written by the hub."
                self._tell(Finding(fault="inserted", seq=None, at=each.at, record=each.id, detail=detail))


def _at(made: Checkpoint | None, detail: str) -> Finding:
    return Finding(
        fault="forged", seq=made.seq if made else None, at=made.at if made else None, record=None, detail=detail
    )


def _utc(made: Checkpoint) -> Checkpoint:
    """As it was signed: times in UTC."""
    trimmed = made.trimmed_before.astimezone(UTC) if made.trimmed_before else None
    return Checkpoint(
        seq=made.seq, hash=made.hash, at=made.at.astimezone(UTC), trimmed_before=trimmed, key=made.key,
        signature=made.signature,
    )  # fmt: skip
