"""The page behind an invitation's link, and the list of invitations."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import BaseflyError
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import PUBLIC, Form, Request, Response, get, post, redirect, render
from basefly.core.access import roles
from basefly.core.access.model import OWN, READ, WRITE
from basefly.core.identity import browser
from basefly.core.identity.mail import outbox
from basefly.core.invitations import actions
from basefly.core.invitations.model import Sent

HERE = "/access/invitations"


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
        refused = render(request, "invitations/accept.html", status=error.status, given=given, error=error)
        refused.headers.update(getattr(error, "headers", {}))  # it may lead on to the company's provider
        return refused
    answer = redirect("/")
    answer.set_cookie(browser.kept(house, secret))
    return answer


@get("/access/invitations", permission="access:read")
async def invitations_page(request: Request, house: House, by: Principal, new: bool = False) -> Response[Any]:
    """Whom the organization asked in; `new` comes with the form open."""
    return await _page(request, house, by, new=new)


@post("/access/invitations", permission="access:write")
async def invite_page(request: Request, house: House, by: Principal, form: Form) -> Response[Any]:
    """Invites someone; without a mail room, shows the link this once."""
    given = {name: form.text(name) for name in ("email", "role")}
    try:
        async with house.db.transaction(by.org_id) as tx:
            sent = await actions.invite(house, tx, by, given["email"], given["role"])
    except BaseflyError as error:
        return await _page(request, house, by, given=given, error=error)
    return await _page(request, house, by, sent=sent)


@post("/access/invitations/{invitation_id:uuid}", permission="access:write")
async def change_invitation_page(
    request: Request, house: House, by: Principal, form: Form, invitation_id: UUID
) -> Response[Any]:
    """Sends an invitation again, or withdraws it."""
    sent: Sent | None = None
    try:
        async with house.db.transaction(by.org_id) as tx:
            if form.text("act") == "send":
                sent = await actions.send_again(house, tx, by, invitation_id)
            else:
                await actions.withdraw(tx, by, invitation_id)
    except BaseflyError as error:
        return await _page(request, house, by, error=error)
    return await _page(request, house, by, sent=sent)


async def _page(request: Request, house: House, by: Principal, **said: Any) -> Response[Any]:
    async with house.db.transaction(by.org_id) as tx:
        context = await _read(house, tx, by)
    error: BaseflyError | None = said.get("error")
    blank = {"given": {"email": "", "role": "viewer"}, "error": None, "sent": None, "new": "given" in said}
    return render(
        request,
        "invitations/list.html",
        status=error.status if error else 200,
        here=HERE,
        may_read=by.may(READ),
        may_own=by.may(OWN),
        may_govern=by.scope(WRITE).everything,
        mails=outbox.configured(house),
        **context,
        **{**blank, **said},
    )


async def _read(house: House, tx: Tx, by: Principal) -> dict[str, Any]:
    return {"invitations": await actions.invitations(tx, by), "roles": await roles.roles(house, tx, by)}


HANDLERS = (invitation_page, accept_page, invitations_page, invite_page, change_invitation_page)
