"""What a sign-in yields: a token or a client certificate, and until when it holds."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import NamedTuple


class Granted(NamedTuple):
    """Proof of who one is. Only ever one of token and certificate is empty."""

    token: str = ""
    certificate: str = ""  # PEM
    key: str = ""  # PEM
    expires_at: datetime | None = None

    def __repr__(self) -> str:
        return f"Granted({'token' if self.token else 'certificate'}, expires_at={self.expires_at})"


def token_expiry(token: str) -> datetime | None:
    """When a JSON Web Token ends by its own claim (RFC 7519, 4.1.4); None for other tokens and for endless ones."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (binascii.Error, ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
        return None


def moment(text: object) -> datetime | None:
    """Read an RFC 3339 time; None when there is none or it is no time."""
    if not isinstance(text, str):
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)
