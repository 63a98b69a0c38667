"""Continue tokens, shaped as the real server's: the version of the first page and the key to go on from."""

from __future__ import annotations

import base64
import binascii

import msgspec

from basefly.sim.status import Refusal, bad_request, expired

_FORM = "meta.k8s.io/v1"


class Token(msgspec.Struct):
    """`rv` is -1 in a token that goes on at the newest version, given after an older one expired."""

    v: str
    rv: int
    start: str


def encode(version: int, last: str) -> str:
    """A token for what follows the key `last`."""
    raw = msgspec.json.encode(Token(_FORM, version, f"{last}\0"))
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> Token:
    """Read a token; `start` becomes the last key that was given."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        token = msgspec.json.decode(raw, type=Token)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise bad_request(f"invalid continue token: continue key is not valid: {error}") from None
    if token.v != _FORM:
        unknown = f'server does not recognize this encoded version "{token.v}"'
        raise bad_request(f"invalid continue token: continue key is not valid: {unknown}")
    token.start = token.start.rstrip("\0")
    return token


def outdated(token: Token) -> Refusal:
    """410 with a token that goes on from the same key at the newest version, for whoever accepts the gap."""
    refusal = expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list "
        "without the continue parameter, or use the continue token in this response to retrieve the remainder of the "
        "results. Continuing with the provided token results in an inconsistent list - objects that were created, "
        "modified, or deleted between the time the first chunk was returned and now may show up in the list."
    )
    refusal.metadata = {"continue": encode(-1, token.start)}
    return refusal
