"""The way of an answer to its asker: lines of watches and bodies of other answers, altered, held back or cut."""

from __future__ import annotations

import asyncio
import gzip
import re

from aiohttp import web

from basefly.sim.faults.active import Faults
from basefly.sim.faults.effects import OF_BYTES, OF_OBJECTS, Effect, Fault
from basefly.sim.faults.objects import spoil, spoil_one
from basefly.sim.requests import Target

_CUTS = (Effect.HALF_OPEN, Effect.TRUNCATED, Effect.SPLIT)
_WIDE = re.compile(rb"[\xc2-\xf4][\x80-\xbf]")
_BOOKMARK, _DELETED = b'{"type":"BOOKMARK"', b'{"type":"DELETED"'
_END = b'"k8s.io/initial-events-end":"true"'
_PIECE = 3
_POLL = 0.05
_GATHER = 0.1
"""Seconds in which events gather that are then told in reverse."""


async def pass_on(
    faults: Faults, request: web.BaseRequest, target: Target, answer: web.StreamResponse
) -> web.StreamResponse:
    """An answer that is no stream, as the faults that it meets leave it."""
    if not faults.active or not isinstance(answer, web.Response) or not isinstance(answer.body, bytes):
        return answer
    body: bytes = answer.body
    if answer.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
        del answer.headers["Content-Encoding"]
    is_object = target.resource and answer.content_type == "application/json"
    if is_object and (fault := faults.first(target, OF_OBJECTS)):
        body = spoil_one(body, fault)
    answer.body = body
    judged: dict[Fault, bool] = {}
    if not faults.felt(target, OF_BYTES, judged):
        return answer
    stream = web.StreamResponse(status=answer.status, headers=answer.headers)
    stream.headers.pop("Content-Length", None)
    await stream.prepare(request)
    await Wire(faults, request, target, stream, judged).send(body)
    await stream.write_eof()
    return stream


class Wire:
    """Where an answer is written to: faults may be switched on and off while it is."""

    def __init__(
        self,
        faults: Faults,
        request: web.BaseRequest,
        target: Target,
        response: web.StreamResponse,
        judged: dict[Fault, bool] | None = None,
    ) -> None:
        self._faults, self._request, self._target, self._response = faults, request, target, response
        self._judged = {} if judged is None else judged
        self._passed: dict[Fault, int] = {}

    async def tell(self, lines: bytes) -> None:
        """Write lines of a watch."""
        if not self._faults.active:
            await self._response.write(lines)
            return
        while self._faults.felt(self._target, (Effect.STALLED,), self._judged):  # noqa: ASYNC110  # time may end it, too
            await asyncio.sleep(_POLL)
        told = [again for line in lines.splitlines(keepends=True) for again in self._line(line)]
        if reordered := self._faults.felt(self._target, (Effect.REORDERED,), {}):
            told = _reordered(told, reordered[Effect.REORDERED].window)
        if told:
            await self.send(b"".join(told))
        if reordered:
            await asyncio.sleep(_GATHER)

    def _line(self, line: bytes) -> list[bytes]:
        """What is told in the place of an event."""
        strikes = self._faults.strikes
        if line.startswith(_BOOKMARK):
            lost = strikes(Effect.NO_END if _END in line else Effect.NO_BOOKMARKS, self._target)
            return [] if lost else [line]
        if line.startswith(_DELETED) and strikes(Effect.MISSED_DELETES, self._target):
            return []
        if fault := self._faults.first(self._target, OF_OBJECTS):
            head, member, rest = line.partition(b'"object":')
            line = head + member + spoil(rest[:-2], fault) + b"}\n"
        return [line, line] if strikes(Effect.DUPLICATE, self._target) else [line]

    async def send(self, data: bytes) -> None:
        """Write bytes."""
        felt = self._faults.felt(self._target, OF_BYTES, self._judged)
        for fault in (felt[effect] for effect in _CUTS if effect in felt):
            passed = self._passed.get(fault, 0)
            self._passed[fault] = passed + len(data)
            if fault.after is None or passed + len(data) > fault.after:
                data, at = _cut(data, fault, passed)
                await self._write(data[:at], felt)
                await self._break(fault)
        await self._write(data, felt)

    async def _write(self, data: bytes, felt: dict[Effect, Fault]) -> None:
        pieces, trickle = felt.get(Effect.PIECES), felt.get(Effect.TRICKLE)
        if not pieces and not trickle:
            await self._response.write(data)
            return
        start, rate = 0, trickle.rate if trickle else 1.0
        while start < len(data):
            size = pieces.chance.randint(1, pieces.size or _PIECE) if pieces else max(1, int(rate / 10))
            await self._response.write(data[start : start + size])
            await asyncio.sleep(size / rate if trickle else 0)
            start += size

    async def _break(self, fault: Fault) -> None:
        """What comes after the last byte."""
        if fault.effect is Effect.HALF_OPEN:
            await asyncio.Event().wait()
        if fault.clean:
            await self._response.write_eof()
        if self._request.transport is not None:
            self._request.transport.close()
        raise ConnectionResetError("cut by a fault")


def _cut(data: bytes, fault: Fault, passed: int) -> tuple[bytes, int]:
    """The bytes, and how many of them still pass: never whole lines, unless the connection is to stay open."""
    end = data.find(b"\n")
    at = (end if end >= 0 else len(data)) // 2 if fault.after is None else fault.after - passed
    if fault.effect is Effect.SPLIT:
        return _split(data, at)
    if fault.effect is Effect.TRUNCATED and (at == 0 or data[at - 1 : at] == b"\n"):
        at += 1
    return data, at


def _split(data: bytes, at: int) -> tuple[bytes, int]:
    """Cut in the next wide character; where there is none, in one put at the begin of the last string before."""
    if wide := _WIDE.search(data, at):
        return data, wide.start() + 1
    place = max(data.rfind(b'":"', 0, at) + 3, data.find(b'":"') + 3)
    return data[:place] + "é".encode() + data[place:], place + 1


def _reordered(lines: list[bytes], window: int) -> list[bytes]:
    starts = range(0, len(lines), window)
    return [line for start in starts for line in reversed(lines[start : start + window])]
