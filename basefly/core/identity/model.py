"""People and what lets them in; the rules of passwords and secrets."""

from __future__ import annotations

import base64
import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from basefly.base.errors import FieldError, Invalid
from basefly.base.secret import Secret
from basefly.core.identity import guessing
from basefly.core.identity.agents import device

TOKEN_PREFIX = "basefly_"  # noqa: S105  # how our tokens begin, so that scanners find leaked ones
SHORTEST, LONGEST = 12, 200  # characters of a password
PENDING_LIFE = timedelta(minutes=5)  # how long a sign-in waits for its second factor
UNKNOWN = UUID(int=0)  # for secrets that are given before anyone is known
LINK_LIFE = timedelta(hours=1)  # of a mailed link, from its sending on
_NO_ADDRESS = frozenset('@,;:<>()[]"\\')  # what makes several addresses of one, or something else altogether
_RANDOM = 32  # bytes


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person. `home_org_id` is the organization that they enter on signing in."""

    id: UUID
    home_org_id: UUID
    email: str
    name: str


class Visitor(User, frozen=True, kw_only=True):
    """Who asks for something, with how they like the pages; None until they said so.

    `proved_at` and `factors`: when and by what they last proved themselves; None for a token. A token may be limited
    to some permissions and clusters; None limits nothing.
    """

    preferences: dict[str, Any] | None
    proved_at: datetime | None
    factors: tuple[str, ...]
    permissions: list[str] | None = None
    clusters: list[UUID] | None = None
    machine: bool = False


class Account(User, frozen=True, kw_only=True):
    """A person as signing in needs them. No password, no sign-in with one."""

    password_hash: str | None


class Pending(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that waits for its second factor."""

    id: UUID
    user_id: UUID
    proved: tuple[str, ...]


Purpose = Literal["reset", "verification"]


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link to set a password anew, or to show that an address is one's own."""

    id: UUID
    user_id: UUID
    email: str


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail on its way: what it is about, and `words` to make it of."""

    id: UUID
    kind: str
    recipient: str
    words: dict[str, str]
    attempts: int
    created_at: datetime


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in of one browser. `current` is the one that asks."""

    id: UUID
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    address: str
    agent: str
    factors: tuple[str, ...] = ()
    current: bool = False

    @property
    def device(self) -> str:
        """The browser and its system in words."""
        return device(self.agent)


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """An API token; `expires_at` None never ends by itself. It may be limited to some permissions and clusters."""

    id: UUID
    name: str
    created_at: datetime
    used_at: datetime | None
    expires_at: datetime | None
    used_address: str = ""
    permissions: list[str] | None = None
    clusters: list[UUID] | None = None
    machine: bool = False
    ends_soon: bool = False  # within a week: whatever uses it needs another one


class NewToken(Token, frozen=True, kw_only=True):
    """A token just made: `token` is shown this once and never again."""

    token: str


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session to be: whose, how long, by what they proved themselves; `id` is that of the sign-in that waited."""

    user_id: UUID
    lifetime: timedelta
    proved: tuple[str, ...]
    id: UUID | None = None


class Origin(msgspec.Struct, frozen=True):
    """Where a sign-in comes from: the client's address and what its browser calls itself."""

    address: str
    agent: str


def mint(org_id: UUID) -> Secret:
    """A new secret of 256 random bits that names its organization, so that it is looked up within that one only."""
    return Secret(base64.urlsafe_b64encode(org_id.bytes + secrets.token_bytes(_RANDOM)).decode())


def organization_of(secret: str) -> UUID | None:
    """The organization that a secret names; None when it is none of ours."""
    try:
        raw = base64.b64decode(secret, b"-_", validate=True)
    except ValueError:
        return None
    return UUID(bytes=raw[:16]) if len(raw) == 16 + _RANDOM else None


def fingerprint(secret: str) -> bytes:
    """What we keep of a secret: its SHA-256."""
    return hashlib.sha256(secret.encode()).digest()


def normalized(email: str) -> str:
    """An e-mail address as we compare it."""
    return email.strip().lower()


def check_password(password: str, *, email: str = "", name: str = "") -> None:
    """Raise Invalid for a password that is too short, or among the first that anyone would try.

    Length is what counts (NIST SP 800-63B, 5.1.1.2): no rules of composition, nothing cut off.
    """
    if len(password) < SHORTEST:
        _refuse(f"The password needs at least {SHORTEST} characters; a few words make a good one.")
    if len(password) > LONGEST:
        _refuse(f"The password may have {LONGEST} characters at most.")
    if guessing.easy(password, own=[email, *email.split("@"), name, *name.split()]):
        _refuse("This password is among the first that anyone would try.")


def check_name(name: str) -> str:
    """A person's name without the space around it; raises Invalid for none, one too long, or unreadable."""
    plain = name.strip()
    if not plain or len(plain) > 200 or not plain.isprintable():
        detail = "A name has 1 to 200 characters that can be read."
        raise Invalid(detail, errors=(FieldError("/name", detail),), cure="Enter your name.")
    return plain


def check_email(email: str) -> None:
    """Raise Invalid for what cannot be an address; whether it is one only a mail to it can tell."""
    name, at, domain = email.rpartition("@")
    odd = any(letter in _NO_ADDRESS or letter.isspace() or not letter.isprintable() for letter in name + domain)
    if not (at and name and domain) or odd or len(email) > 254:
        raise Invalid(
            "This is not an e-mail address.", errors=(FieldError("/email", "Write it like mia@example.com."),)
        )


def _refuse(detail: str) -> None:
    raise Invalid(detail, errors=(FieldError("/password", detail),))
