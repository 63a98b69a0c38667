"""Grants: all of them, the form that gives one, and the button that revokes it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import Invalid
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import Form, Request, Response, get, post
from basefly.core.access import actions, granting, roles, teams, words
from basefly.core.access.model import Subject, SubjectKind
from basefly.core.access.pages.frame import Context, attempt, lines, show
from basefly.core.access.rights.places import in_sight

HERE = "/access/grants"


@get("/access/grants", permission="access:read")
async def grants_page(request: Request, house: House, by: Principal, subject: str = "") -> Response[Any]:
    """Who has which role over what; `subject` is who the form is to give one to."""
    return await _grants(request, house, by, given={"subject": subject})


@post("/access/grants", permission="access:write")
async def create_grant_page(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Gives a role."""
    given = words.given(form) | {name: form.text(name) for name in ("subject", "group", "role", "hours", "reason")}

    async def work(tx: Tx) -> None:
        wish = granting.Wish(
            subject=_subject(given["subject"], given["group"]),
            role=given["role"],
            where=words.place_of(form, await in_sight(house, tx, by)),
            expires_at=words.ends(form),
            reason=given["reason"][:400],
        )
        await granting.grant(house, tx, by, wish)

    return await attempt(house, by, work, HERE, lambda error: _grants(request, house, by, given=given, error=error))


@post("/access/grants/{grant_id:uuid}/revocations", permission="access:write")
async def revoke_grant_page(request: Request, house: House, by: Principal, form: Form, grant_id: UUID) -> Response[Any]:
    """Takes a grant away, and leads back to where it was seen."""
    back = form.text("back")
    return await attempt(
        house,
        by,
        lambda tx: granting.revoke(house, tx, by, grant_id),
        back if back.startswith("/access") else HERE,
        lambda error: _grants(request, house, by, given={}, error=error),
    )


async def _grants(
    request: Request, house: House, by: Principal, *, given: dict[str, str], **more: Any
) -> Response[Any]:
    async def read(tx: Tx) -> Context:
        names = await in_sight(house, tx, by)
        people = [(f"user/{each.id}", each.name) for each in await actions.members(tx, by)]
        groups = [(f"team/{each.id}", each.name) for each in await teams.teams(tx, by)]
        return {
            "lines": lines(await granting.grants(tx, by), names),
            "people": people,
            "teams": groups,
            "roles": await roles.roles(house, tx, by),
            "lasting": words.lasting(),
            "places": sorted(names.values()),
        }

    blank = dict.fromkeys(("subject", "group", "role", "hours", "reason", *words.FIELDS), "")
    return await show(request, house, by, "grants.html", read, here=HERE, given=blank | given, **more)


def _subject(text: str, group: str) -> Subject:
    kind, _, id_ = text.partition("/")
    try:
        return Subject("group", group) if group else Subject(msgspec.convert(kind, SubjectKind), id_)
    except msgspec.ValidationError as error:
        raise Invalid("Nobody is chosen.", cure="Choose a member or a team, or name a group.") from error


HANDLERS = (grants_page, create_grant_page, revoke_grant_page)
