"""Links by mail as JSON: a password set anew, an e-mail address verified."""

from __future__ import annotations

from typing import Annotated

import msgspec

from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import PUBLIC, RECENT, SIGNED_IN, Body, Request, post
from basefly.core.identity import browser
from basefly.core.identity.mail import links

Address = Annotated[str, msgspec.Meta(max_length=254)]
Token = Annotated[str, msgspec.Meta(max_length=200)]


class AddressBody(Body):
    """An e-mail address."""

    email: Address


class TokenBody(Body):
    """What stands after the # of a link."""

    token: Token


class NewPasswordBody(Body):
    """What stands after the # of a link, and the password to come."""

    token: Token
    password: Annotated[str, msgspec.Meta(max_length=1000)]


@post("/password-resets", permission=PUBLIC, status_code=202, summary="Ask for a link to set one's password anew")
async def ask_reset(request: Request, house: House, data: AddressBody) -> None:
    """The answer is the same whether or not the address is someone's."""
    await links.ask_reset(house, data.email, browser.origin(request))


@post("/password-resets/redemptions", permission=PUBLIC, status_code=204, summary="Set one's password anew")
async def reset_password(request: Request, house: House, data: NewPasswordBody) -> None:
    """Ends every session. Whoever has a second factor is still asked for it at the next sign-in."""
    await links.reset(house, data.token, Secret(data.password), browser.origin(request))


@post("/me/email", permission=SIGNED_IN, opt=RECENT, status_code=202, summary="Take another e-mail address")
async def change_email(house: House, by: Principal, data: AddressBody) -> None:
    """It counts once the link that goes there was opened; then the old address is told."""
    await links.ask_verification(house, by, data.email)


@post("/email-verifications", permission=PUBLIC, status_code=204, summary="Verify an e-mail address")
async def verify_email(request: Request, house: House, data: TokenBody) -> None:
    """Whoever holds the link has the mailbox."""
    await links.verify(house, data.token, browser.origin(request))


HANDLERS = (ask_reset, reset_password, change_email, verify_email)
