"""Grants as JSON."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import FieldError, Invalid
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Body, QueryParameter, delete, get, post
from basefly.core.access import granting as actions
from basefly.core.access.bodies import Moment, WhereBody, Word
from basefly.core.access.model import Granted, Subject, SubjectKind

Of = Annotated[str, QueryParameter(description="Only grants of this subject: user/ID, team/ID, group/NAME.")]


class SubjectBody(Body):
    """Who gets it: a user or a team by id, a group by name."""

    kind: SubjectKind
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class NewGrant(Body):
    """A grant to be. `role` is the name or the id of a role."""

    subject: SubjectBody
    role: Word
    where: WhereBody = msgspec.field(default_factory=WhereBody)
    expires_at: Moment | None = None
    reason: Annotated[str, msgspec.Meta(max_length=400)] = ""


class GrantList(msgspec.Struct, frozen=True):
    """Grants, by who has them."""

    items: list[Granted]


@get("/grants", permission="access:read", summary="List grants")
async def list_grants(tx: Tx, by: Principal, subject: Of = "") -> GrantList:
    """Who has which role over what, until when, since when and by whom. Those that ended lately among them."""
    return GrantList(await actions.grants(tx, by, _subject(subject) if subject else None))


@post("/grants", permission="access:write", summary="Grant a role")
async def create_grant(house: House, tx: Tx, by: Principal, data: NewGrant) -> Granted:
    """No one can grant more than they hold: every permission, over all of the place, for as long."""
    wish = actions.Wish(
        subject=Subject(data.subject.kind, data.subject.id.strip()),
        role=data.role,
        where=data.where.place(),
        expires_at=data.expires_at,
        reason=data.reason,
    )
    return await actions.grant(house, tx, by, wish)


@get("/grants/{grant_id:uuid}", permission="access:read", summary="Read a grant")
async def get_grant(tx: Tx, by: Principal, grant_id: UUID) -> Granted:
    """One grant."""
    return await actions.find(tx, by, grant_id)


@delete("/grants/{grant_id:uuid}", permission="access:write", summary="Revoke a grant")
async def revoke_grant(house: House, tx: Tx, by: Principal, grant_id: UUID) -> None:
    """With the next request, and on open streams within seconds. One owner must remain."""
    await actions.revoke(house, tx, by, grant_id)


def _subject(text: str) -> Subject:
    kind, _, id_ = text.partition("/")
    try:
        return Subject(msgspec.convert(kind, SubjectKind), id_)
    except msgspec.ValidationError as error:
        detail = f"{text[:80]!r} is no subject."
        raise Invalid(
            detail, errors=(FieldError("/subject", detail),), cure="Write user/ID, team/ID or group/NAME."
        ) from error


HANDLERS = (list_grants, create_grant, get_grant, revoke_grant)
