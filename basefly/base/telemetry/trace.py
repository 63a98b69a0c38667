"""Which request this is, across programs: W3C Trace Context (level 1) and X-Request-ID, kept for every layer below."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import msgspec
import structlog

_PARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,128}")
_MEMBERS = 32  # list members of tracestate, W3C Trace Context 3.3.1.1


class Trace(msgspec.Struct, frozen=True):
    """One request on its way through programs: what came in, and our own span in it."""

    request_id: str
    trace_id: str
    span_id: str
    sampled: bool = False
    state: str = ""
    address: str = ""  # whose network asks

    @property
    def parent(self) -> str:
        """The `traceparent` header for whoever we ask on this request's behalf."""
        return f"00-{self.trace_id}-{self.span_id}-0{int(self.sampled)}"


_current: ContextVar[Trace | None] = ContextVar("trace", default=None)


def current() -> Trace | None:
    """The trace of the request in hand; None outside of one."""
    return _current.get()


def received(parent: str = "", state: str = "", request_id: str = "", *, address: str = "") -> Trace:
    """Our span in the trace that the headers name, or in a new one if they are missing or not valid."""
    found = _PARENT.fullmatch(parent.strip())
    wanted = request_id if _REQUEST_ID.fullmatch(request_id) else new_id()
    if not found or not _usable(*found.groups()):
        return Trace(wanted, secrets.token_hex(16), secrets.token_hex(8), address=address)
    return Trace(wanted, found[2], secrets.token_hex(8), bool(int(found[4], 16) & 1), _members(state), address)


@contextmanager
def entered(trace: Trace) -> Iterator[None]:
    """Everything inside belongs to this request: its log lines carry its ids."""
    token = _current.set(trace)
    try:
        with structlog.contextvars.bound_contextvars(request_id=trace.request_id, trace_id=trace.trace_id):
            yield
    finally:
        _current.reset(token)


def new_id() -> str:
    """A UUID version 7 (RFC 9562): sorts by time, in milliseconds."""
    value = (time.time_ns() // 1_000_000) << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62
    text = f"{value | secrets.randbits(62):032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _usable(version: str, trace_id: str, span_id: str, _flags: str, rest: str | None) -> bool:
    """Version ff is forbidden, version 00 ends after the flags, and all-zero ids mean nothing (section 3.2.2)."""
    return version != "ff" and not (version == "00" and rest) and bool(int(trace_id, 16) and int(span_id, 16))


def _members(state: str) -> str:
    members = [member.strip() for member in state.split(",") if member.strip()]
    return ",".join(members) if len(members) <= _MEMBERS and all("=" in member for member in members) else ""
