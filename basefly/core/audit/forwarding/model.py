"""What a stream is, and the rules of its address."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from basefly.base.errors import FieldError, Invalid

Kind = Literal["webhook", "syslog"]
_SCHEMES: dict[Kind, tuple[str, ...]] = {"webhook": ("https", "http"), "syslog": ("tls", "tcp")}


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """Where records go. `cursor` is the last link that arrived; `dead_at`: it failed for a day and stands still."""

    id: UUID
    name: str
    kind: Kind
    address: str
    cursor: int
    behind: int
    failures: int
    error: str
    delivered_at: datetime | None
    dead_at: datetime | None
    created_at: datetime


class NewStream(msgspec.Struct, frozen=True, kw_only=True):
    """A stream just made. `secret` signs what a webhook gets, and is shown this once."""

    stream: Stream
    secret: str


def name(text: str) -> str:
    """A stream's name, tidied. Raises Invalid."""
    tidy = " ".join(text.split())
    if not tidy or len(tidy) > 100 or not tidy.isprintable():
        raise _wrong("/name", "A name has 1 to 100 printable characters.", "Say where the records go.")
    return tidy


def address(kind: Kind, text: str) -> str:
    """An address of this kind. Raises Invalid; whether it may be dialed is seen when it is."""
    schemes = _SCHEMES[kind]
    like = f"{schemes[0]}://audit.example.com" + (":6514" if kind == "syslog" else "/basefly")
    cure = f"Give one like {like}."
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError as error:
        raise _wrong("/address", "The address cannot be read.", cure) from error
    if parts.scheme not in schemes or not parts.hostname or not text.strip().isprintable() or len(text) > 2000:
        raise _wrong(
            "/address",
            "The address of a webhook begins with https:// or http://."
            if kind == "webhook"
            else "The address of a syslog server begins with tls:// or tcp://.",
            cure,
        )
    if parts.username or parts.password or parts.fragment:
        raise _wrong("/address", "An address carries no user, password or fragment.", cure)
    if kind == "syslog" and port is None:
        raise _wrong("/address", "The address of a syslog server has a port.", cure)
    return text.strip()


def _wrong(pointer: str, detail: str, cure: str) -> Invalid:
    return Invalid(detail, errors=(FieldError(pointer, detail),), cure=cure)
