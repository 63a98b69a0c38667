"""Device sign-in and service accounts as JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web import PUBLIC, Body, Request, delete, get, patch, post
from basefly.core.identity import browser
from basefly.core.identity.model import NewToken, Token
from basefly.core.identity.tokens import Limits, Wish
from basefly.core.machines import accounts, actions, model
from basefly.core.machines.accounts import READ, WRITE
from basefly.core.machines.model import ServiceAccount, ServiceRole

Text = Annotated[str, msgspec.Meta(max_length=200)]


class DeviceBody(Body):
    """What the device is called; its token is named after it."""

    machine: Text = "command line"


class QuestionBody(Body):
    """The code that the device was given."""

    device_code: Text


class AccountBody(Body):
    """A service account to be."""

    name: Text
    role: ServiceRole = "viewer"


class AccountChange(Body):
    """What is to change; what is left out stays."""

    role: ServiceRole | None = None
    disabled: bool | None = None


class TokenBody(Body):
    """A token of a service account: how long it lasts, and what it may at most; null is all that the account may."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=r"\S")]
    expires_in_days: Annotated[int, msgspec.Meta(ge=1, le=3650)] | None = 90
    permissions: list[str] | None = None
    clusters: list[UUID] | None = None


class DeviceSignIn(msgspec.Struct, frozen=True, kw_only=True):
    """What a device shows its user (`user_code`, `verification_uri`) and keeps to itself (`device_code`)."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int
    interval: int


class DeviceToken(msgspec.Struct, frozen=True, kw_only=True):
    """The token of a device that was approved."""

    access_token: str
    token_type: str
    token_id: UUID
    expires_at: datetime | None
    email: str


class ServiceAccounts(msgspec.Struct, frozen=True):
    """Service accounts, by name."""

    items: list[ServiceAccount]


class ServiceTokens(msgspec.Struct, frozen=True):
    """Tokens of a service account, newest first."""

    items: list[Token]


@post("/device-sign-ins", permission=PUBLIC, summary="Ask to be signed in as a device")
async def begin_device(request: Request, house: House, data: DeviceBody) -> DeviceSignIn:
    """The shape of RFC 8628: show `user_code` and `verification_uri`, then ask each `interval` seconds."""
    begun = await actions.begin(house, data.machine, browser.origin(request))
    address = f"{house.settings.url}/device"
    return DeviceSignIn(
        device_code=begun.device_code.reveal(),
        user_code=begun.user_code,
        verification_uri=address,
        verification_uri_complete=f"{address}?code={begun.user_code}",
        expires_in=int(model.LIFETIME.total_seconds()),
        interval=model.PAUSE,
    )


@post("/device-sign-ins/token", permission=PUBLIC, summary="Ask how one's device sign-in stands", status_code=200)
async def redeem_device(request: Request, house: House, data: QuestionBody) -> DeviceToken:
    """400 until then, its `code` as in RFC 8628: authorization_pending, slow_down, expired_token, access_denied."""
    granted = await actions.redeem(house, data.device_code, browser.origin(request))
    return DeviceToken(
        access_token=granted.secret.reveal(),
        token_type="Bearer",  # noqa: S106  # the name of the way to send it
        token_id=granted.token.id,
        expires_at=granted.token.expires_at,
        email=granted.email,
    )


@get("/service-accounts", permission=READ, summary="List service accounts")
async def list_accounts(tx: Tx, by: Principal) -> ServiceAccounts:
    """Members of the organization that are no people."""
    return ServiceAccounts(await accounts.accounts(tx, by))


@post("/service-accounts", permission=WRITE, summary="Create a service account")
async def create_account(house: House, tx: Tx, by: Principal, data: AccountBody) -> ServiceAccount:
    """It has no password and signs in nowhere; give it tokens."""
    return await accounts.create(house, tx, by, data.name, data.role)


@get("/service-accounts/{account_id:uuid}", permission=READ, summary="Show a service account")
async def get_account(tx: Tx, by: Principal, account_id: UUID) -> ServiceAccount:
    """`tokens` counts those that are good."""
    return await accounts.find(tx, by, account_id)


@patch("/service-accounts/{account_id:uuid}", permission=WRITE, summary="Change a service account")
async def change_account(house: House, tx: Tx, by: Principal, account_id: UUID, data: AccountChange) -> ServiceAccount:
    """Disabling revokes its tokens for good."""
    return await accounts.change(house, tx, by, account_id, role=data.role, disabled=data.disabled)


@delete("/service-accounts/{account_id:uuid}", permission=WRITE, summary="Remove a service account")
async def remove_account(house: House, tx: Tx, by: Principal, account_id: UUID) -> None:
    """Its tokens end at once."""
    await accounts.remove(house, tx, by, account_id)


@get("/service-accounts/{account_id:uuid}/tokens", permission=READ, summary="List the tokens of a service account")
async def list_service_tokens(tx: Tx, by: Principal, account_id: UUID) -> ServiceTokens:
    """With what they may at most, when they were last used, and from where."""
    return ServiceTokens(await accounts.page_tokens(tx, by, account_id))


@post("/service-accounts/{account_id:uuid}/tokens", permission=WRITE, summary="Make a token of a service account")
async def create_service_token(tx: Tx, house: House, by: Principal, account_id: UUID, data: TokenBody) -> NewToken:
    """The answer holds it, this once. It may no more than you and the account both may. Only a session makes tokens."""
    wish = Wish(data.name, data.expires_in_days, Limits(data.permissions, data.clusters))
    return await accounts.create_token(house, tx, by, account_id, wish)


@delete(
    "/service-accounts/{account_id:uuid}/tokens/{token_id:uuid}",
    permission=WRITE,
    summary="Revoke a token of a service account",
)
async def revoke_service_token(tx: Tx, by: Principal, account_id: UUID, token_id: UUID) -> None:
    """It is refused from the next request on."""
    await accounts.revoke_token(tx, by, account_id, token_id)


HANDLERS = (
    begin_device,
    redeem_device,
    list_accounts,
    create_account,
    get_account,
    change_account,
    remove_account,
    list_service_tokens,
    create_service_token,
    revoke_service_token,
)
