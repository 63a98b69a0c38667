"""Give and revoke grants. No one gives more than they hold, or takes what they could not have given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, Denied, FieldError, Invalid, NotFound
from basefly.base.principal import Grant, Principal
from basefly.base.runtime.house import House
from basefly.base.slice import Permissions
from basefly.core.access import roles
from basefly.core.access import store as members
from basefly.core.access.model import READ, WRITE, Granted, Held, RoleInfo, Subject, Where
from basefly.core.access.rights import holdings
from basefly.core.access.rights.closure import lacks
from basefly.core.access.rights.places import Places
from basefly.core.access.store import grants as store
from basefly.core.access.store import teams
from basefly.core.audit.actions import record

EVERYWHERE = Where()


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A grant to be: who gets which role (by id or name), over what, until when, and why."""

    subject: Subject
    role: str
    where: Where = EVERYWHERE
    expires_at: datetime | None = None
    reason: str = ""


async def grants(tx: Tx, by: Principal, subject: Subject | None = None) -> list[Granted]:
    """Grants of the organization, or of one subject; needs access:read."""
    by.require(READ)
    return await store.page(tx, subject)


async def find(tx: Tx, by: Principal, grant_id: UUID) -> Granted:
    """One grant; needs access:read."""
    by.require(READ)
    found = await store.get(tx, grant_id)
    if found is None:
        raise NotFound("There is no such grant.")
    return found


async def grant(house: House, tx: Tx, by: Principal, wish: Wish) -> Granted:
    """Give a role. Needs access:write, and every permission of it over all of the place, for as long."""
    by.require(WRITE)
    await store.lock(tx)
    await _check_subject(tx, wish.subject)
    role = await may_still_give(house, tx, by, wish)
    return await give(tx, by, wish, role)


async def may_still_give(house: House, tx: Tx, by: Principal, wish: Wish) -> RoleInfo:
    """As `may_give`, by what they hold in this request and also now that the lock is taken: some may be gone since."""
    await may_give(house, tx, by.grants, wish)
    return await may_give(house, tx, await holdings.of(house, tx, by.user_id), wish)


async def may_give(house: House, tx: Tx, held: Iterable[Grant], wish: Wish) -> RoleInfo:
    """The role of a wish that someone with these grants may fulfil. Raises Denied with what they lack, or Invalid."""
    role = await roles.find(house, tx, wish.role)
    _check_end(wish.expires_at)
    check_place(house, wish.where, role)
    place = wish.where
    named = role.name if role.builtin else None
    to_be = Held(
        id=UUID(int=0),
        user_id=UUID(int=0),
        role=named,
        role_name=role.name,
        permissions=role.permissions,
        via="",
        expires_at=wish.expires_at,
        **{name: getattr(place, name) for name in Where.__struct_fields__},
    )
    chosen = await house.get(Places).choose(tx, [place])
    given = holdings.grant(to_be, house.get(Permissions), chosen)
    if not given.permissions:
        raise Invalid(f"Over a part of the organization {role.name} gives nothing.", cure="Give it over the whole.")
    deny(lacks(given, held), role.name)
    return role


async def give(tx: Tx, by: Principal | None, wish: Wish, role: RoleInfo) -> Granted:
    """Write a grant that was checked, and put it on record."""
    place = {name: getattr(wish.where, name) for name in Where.__struct_fields__}
    for name in ("cluster_ids", "namespaces"):
        place[name] = None if place[name] is None else sorted(set(place[name]))
    values = place | {
        "role": role.name if role.builtin else None,
        "role_id": None if role.builtin else role.id,
        "expires_at": wish.expires_at,
        "reason": wish.reason.strip(),
        "granted_by": by.user_id if by else None,
    }
    created = await store.insert(tx, wish.subject, values)
    found = await store.get(tx, created)
    if found is None:
        raise NotFound("The grant was not made.")
    await record(tx, by, "grant.created", f"grants/{created}", told(found))
    return found


async def revoke(house: House, tx: Tx, by: Principal, grant_id: UUID) -> None:
    """Take a grant away, with the next request and from open streams within seconds. One owner must remain."""
    by.require(WRITE)
    async with keeping_an_owner(tx):
        found = await find(tx, by, grant_id)
        await may_take(house, tx, by, [await _as_held(house, tx, found)])
        await take(tx, by, [found])


async def take(tx: Tx, by: Principal | None, found: Iterable[Granted], why: str = "") -> None:
    """Delete grants that one may take, each on record."""
    for each in found:
        await store.delete(tx, [each.id])
        detail = told(each) | ({"why": why} if why else {})
        await record(tx, by, "grant.revoked", f"grants/{each.id}", detail)


