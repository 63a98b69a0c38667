"""Tokens that can do little: part of what their owner may, over some clusters, checked when they are made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from basefly.base.db.failures import Duplicate
from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, Denied, FieldError, Invalid, NotFound
from basefly.base.principal import Principal
from basefly.base.secret import Secret
from basefly.core.audit.actions import record
from basefly.core.identity import model, store
from basefly.core.identity.model import NewToken

MOST = 200  # clusters or permissions that one token names


class Limits(msgspec.Struct, frozen=True):
    """What a token may at most: these permissions, over these clusters; None is all that its owner has."""

    permissions: Sequence[str] | None = None
    clusters: Sequence[UUID] | None = None


class Wish(msgspec.Struct, frozen=True):
    """How a token shall be."""

    name: str
    expires_in_days: int | None
    limits: Limits = Limits()


async def create(tx: Tx, by: Principal, wish: Wish) -> NewToken:
    """A token of one's own, with no more than one holds. A token cannot make tokens."""
    for permission in wish.limits.permissions or ():
        by.require(permission)
    return await create_for(tx, by, by.user_id, wish)


async def create_for(tx: Tx, by: Principal, user_id: UUID, wish: Wish) -> NewToken:
    """A token of a member. Whoever calls this has checked the permissions that it names."""
    if by.kind != "session":
        raise Denied("A token cannot make tokens.", cure="Sign in with your password for this.")
    _check(by, wish.limits)
    secret = Secret(model.TOKEN_PREFIX + model.mint(by.org_id).reveal())
    days = wish.expires_in_days
    try:
        token = await store.insert_token(
            tx,
            user_id,
            name=wish.name.strip(),
            secret_hash=model.fingerprint(secret.reveal()),
            expires_at=datetime.now(UTC) + timedelta(days=days) if days else None,
            limits=(wish.limits.permissions, wish.limits.clusters),
        )
    except Duplicate as error:
        raise Conflict(f"There is a token named {wish.name.strip()} already.", cure="Take another name.") from error
    if token is None:
        raise NotFound("The token was not made.")
    of = None if user_id == by.user_id else f"service-accounts/{user_id}"
    told = {"name": token.name, "permissions": token.permissions, "clusters": token.clusters, "of": of}
    detail = {name: value for name, value in told.items() if value is not None}
    await record(tx, by, "token.created", f"tokens/{token.id}", detail)
    return NewToken(**msgspec.structs.asdict(token), token=secret.reveal())


def _check(by: Principal, limits: Limits) -> None:
    """Raise Invalid for limits that are none, or name a cluster that the maker does not see."""
    for name, given in (("permissions", limits.permissions), ("clusters", limits.clusters)):
        if given is not None and not 1 <= len(given) <= MOST:
            detail = f"Name 1 to {MOST} {name}, or leave them out for all."
            raise Invalid(detail, errors=(FieldError(f"/{name}", detail),))
    scope = by.scope("clusters:read")
    for cluster in limits.clusters or ():
        if not scope.sees(cluster):
            detail = f"There is no cluster {cluster} that you see."
            raise Invalid(detail, errors=(FieldError("/clusters", detail),))
