"""The page behind an invitation's link."""

from __future__ import annotations

from typing import Any

from basefly.base.errors import BaseflyError
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import PUBLIC, Form, Request, Response, get, post, redirect, render
from basefly.core.identity import browser
from basefly.core.invitations import actions


@get("/invitation", permission=PUBLIC)
async def invitation_page(request: Request) -> Response[Any]:
    """The form that makes an account."""
    return render(request, "invitations/accept.html", given={}, error=None)


@post("/invitation", permission=PUBLIC)
async def accept_page(request: Request, house: House, form: Form) -> Response[Any]:
    """Makes the account and leads to the first page."""
    given = {name: form.text(name) for name in ("token", "name")}
    wish = actions.Acceptance(name=given["name"], password=Secret(form.raw("password")))
    try:
        _, secret = await actions.accept(house, given["token"], wish, browser.origin(request))
    except BaseflyError as error:
        return render(request, "invitations/accept.html", status=error.status, given=given, error=error)
    answer = redirect("/")
    answer.set_cookie(browser.kept(house, secret))
    return answer


HANDLERS = (invitation_page, accept_page)
