"""The page behind the set-up link, and the one that asks a second factor of everyone."""

from __future__ import annotations

from typing import Any

from basefly.base.errors import BaseflyError
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import PUBLIC, RECENT, Form, Request, Response, get, post, redirect, render
from basefly.core.access import actions, setup
from basefly.core.identity import browser


@get("/setup", permission=PUBLIC)
async def setup_page(request: Request, house: House) -> Response[Any]:
    """The form that makes the first owner; whoever comes later is led to sign in."""
    if not await setup.needed(house.db):
        return redirect("/sign-in")
    return render(request, "access/setup.html", given={}, error=None)


@post("/setup", permission=PUBLIC)
async def set_up(request: Request, house: House, form: Form) -> Response[Any]:
    """Makes the first owner and leads them to the first page."""
    given = {name: form.text(name) for name in ("token", "email", "name", "organization")}
    wish = setup.Wish(
        email=given["email"],
        name=given["name"],
        password=Secret(form.raw("password")),
        organization=given["organization"],
    )
    try:
        _, secret = await setup.redeem(house, given["token"], wish, browser.origin(request))
    except BaseflyError as error:
        return render(request, "access/setup.html", status=error.status, given=given, error=error)
    answer = redirect("/")
    answer.set_cookie(browser.kept(house, secret))
    return answer


@get("/settings/second-factor", permission="access:own")
async def second_factor_page(request: Request, house: House, by: Principal) -> Response[str]:
    """Whether everyone must have a second factor."""
    return await _second_factor(request, house, by)


@post("/settings/second-factor", permission="access:own", opt={**RECENT, "back": "/settings/second-factor"})
async def require_second_factor(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Wants one of everyone, or no more."""
    try:
        async with house.db.transaction(by.org_id) as tx:
            await actions.require_second_factor(tx, by, required=form.text("required") == "yes")
    except BaseflyError as error:
        return await _second_factor(request, house, by, error)
    return redirect("/settings/second-factor")


async def _second_factor(
    request: Request, house: House, by: Principal, error: BaseflyError | None = None
) -> Response[str]:
    async with house.db.transaction(by.org_id) as tx:
        required = await actions.second_factor_required(tx, by)
    status = error.status if error else 200
    return render(request, "access/second-factor.html", status=status, required=required, error=error)


HANDLERS = (setup_page, set_up, second_factor_page, require_second_factor)
