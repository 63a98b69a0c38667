"""Writes a session down as it goes on: in chunks, sealed. What cannot be written ends the session."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from uuid import UUID

import structlog

from basefly.base.errors import BaseflyError
from basefly.base.resilience.ending import end
from basefly.base.runtime.house import House
from basefly.core.terminals import store
from basefly.core.terminals.recording.lines import Event, Events

EVERY = 2.0  # s
BEAT = 60.0  # s of silence after which it is told that the session goes on
FULL = 128 * 1024  # bytes that wait at most before who brings more has to wait too

log = structlog.get_logger("basefly.terminals")


class NotRecorded(BaseflyError):
    """What goes on could not be written down, so it does not go on."""

    code, title = "not_recorded", "The session ended, for it could not be recorded"


class Recorder:
    """The witness of one session (gateway/proxy/witness)."""

    def __init__(self, house: House, org_id: UUID, recording_id: UUID, *, terminal: bool) -> None:
        self._house = house
        self._org_id = org_id
        self._id = recording_id
        self._events = Events(terminal=terminal)
        self._begun = self._told = time.monotonic()
        self._seq = 0
        self._pending = 0
        self._size = (80, 24)
        self._code: int | None = None
        self._heard = self._failed = False
        self._writing = asyncio.Lock()
        self._keeping: asyncio.Task[None] | None = None

    async def typed(self, data: bytes) -> None:
        """What goes in."""
        self._events.typed(self._at, data)
        await self._came(len(data))

    async def shown(self, data: bytes) -> None:
        """What comes out."""
        self._events.shown(self._at, data)
        await self._came(len(data))

    async def resized(self, columns: int, rows: int) -> None:
        """The terminal has another size."""
        self._size = columns, rows
        self._events.add(self._at, "r", f"{columns}x{rows}")
        await self._came(0)

    async def ended(self, code: int | None, why: str) -> None:
        """How the command ended."""
        self._code = code
        if code is None:
            self._events.add(self._at, "m", why[:500])
        await self._came(0)

    async def close(self) -> None:
        """Write the rest. A session that never was, for its shell is not there, leaves no recording."""
        if self._keeping:
            await end(self._keeping)
        if self._heard or self._code is not None:
            await self._write(last=True)
        else:
            async with self._house.db.transaction(self._org_id) as tx:
                await store.delete(tx, [self._id])

    @property
    def _at(self) -> float:
        return round(time.monotonic() - self._begun, 6)

    async def _came(self, size: int) -> None:
        if self._failed:
            raise NotRecorded("What is done there could not be written down.", cure="Open a new shell in a while.")
        self._keeping = self._keeping or asyncio.create_task(self._keep(), name="recording")
        self._pending += size
        self._heard = self._heard or size > 0
        if self._pending > FULL:
            await self._write()

    async def _keep(self) -> None:
        while not self._failed:
            await asyncio.sleep(EVERY)
            await self._write()

    async def _write(self, *, last: bool = False) -> None:
        async with self._writing:
            self._pending = 0
            try:
                await self._chunk(self._events.ready(self._at, all_=last), last=last)
            except Exception:  # whatever it is, nothing more may go on unwritten
                log.exception("a session could not be recorded", recording=str(self._id))
                self._failed = True

    async def _chunk(self, events: list[Event], *, last: bool) -> None:
        if not events and not last and time.monotonic() - self._told < BEAT:
            return
        self._told = time.monotonic()
        told = {"bytes": self._events.bytes, "seconds": self._at, "exit_code": self._code, "ended": last}
        width, height = self._size
        async with self._house.db.transaction(self._org_id) as tx:
            if events:
                text = "".join(f"{json.dumps([e.at, e.kind, e.text], ensure_ascii=False)}\n" for e in events)
                sealed = await self._house.vault.seal(
                    tx, zlib.compress(text.encode()), purpose=purpose(self._id, self._seq)
                )
                await store.append(tx, self._id, self._seq, sealed)
            await store.update(tx, self._id, {**told, "width": width, "height": height})
        self._seq += bool(events)


def purpose(recording_id: UUID, seq: int) -> str:
    """The place of a chunk, which its seal is bound to."""
    return f"terminal_chunks/sealed/{recording_id}/{seq}"
