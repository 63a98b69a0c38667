"""Whose rules decide what an organization's people see, as a page."""

from __future__ import annotations

from typing import Any

from basefly.base.errors import BaseflyError
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import RECENT, Form, Request, Response, get, post, redirect, render
from basefly.base.web.language import t
from basefly.core.access.model import READ
from basefly.core.rights import actions

HERE = "/access/visibility"


@get(HERE, permission="access:own")
async def visibility_page(request: Request, house: House, by: Principal) -> Response[Any]:
    """The choice, and how each cluster stands with it."""
    return await _page(request, house, by)


@post(HERE, permission="access:own", opt={**RECENT, "back": HERE})
async def choose_visibility(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Chooses."""
    try:
        async with house.db.transaction(by.org_id) as tx:
            await actions.choose(tx, by, form.text("choice"))
    except BaseflyError as error:
        return await _page(request, house, by, error)
    return redirect(HERE)


async def _page(request: Request, house: House, by: Principal, error: BaseflyError | None = None) -> Response[Any]:
    async with house.db.transaction(by.org_id) as tx:
        shown = await actions.show(tx, by)
    return render(
        request,
        "rights/visibility.html",
        status=error.status if error else 200,
        here=HERE,
        rights=shown,
        words=words(),
        may_read=by.may(READ),
        may_own=True,
        error=error,
    )


def words() -> dict[str, tuple[str, str]]:
    """How each standing is called, and its colour."""
    return {
        "agrees": ("ok", t("Roles decide")),
        "unasked": ("idle", t("Not compared yet")),
        "refused": ("warn", t("Could not be compared")),
        "differs": ("warn", t("The cluster is asked")),
        "unread": ("bad", t("Shows nothing")),
    }


HANDLERS = (visibility_page, choose_visibility)
