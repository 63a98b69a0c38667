"""Credentials for a cluster's API: a person's own tokens, and short-lived ones that end with what they came from."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from basefly.base.db.secrets import Unreadable
from basefly.base.db.transaction import Tx
from basefly.base.errors import Unauthenticated
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.access.actions import credential, principal_of
from basefly.core.access.impersonated import GROUPS
from basefly.core.access.model import Credential
from basefly.core.access.narrowing import narrowed
from basefly.core.identity.model import TOKEN_PREFIX

PREFIX = TOKEN_PREFIX + "kube_"
LIFETIME = timedelta(minutes=15)

_PURPOSE = "gateway/credential"
_ID = 16  # bytes of an organization's id


class Minted(msgspec.Struct, frozen=True):
    """A short-lived credential, shown this once."""

    token: str
    expires_at: datetime


class Caller(msgspec.Struct, frozen=True):
    """Whoever calls; `cluster` is the only one that their credential opens, None where it names none."""

    by: Principal
    cluster: UUID | None = None


class _Kept(msgspec.Struct, array_like=True):
    kind: str
    fingerprint: bytes
    expires_at: datetime
    cluster: UUID | None = None


async def mint(house: House, tx: Tx, source: Credential, cluster: UUID | None = None) -> Minted:
    """A credential that is good for the gateway alone, as long as its source is, and at most for LIFETIME.

    It opens one cluster, or all that its source opens. Nothing of it is stored: it is what it says, sealed.
    """
    expires_at = datetime.now(UTC) + LIFETIME
    plain = msgspec.msgpack.encode(_Kept(source.kind, source.fingerprint, expires_at, cluster))
    sealed = await house.vault.seal(tx, plain, purpose=_PURPOSE)
    text = base64.urlsafe_b64encode(source.org_id.bytes + sealed).decode()
    return Minted(PREFIX + text, expires_at)


async def caller(house: House, secret: str, *, begun: bool = False) -> Caller:
    """Whose secret this is, with what of their grants concerns clusters. Raises Unauthenticated.

    `begun`: for what is open already. It goes on until what the secret came from ends, and is no new use of it.
    """
    cluster = None
    if secret.startswith(PREFIX):
        source, cluster = await _opened(house, secret, begun=begun)
    else:
        source = credential(secret, "token")
    by = await principal_of(house, source, touch=not begun)
    grants = narrowed(by.grants, tuple(GROUPS), [cluster] if cluster else None)
    return Caller(msgspec.structs.replace(by, grants=grants), cluster)


async def _opened(house: House, secret: str, *, begun: bool) -> tuple[Credential, UUID | None]:
    try:
        raw = base64.b64decode(secret.removeprefix(PREFIX), b"-_", validate=True)
        org_id = UUID(bytes=raw[:_ID])
        async with house.db.transaction(org_id) as tx:
            plain = await house.vault.open(tx, raw[_ID:], purpose=_PURPOSE)
        kept = msgspec.msgpack.decode(plain, type=_Kept)
    except (ValueError, Unreadable, msgspec.DecodeError) as error:
        raise _refused() from error
    if kept.expires_at <= datetime.now(UTC) and not begun:
        raise _refused()
    return Credential(org_id, kept.kind, kept.fingerprint), kept.cluster


def _refused() -> Unauthenticated:
    return Unauthenticated("This credential is not valid (any more).", cure="Sign in again: basefly login.")
