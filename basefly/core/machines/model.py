"""Codes of devices, and service accounts; the rules of both."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

from basefly.base.errors import BaseflyError, FieldError, Invalid
from basefly.core.identity.agents import device

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"  # no vowels, so no words; nothing that looks like something else (RFC 8628, 6.1)
LENGTH = 8  # of 20 letters each: 34 bits, and a few tries
LIFETIME = timedelta(minutes=10)
PAUSE = 5  # seconds between two questions of a device, and how many more after each one too early
DAYS = 30  # how long the token of a device lasts

ServiceRole = Literal["admin", "operator", "viewer"]


class Pending(BaseflyError):
    """Nobody has decided yet."""

    code, status, title = "authorization_pending", 400, "Nobody has approved this device yet"


class TooFast(BaseflyError):
    """The device asks too often; `interval` is how many seconds it must wait from now on."""

    code, status, title = "slow_down", 400, "The device asks too often"


class Expired(BaseflyError):
    """The codes are too old, used, or were never given."""

    code, status, title = "expired_token", 400, "The code is not valid (any more)"


class NotApproved(BaseflyError):
    """Someone said no."""

    code, status, title = "access_denied", 400, "The sign-in was refused"


class Asking(msgspec.Struct, frozen=True, kw_only=True):
    """A device that asks to be signed in, as the one who decides sees it."""

    machine: str
    address: str
    agent: str
    created_at: datetime
    expires_at: datetime

    @property
    def program(self) -> str:
        """What asks, in words."""
        return device(self.agent)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A device's request, as its own question finds it. `early`: it asked sooner than it may."""

    machine: str
    pause: int
    early: bool
    refused: bool
    user_id: UUID | None
    home_org_id: UUID | None


class ServiceAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An organization's own member that is no person."""

    id: UUID
    name: str
    role: str
    created_at: datetime
    disabled_at: datetime | None
    tokens: int


def user_code() -> str:
    """A code to type: BCDF-GHJK."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{letters[:4]}-{letters[4:]}"


def normalized(code: str) -> str:
    """A code as someone typed it, without what does not count; "" for what cannot be one."""
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return plain if len(plain) == LENGTH and set(plain) <= set(ALPHABET) else ""


def machine(text: str) -> str:
    """What a device calls itself, fit to be shown and to name its token."""
    plain = "".join(letter for letter in text if letter.isprintable())
    return " ".join(plain.split())[:60] or "command line"


def name(text: str) -> str:
    """A service account's name. Raises Invalid."""
    tidy = " ".join(text.split())
    if not tidy or len(tidy) > 100 or not tidy.isprintable():
        detail = "A service account has a name of 1 to 100 printable characters."
        raise Invalid(detail, errors=(FieldError("/name", detail),), cure="Call it by what it does: CI, Prometheus.")
    return tidy