async def may_take(house: House, tx: Tx, by: Principal, held: Iterable[Held]) -> None:
    """Raise Denied unless one could have given these: an admin unmakes no owner."""
    for each in await holdings.built(house, tx, list(held)):
        deny(lacks(each, by.grants, lasting=False), each.role)


async def may_reach(house: House, tx: Tx, by: Principal, cluster_id: UUID, gained: Callable[[Where], bool]) -> None:
    """Raise Denied unless one could give, over this cluster, every grant whose rule comes to choose it.

    Otherwise whoever may label clusters would hand out, and take, rights that they do not hold.
    """
    for each in await store.ruled(tx):
        if gained(each.where):
            here = msgspec.structs.replace(each, clusters="ids", cluster_ids=(cluster_id,), labels=None, region=None)
            for one in await holdings.built(house, tx, [here]):
                deny(lacks(one, by.grants), one.role)


@asynccontextmanager
async def keeping_an_owner(tx: Tx) -> AsyncIterator[None]:
    """Alone with the grants until `tx` ends; Conflict if what happens inside leaves the organization without owner."""
    await store.lock(tx)
    before = await store.owners(tx)
    yield
    if before and not await store.owners(tx):
        raise Conflict(
            "The organization would have no owner.", cure="Make someone else an owner first, without end, by name."
        )


def told(granted: Granted) -> dict[str, Any]:
    """A grant as the audit has it."""
    where = {name: value for name, value in msgspec.to_builtins(granted.where).items() if value is not None}
    ends = {"expires_at": granted.expires_at.isoformat()} if granted.expires_at else {}
    reason = {"reason": granted.reason} if granted.reason else {}
    subject = f"{granted.subject.kind}s/{granted.subject.id}"
    return {"role": granted.role_name, "subject": subject, "where": where, **ends, **reason}


async def _as_held(house: House, tx: Tx, granted: Granted) -> Held:
    role = await roles.find(house, tx, granted.role)
    return Held(
        id=granted.id,
        user_id=UUID(int=0),
        role=role.name if role.builtin else None,
        role_name=role.name,
        permissions=role.permissions,
        via="",
        expires_at=granted.expires_at,
        **{name: getattr(granted.where, name) for name in Where.__struct_fields__},
    )


async def _check_subject(tx: Tx, subject: Subject) -> None:
    if subject.kind == "group":
        if not subject.id.strip() or len(subject.id) > 200:
            raise _wrong("/subject/id", "A group has a name of at most 200 characters.")
        return
    try:
        id_ = UUID(subject.id)
    except ValueError as error:
        raise _wrong(
            "/subject/id", "A user goes by its id." if subject.kind == "user" else "A team goes by its id."
        ) from error
    found = await (members.get_member if subject.kind == "user" else teams.get)(tx, id_)
    if found is None:
        raise _wrong("/subject/id", "There is no such member." if subject.kind == "user" else "There is no such team.")


def check_place(house: House, where: Where, role: RoleInfo) -> None:
    """Raise Invalid for what is no place of a grant of this role."""
    given = {"ids": where.cluster_ids, "labels": where.labels, "region": where.region}
    for kind, value in given.items():
        if (kind == where.clusters) != bool(value):
            field = "cluster_ids" if kind == "ids" else kind
            raise _wrong(f"/where/{field}", f"{field} goes with clusters: {kind}, and only with that.")
    if where.namespaces is not None and not all(where.namespaces or ("",)):
        raise _wrong("/where/namespaces", "Name the namespaces, or leave them out for all.")
    if role.id == "owner" and not where.whole:
        raise _wrong("/where", "An owner owns the whole organization.")
    house.get(Places).check(where)


def _check_end(ends_at: datetime | None) -> None:
    if ends_at is not None and (ends_at.tzinfo is None or ends_at <= datetime.now(UTC)):
        raise _wrong("/expires_at", "A grant ends in the future, at a time with a zone.")


def deny(missing: list[str], role: str) -> None:
    """Raise Denied where something is missing of what a role gives."""
    if missing:
        names, more = ", ".join(missing[:3]), len(missing) - 3
        raise Denied(
            f"The role {role} has {names}, which you do not hold over all of this for as long."
            if more <= 0
            else f"The role {role} has {names} (and {more} more), which you do not hold over all of this for as long.",
            cure="Choose a lesser role, a smaller place or an earlier end, or ask someone who holds it.",
            permission=missing[0],
        )


def _wrong(pointer: str, detail: str) -> Invalid:
    return Invalid(detail, errors=(FieldError(pointer, detail),), cure="See /api/docs for what a grant is made of.")
