"""Who can do this, and why; may someone, and if not, what is missing."""

from __future__ import annotations

from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid, NotFound
from basefly.base.principal import Grant, Principal
from basefly.base.runtime.house import House
from basefly.base.slice import Permissions
from basefly.core.access import store as members
from basefly.core.access.model import READ, WRITE, Granted, Held, Member, Where
from basefly.core.access.rights import holdings
from basefly.core.access.rights.places import SEEING, in_sight
from basefly.core.access.store import grants as store
from basefly.core.explanations.beyond import Beyond
from basefly.core.explanations.model import Entry, Miss, Question, Reason, gives, missed, nearest

MOST = 500


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """A member, with the grants that give what was asked."""

    id: UUID
    name: str
    email: str
    reasons: list[Reason] = []


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Whether someone may, and why: the grants that give it, or those that come near and why they do not do.

    `granting` are people who can give what is missing. `beyond` says what else decides where the grants give it.
    """

    permission: str
    allows: str
    cluster: UUID | None
    cluster_name: str
    namespace: str | None
    member: Person
    allowed: bool
    misses: list[Reason]
    granting: list[Person]
    beyond: str = ""


class Holders(msgspec.Struct, frozen=True, kw_only=True):
    """Everyone who may, by name, each with the grants that give it."""

    permission: str
    allows: str
    cluster: UUID | None
    cluster_name: str
    namespace: str | None
    items: list[Person]


async def explain(house: House, tx: Tx, by: Principal, asked: Question, member_id: UUID | None = None) -> Explanation:
    """May a member do this, oneself if no other is named, and why (not)? About others it needs access:read."""
    if member_id not in (None, by.user_id):
        by.require(READ)
    member = await members.get_member(tx, member_id or by.user_id)
    if member is None:
        raise NotFound("There is no such member.")
    cluster_name = await _check(house, tx, by, asked)
    everyone = await _everyone(house, tx)
    own = everyone.get(member.id, [])
    reasons = _reasons(own, asked)
    return Explanation(
        permission=asked.permission,
        allows=house.get(Permissions)[asked.permission],
        cluster=asked.cluster,
        cluster_name=cluster_name,
        namespace=asked.namespace,
        member=_person(member, reasons),
        allowed=bool(reasons),
        misses=[] if reasons else _misses(own, asked),
        granting=[] if reasons else await _granting(tx, everyone, asked, member.id),
        beyond=await house.get(Beyond).told(_principal(by.org_id, member, own), asked) if reasons else "",
    )


def _principal(org_id: UUID, member: Member, own: list[Counted]) -> Principal:
    """A member as they would ask themselves."""
    grants = tuple(grant for held, grant in own if held.active)
    return Principal(user_id=member.id, org_id=org_id, name=member.name, email=member.email, grants=grants)


async def holders(house: House, tx: Tx, by: Principal, asked: Question) -> Holders:
    """Who may do this, and by which grant; needs access:read."""
    by.require(READ)
    cluster_name = await _check(house, tx, by, asked)
    everyone = await _everyone(house, tx)
    found = [
        _person(member, reasons)
        for member in await members.page_members(tx)
        if (reasons := _reasons(everyone.get(member.id, []), asked))
    ]
    return Holders(
        permission=asked.permission,
        allows=house.get(Permissions)[asked.permission],
        cluster=asked.cluster,
        cluster_name=cluster_name,
        namespace=asked.namespace,
        items=found[:MOST],
    )


async def review(tx: Tx, by: Principal) -> list[Entry]:
    """Who has what, a line for each member and grant that counts; needs access:read.

    A member without any grant has a line too, without a role.
    """
    by.require(READ)
    given = {each.id: each for each in await store.page(tx)}
    held = [each for each in await store.held_by_all(tx) if each.active and each.id in given]
    found = []
    for member in await members.page_members(tx):
        own = [_entry(member, given[each.id], each.via) for each in held if each.user_id == member.id]
        found += own or [_entry(member)]
    return found


def _entry(member: Member, grant: Granted | None = None, via: str = "") -> Entry:
    return Entry(
        member=member.id,
        name=member.name,
        email=member.email,
        role=grant.role_name if grant else "",
        via=via,
        where=grant.where if grant else Where(),
        since=grant.created_at if grant else None,
        granted_by=grant.granted_by_name if grant else "",
        expires_at=grant.expires_at if grant else None,
        reason=grant.reason if grant else "",
    )


async def _check(house: House, tx: Tx, by: Principal, asked: Question) -> str:
    """The cluster's name, "" where whoever asks does not see it: then nothing tells whether it is there."""
    if asked.permission not in house.get(Permissions):
        detail = f"There is no permission {asked.permission[:80]!r}."
        cure = "Choose one from the list of permissions."
        raise Invalid(detail, errors=(FieldError("/permission", detail),), cure=cure)
    if asked.cluster is None or not by.scope(SEEING).sees(asked.cluster):
        return ""
    name = (await in_sight(house, tx, by)).get(asked.cluster)
    if name is None:
        raise NotFound("There is no such cluster.")
    return name


Counted = tuple[Held, Grant]


async def _everyone(house: House, tx: Tx) -> dict[UUID, list[Counted]]:
    """What every member holds and held."""
    held = await store.held_by_all(tx)
    found: dict[UUID, list[Counted]] = {}
    for each, grant in zip(held, await holdings.built(house, tx, held), strict=True):
        found.setdefault(each.user_id, []).append((each, grant))
    return found


def _reasons(own: list[Counted], asked: Question) -> list[Reason]:
    return [_reason(held) for held, grant in own if held.active and gives(grant, asked)]


def _misses(own: list[Counted], asked: Question) -> list[Reason]:
    found = [(held, missed(grant, asked, active=held.active)) for held, grant in own]
    return nearest(_reason(held, miss) for held, miss in found if miss)


def _reason(held: Held, miss: Miss | None = None) -> Reason:
    return Reason(
        grant=held.id,
        role=held.role_name,
        via=held.via,
        where=held.where,
        ends_at=held.expires_at,
        miss=miss or "",
    )


async def _granting(tx: Tx, everyone: dict[UUID, list[Counted]], asked: Question, but: UUID) -> list[Person]:
    """Who holds both this and the right to grant, at this place."""
    right = msgspec.structs.replace(asked, permission=WRITE)
    return [
        _person(member, _reasons(own, right))
        for member in await members.page_members(tx)
        if member.id != but and (own := everyone.get(member.id, [])) and _reasons(own, asked) and _reasons(own, right)
    ]


def _person(member: Member, reasons: list[Reason]) -> Person:
    return Person(id=member.id, name=member.name, email=member.email, reasons=reasons)
