"""Codes of authenticator apps (RFC 6238): six digits, thirty seconds, one step of tolerance each way."""

from __future__ import annotations

from datetime import UTC, datetime
from hmac import compare_digest

import pyotp
import segno

from basefly.core.factors import model
from basefly.core.factors.model import NewTotp

PERIOD = 30  # seconds
TOLERANCE = 1  # steps that a clock may be off
DIGITS = 6
ISSUER = "Basefly"


def new() -> str:
    """A secret of 160 random bits, as apps take it."""
    return pyotp.random_base32(32)


def shown(secret: str, account: str) -> NewTotp:
    """The secret for setting up an app: as text in groups, as an address, and as a picture of it."""
    uri = pyotp.TOTP(secret, digits=DIGITS, interval=PERIOD).provisioning_uri(name=account, issuer_name=ISSUER)
    picture = segno.make_qr(uri, error="m").svg_inline(scale=4, border=4, dark="#000", light="#fff", omitsize=False)
    return NewTotp(secret=secret, uri=uri, qr=picture)


def step(secret: str, code: str, *, last: int, now: datetime | None = None) -> int | None:
    """The step whose code this is, later than `last`; None for a code that is wrong, too old, or was taken before."""
    plain = model.digits(code)
    if len(plain) != DIGITS or not (plain.isascii() and plain.isdecimal()):
        return None
    current = int((now or datetime.now(UTC)).timestamp()) // PERIOD
    counted = pyotp.HOTP(secret, digits=DIGITS)
    fitting = [
        each for each in range(current - TOLERANCE, current + TOLERANCE + 1) if compare_digest(counted.at(each), plain)
    ]
    return model.fresh(fitting, last)
