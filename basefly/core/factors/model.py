"""What someone may prove themselves with, and the rules of it."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

CODES = 10  # recovery codes at once
CHALLENGE_LIFE = timedelta(minutes=5)
PASSKEYS = 20  # of one person
STRONG = frozenset({"totp", "passkey", "recovery", "mfa"})  # more than a password; mfa: at the company's provider
COMPANY = "sso"  # what is proved by the word of the company's provider

Purpose = Literal["sign_in", "registration", "proof"]

_GROUP = 4  # letters of a recovery code that are read at once
_CODE_BYTES = 15  # 120 random bits, 24 letters


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """What a person has set up. Recovery codes stand in for a factor, and are none by themselves."""

    totp: bool
    passkeys: int
    recovery_codes: int

    @property
    def any(self) -> bool:
        """Whether a sign-in with a password must be completed by something else."""
        return self.totp or self.passkeys > 0

    @property
    def ways(self) -> tuple[str, ...]:
        """What may complete a sign-in, the most convenient first."""
        offered = (("passkey", self.passkeys > 0), ("totp", self.totp), ("recovery", self.recovery_codes > 0))
        return tuple(way for way, there in offered if there) if self.any else ()


class Totp(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticator app that has proved itself."""

    created_at: datetime
    used_at: datetime | None


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticator app as it is kept: its sealed secret, and the last step whose code was taken."""

    sealed: bytes
    last_step: int


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    """A passkey of a person. `synced`: its maker keeps a copy, so that it survives its device."""

    id: UUID
    name: str
    synced: bool
    created_at: datetime
    used_at: datetime | None


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A passkey as it is kept: whose it is, and what verifies its signatures."""

    id: UUID
    user_id: UUID
    public_key: bytes
    sign_count: int


class NewTotp(msgspec.Struct, frozen=True, kw_only=True):
    """The secret of an authenticator app, shown while it is set up: as text, address and picture."""

    secret: str
    uri: str
    qr: str


def strong(factors: Collection[str]) -> bool:
    """Whether more than a password was proved."""
    return not STRONG.isdisjoint(factors)


def handle(org_id: UUID, user_id: UUID) -> bytes:
    """What a passkey names its owner by: random ids, from which the organization is found."""
    return org_id.bytes + user_id.bytes


def owner(handle_: bytes) -> tuple[UUID, UUID] | None:
    """The organization and the person of a passkey's handle; None when it is none of ours."""
    return (UUID(bytes=handle_[:16]), UUID(bytes=handle_[16:])) if len(handle_) == 32 else None


def recovery_code() -> str:
    """A new recovery code, in groups that are easily copied: abcd-efgh-…"""
    letters = base64.b32encode(secrets.token_bytes(_CODE_BYTES)).decode().lower()
    return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))


def fingerprint(code: str) -> bytes:
    """What we keep of a recovery code, however it was typed."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    return hashlib.sha256(b"basefly recovery code\0" + plain.encode()).digest()


def digits(code: str) -> str:
    """A code of an authenticator app as it was meant: people type a space in its middle."""
    return "".join(code.split())


def fresh(steps: Sequence[int], last: int) -> int | None:
    """The newest of the steps that a code fits which is later than the last one taken; None when there is none."""
    return max((step for step in steps if step > last), default=None)
