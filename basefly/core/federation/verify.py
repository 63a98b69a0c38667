"""Signed tokens of an issuer, verified: one family of algorithms, a key that the issuer publishes, and exact claims."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from hmac import compare_digest
from typing import Any

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from basefly.base.errors import Unauthenticated

SKEW = 60  # seconds that two clocks may differ
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
LONGEST = 16 * 1024  # characters of a token

# Only signatures with a key pair. A shared secret (HS256) or none would let whoever knows the public key sign.
ALGORITHMS = frozenset("RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split())
_FAMILY = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_HEADER = frozenset(
    {"alg", "kid", "typ", "cty", "x5t", "x5t#S256"}
)  # never jku, jwk, x5u, x5c, crit: keys come from the issuer


class Refused(Unauthenticated):
    """A token that is not good. The text says why; nothing of the token is in it."""


def header_of(token: str) -> Mapping[str, Any]:
    """The header of a compact JWS, not verified; for its key id. Raises Refused."""
    if len(token) > LONGEST or not token.isascii():
        raise Refused("The token is not readable.")
    try:
        header: dict[str, Any] = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError) as error:
        raise Refused("The token is not readable.") from error
    if strange := set(header) - _HEADER:
        raise Refused(f"The token's header has {', '.join(sorted(map(str, strange)))[:80]}, which is not taken.")
    if header.get("alg") not in ALGORITHMS:
        raise Refused("The token is signed with an algorithm that is not taken.")
    if not isinstance(header.get("kid", ""), str):
        raise Refused("The token's key id is no text.")
    return header


def claims(token: str, keys: KeySet, supported: Sequence[str]) -> dict[str, Any]:
    """The claims of a token that one of these keys signed. Raises Refused."""
    header = header_of(token)
    algorithm = str(header["alg"])
    if algorithm not in supported:
        raise Refused(f"The issuer does not sign with {algorithm}.")
    kid = header.get("kid")
    fitting = [
        key
        for key in keys.keys
        if key.key_type == _FAMILY[algorithm[:2]]
        and (kid is None or key.kid == kid)
        and key.as_dict().get("alg", algorithm) == algorithm
    ]
    if len(fitting) != 1:
        raise Refused("No key of the issuer fits the token's.")
    try:
        signed = jws.deserialize_compact(token, fitting[0], algorithms=[algorithm])
        found = msgspec.json.decode(signed.payload or b"")
    except (JoseError, ValueError) as error:
        raise Refused("The token's signature is not right.") from error
    if not isinstance(found, dict):
        raise Refused("The token says nothing.")
    return found


def check_id_token(
    told: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str, now: float | None = None
) -> None:
    """Raise Refused unless an ID token is for us, of this issuer, this sign-in and now (OpenID Connect, 3.1.3.7)."""
    _check(told, issuer=issuer, client_id=client_id, now=time.time() if now is None else now)
    given = told.get("nonce")
    if not isinstance(given, str) or not compare_digest(given.encode(), nonce.encode()):
        raise Refused("The ID token belongs to another sign-in (nonce).")
    if not isinstance(told.get("sub"), str) or not 0 < len(told["sub"]) <= 255:
        raise Refused("The ID token names nobody (sub).")


def check_logout_token(
    told: Mapping[str, Any], *, issuer: str, client_id: str, kind: str, now: float | None = None
) -> None:
    """Raise Refused unless it is a logout token for us, of now (OpenID Connect Back-Channel Logout 1.0, 2.6)."""
    _check(told, issuer=issuer, client_id=client_id, now=time.time() if now is None else now)
    if kind.lower().removeprefix("application/") not in ("logout+jwt", "jwt", ""):
        raise Refused("The logout token is of another type (typ).")
    events = told.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT), dict):
        raise Refused("The logout token tells of no sign-out (events).")
    if "nonce" in told:
        raise Refused("The logout token has a nonce, which only an ID token has.")
    if not isinstance(told.get("jti"), str) or not 0 < len(told["jti"]) <= 500:
        raise Refused("The logout token has no name of its own (jti).")
    if not any(isinstance(told.get(name), str) and told[name] for name in ("sub", "sid")):
        raise Refused("The logout token says neither who nor which session (sub, sid).")


def _check(told: Mapping[str, Any], *, issuer: str, client_id: str, now: float) -> None:
    if told.get("iss") != issuer:
        raise Refused("The token is of another issuer (iss).")
    audience = told.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []
    if client_id not in audiences:
        raise Refused("The token is for someone else (aud).")
    if (len(audiences) > 1 or "azp" in told) and told.get("azp") != client_id:
        raise Refused("The token was given to someone else (azp).")
    if now >= _moment(told, "exp") + SKEW:
        raise Refused("The token has expired (exp).")
    if _moment(told, "iat") > now + SKEW:
        raise Refused("The token is of a time to come (iat).")
    if "nbf" in told and _moment(told, "nbf") > now + SKEW:
        raise Refused("The token is not valid yet (nbf).")


def _moment(told: Mapping[str, Any], name: str) -> float:
    value = told.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refused(f"The token does not say {name}.")
    return float(value)


def check_recent(told: Mapping[str, Any], oldest: float, now: float | None = None) -> None:
    """Raise Refused for a token that was issued longer than so many seconds ago."""
    if (time.time() if now is None else now) - _moment(told, "iat") > oldest + SKEW:
        raise Refused("The token is too old (iat).")
