"""Grants as they count: permissions out of roles, clusters out of rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.principal import Grant
from basefly.base.runtime.house import House
from basefly.base.slice import Permissions
from basefly.core.access.model import ROLES, Held, Where, given_over, permissions_of
from basefly.core.access.rights.places import Places
from basefly.core.access.store import grants as store


async def of(house: House, tx: Tx, user_id: UUID) -> tuple[Grant, ...]:
    """All that a person holds at this moment."""
    return await built(house, tx, await store.held(tx, user_id))


async def built(house: House, tx: Tx, held: Sequence[Held]) -> tuple[Grant, ...]:
    """Grants as they count, one for each that is held, in their order."""
    chosen = await house.get(Places).choose(tx, (each.where for each in held))
    known = house.get(Permissions)
    return tuple(grant(each, known, chosen) for each in held)


def grant(held: Held, known: Iterable[str], chosen: Mapping[str, frozenset[UUID]]) -> Grant:
    """One grant as it counts. A rule that nobody could follow chooses nothing."""
    where = held.where
    return Grant(
        permissions=effective(held.role, held.permissions, where, known),
        clusters=_clusters(where, chosen),
        namespaces=None if where.namespaces is None else frozenset(where.namespaces),
        id=held.id,
        role=held.role_name,
        via=held.via,
        rule=where.rule,
        ends_at=held.expires_at,
    )


def effective(
    role: str | None, permissions: Iterable[str] | None, where: Where, known: Iterable[str]
) -> frozenset[str]:
    """What a role (of ours by its name, else by its permissions) gives over a place."""
    known = frozenset(known)
    given = permissions_of(role, known) if role in ROLES else frozenset(permissions or ()) & known
    return given_over(given, whole=where.whole)


def _clusters(where: Where, chosen: Mapping[str, frozenset[UUID]]) -> frozenset[UUID] | None:
    if where.clusters == "all":
        return None
    return chosen.get(where.rule, frozenset()) if where.rule else frozenset(where.cluster_ids or ())
