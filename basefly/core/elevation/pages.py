"""Elevations as a page: what waits, what was decided, and the form that asks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.errors import BaseflyError
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import SIGNED_IN, Form, Request, Response, get, post, redirect, render
from basefly.base.web.language import t
from basefly.core.access import granting, words
from basefly.core.access.model import OWN, READ, ROLES, WRITE, Subject
from basefly.core.access.rights.places import in_sight
from basefly.core.access.store import roles
from basefly.core.elevation import actions

HERE = "/access/elevations"
DURATIONS = (15, 30, 60, 120, 240, 480)


@get("/access/elevations", permission=SIGNED_IN)
async def elevations_page(request: Request, house: House, by: Principal, new: bool = False) -> Response[Any]:
    """One's own, and with access:read those of everyone; `new` comes with the form open."""
    return await _page(request, house, by, asking=new)


@post("/access/elevations", permission=SIGNED_IN)
async def ask_page(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Asks for one."""
    given = words.given(form) | {name: form.text(name) for name in ("role", "minutes", "reason")}
    minutes = given["minutes"]
    try:
        async with house.db.transaction(by.org_id) as tx:
            wish = granting.Wish(
                subject=Subject("user", str(by.user_id)),
                role=given["role"],
                where=words.place_of(form, await in_sight(house, tx, by)),
                reason=given["reason"][:400],
            )
            await actions.ask(house, tx, by, wish, int(minutes) if minutes.isdecimal() else 0)
    except BaseflyError as error:
        return await _page(request, house, by, given=given, error=error)
    return redirect(HERE)


@post("/access/elevations/{elevation_id:uuid}", permission=SIGNED_IN)
async def decide_page(request: Request, house: House, by: Principal, form: Form, elevation_id: UUID) -> Response[Any]:
    """Approves, refuses or withdraws one, as the pressed button says."""
    act, note = form.text("act"), form.text("note")[:400]
    try:
        async with house.db.transaction(by.org_id) as tx:
            if act == "approve":
                await actions.approve(house, tx, by, elevation_id, note)
            elif act == "refuse":
                await actions.refuse(house, tx, by, elevation_id, note)
            else:
                await actions.withdraw(tx, by, elevation_id)
    except BaseflyError as error:
        return await _page(request, house, by, error=error)
    return redirect(HERE)


async def _page(
    request: Request,
    house: House,
    by: Principal,
    *,
    given: dict[str, str] | None = None,
    error: BaseflyError | None = None,
    asking: bool = False,
) -> Response[Any]:
    async with house.db.transaction(by.org_id) as tx:
        found = await actions.elevations(tx, by)
        names = await in_sight(house, tx, by)
        own_roles = await roles.page(tx)
    blank = dict.fromkeys(words.FIELDS, "") | {"role": "operator", "minutes": "60", "reason": ""}
    return render(
        request,
        "elevation/list.html",
        status=error.status if error else 200,
        here=HERE,
        lines=[(each, words.place(each.where, names), each.member == by.user_id) for each in found],
        states=_states(),
        roles=[*({"id": role, "name": role} for role in ROLES), *own_roles],
        durations=[(str(minutes), t("{n} minutes", n=minutes)) for minutes in DURATIONS],
        given=blank | (given or {}),
        may_read=by.may(READ),
        may_own=by.may(OWN),
        may_write=by.may(WRITE),
        error=error,
        asking=asking or given is not None,
        places=sorted(names.values()),
    )


def _states() -> dict[str, tuple[str, str]]:
    return {
        "pending": ("warn", t("Pending")),
        "approved": ("ok", t("Active")),
        "refused": ("bad", t("Refused")),
        "withdrawn": ("idle", t("Withdrawn")),
        "ended": ("idle", t("Ended")),
    }


HANDLERS = (elevations_page, ask_page, decide_page)
