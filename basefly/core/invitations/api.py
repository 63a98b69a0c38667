"""Invitations as JSON."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import PUBLIC, Body, Request, Response, delete, get, post
from basefly.core.identity import browser
from basefly.core.invitations import actions
from basefly.core.invitations.model import Invitation, Sent

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=254)]
Password = Annotated[str, msgspec.Meta(max_length=1000)]


class NewInvitation(Body):
    """Whom to ask in, and as what: the name or the id of a role."""

    email: Text
    role: Text = "viewer"


class AcceptanceBody(Body):
    """What stands after # in the link, and what the invited person chooses."""

    token: Text
    name: Text
    password: Password


class InvitationList(msgspec.Struct, frozen=True):
    """Invitations, the newest first."""

    items: list[Invitation]


class Accepted(msgspec.Struct, frozen=True):
    """The member just made."""

    id: UUID
    name: str
    email: str


@get("/invitations", permission="access:read", summary="List invitations")
async def list_invitations(tx: Tx, by: Principal) -> InvitationList:
    """Whom the organization asked in, and what became of it."""
    return InvitationList(await actions.invitations(tx, by))


@post("/invitations", permission="access:write", summary="Invite someone")
async def create_invitation(house: House, tx: Tx, by: Principal, data: NewInvitation) -> Sent:
    """Sends a link that works once within seven days; `link` has it where the hub cannot send mail."""
    return await actions.invite(house, tx, by, data.email, data.role)


@post("/invitations/{invitation_id:uuid}/sendings", permission="access:write", summary="Send an invitation again")
async def send_invitation(house: House, tx: Tx, by: Principal, invitation_id: UUID) -> Sent:
    """With a new link; the earlier one ends."""
    return await actions.send_again(house, tx, by, invitation_id)


@delete("/invitations/{invitation_id:uuid}", permission="access:write", summary="Withdraw an invitation")
async def withdraw_invitation(tx: Tx, by: Principal, invitation_id: UUID) -> None:
    """Its link ends."""
    await actions.withdraw(tx, by, invitation_id)


@post("/invitation-acceptances", permission=PUBLIC, summary="Accept an invitation")
async def accept_invitation(request: Request, house: House, data: AcceptanceBody) -> Response[Accepted]:
    """Makes the account with the address that was invited, and signs in. Where the organization requires its provider's
    sign-in, the account is made, and the answer is 403 `company_sign_in` with the `address` to go on to."""
    wish = actions.Acceptance(name=data.name, password=Secret(data.password))
    user, secret = await actions.accept(house, data.token, wish, browser.origin(request))
    cookies = [browser.kept(house, secret)]
    return Response(Accepted(user.id, user.name, user.email), status_code=201, cookies=cookies)


HANDLERS = (list_invitations, create_invitation, send_invitation, withdraw_invitation, accept_invitation)
