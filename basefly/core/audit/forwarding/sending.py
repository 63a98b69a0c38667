"""How records travel: signed JSON to a webhook, or lines of RFC 5424 to a syslog server. Raises Refused or OSError."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import re
import ssl
import time
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from basefly.base.http import Caller, dial
from basefly.base.resilience.deadlines import Deadlines
from basefly.core.audit.chain.checkpoints import Line
from basefly.core.audit.forwarding.model import Stream
from basefly.core.audit.model import Record

DEADLINES = Deadlines(idle=10.0, total=30.0)
_FACILITY = 13  # "log audit", RFC 5424 table 1
_NOTICE, _WARNING = 5, 4
_WORD = re.compile(r"[^\x21-\x7e]")


class Refused(Exception):
    """The receiver answered, and did not take it."""


class Batch(msgspec.Struct, frozen=True):
    """What a webhook gets: records in the order of the chain. `last` is the place to remember: what is not above the
    highest one seen has come before. `checkpoint` is what was signed last, for whoever keeps the proof elsewhere."""

    organization: UUID
    first: int
    last: int
    records: Sequence[Record]
    checkpoint: Line | None = None


async def send(stream: Stream, batch: Batch, *, secret: str, private: bool) -> None:
    """Send a batch; returns once it has arrived, as far as can be told."""
    if stream.kind == "webhook":
        await _post(stream, batch, secret=secret, private=private)
    else:
        await _syslog(stream, batch, private=private)


def signature(secret: str, body: bytes, at: int) -> str:
    """The header Basefly-Signature: when, and HMAC-SHA-256 over `time.body`: no copy works later."""
    made = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={made}"


def line(record: Record, host: str) -> bytes:
    """A record as one syslog message, behind its length (RFC 5424, framed as in RFC 6587 3.4.1)."""
    severity = _WARNING if record.outcome in ("failed", "refused") else _NOTICE
    at = record.at.isoformat().replace("+00:00", "Z")
    act = _WORD.sub("?", record.act)[:32]
    text = msgspec.json.encode(record).decode()
    message = f"<{_FACILITY * 8 + severity}>1 {at} {host} basefly - {act} - \ufeff{text}".encode()
    return b"%d %s" % (len(message), message)


async def _post(stream: Stream, batch: Batch, *, secret: str, private: bool) -> None:
    body = msgspec.json.encode(batch)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "basefly-audit",
        "Basefly-Delivery": f"{stream.id}/{batch.first}-{batch.last}",
        "Basefly-Signature": signature(secret, body, int(time.time())),
    }
    caller = Caller(private=private, deadlines=DEADLINES)
    try:
        answer = await caller.send(stream.address, body, headers)
    finally:
        await caller.close()
    if not 200 <= answer.status < 300:
        raise Refused(f"The webhook answered {answer.status}.")


async def _syslog(stream: Stream, batch: Batch, *, private: bool) -> None:
    parts = urlsplit(stream.address)
    assert parts.hostname, "the model has looked at the address"  # noqa: S101  # for the type checker
    tls = ssl.create_default_context() if parts.scheme == "tls" else None
    reader, writer = await dial(parts.hostname, parts.port or 6514, private=private, deadlines=DEADLINES, tls=tls)
    try:
        async with asyncio.timeout(DEADLINES.total):
            writer.writelines([line(record, "basefly") for record in batch.records])
            await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()
                with contextlib.suppress(TimeoutError):  # who closes has read everything; many never do
                    async with asyncio.timeout(1.0):
                        await reader.read(1)
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await writer.wait_closed()
