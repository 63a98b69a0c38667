"""The page behind the set-up link."""

from __future__ import annotations

from typing import Any

from basefly.base.errors import BaseflyError
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import PUBLIC, Form, Request, Response, get, post, redirect, render
from basefly.core.access import setup
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


HANDLERS = (setup_page, set_up)
