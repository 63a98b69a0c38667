"""Identity providers as JSON, and the call that a provider makes when someone signs out there."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import RECENT, SIGNED_IN, Body, Request, delete, get, post, put, session_token
from basefly.core.federation import actions, company
from basefly.core.federation.model import READ, WRITE, Check, CreateRole, Linked, Provider, Wish

Text = Annotated[str, msgspec.Meta(max_length=500)]
Words = Annotated[tuple[Text, ...], msgspec.Meta(max_length=50)]


class ProviderBody(Body):
    """How a provider shall be. Without `client_secret` a known one stays; an empty one makes a public client."""

    name: Text
    issuer: Text
    client_id: Text
    client_secret: Annotated[str, msgspec.Meta(max_length=2000)] | None = None
    scopes: Words = ("openid", "email", "profile")
    groups_claim: Text = ""
    group_names: dict[Text, Text] = msgspec.field(default_factory=dict)
    domains: Words = ()
    create_role: CreateRole = ""
    require_mfa: bool = False
    acr_values: Words = ()

    def wish(self) -> Wish:
        """Without the secret."""
        return Wish(**{name: getattr(self, name) for name in Wish.__struct_fields__})


class AddressBody(Body):
    """The name in /sign-in/NAME."""

    slug: Text


class UnlinkBody(Body):
    """Which of one's identities to unlink."""

    issuer: Text
    subject: Text


class Providers(msgspec.Struct, frozen=True):
    """Providers, by name, and where people sign in with them."""

    items: list[Provider]
    slug: str
    required: UUID | None  # the one that everybody must sign in with


class RequiredBody(Body):
    """The provider that everybody must sign in with; null for none."""

    provider: UUID | None


class RequiredProvider(msgspec.Struct, frozen=True):
    """The provider that everybody must sign in with; `unlinked` people will link it at their next sign-in."""

    provider: UUID | None
    unlinked: int


class Checks(msgspec.Struct, frozen=True):
    """What was looked at; `ok` when all of it is well."""

    ok: bool
    items: list[Check]


class Address(msgspec.Struct, frozen=True):
    """The name in /sign-in/NAME."""

    slug: str


class Identities(msgspec.Struct, frozen=True):
    """One's own identities at providers."""

    items: list[Linked]


@get("/identity-providers", permission=READ, summary="List identity providers")
async def list_providers(tx: Tx, by: Principal) -> Providers:
    """Their client secrets are told to nobody."""
    wanted, _ = await company.required(tx, by)
    return Providers(await actions.providers(tx, by), await actions.address(tx, by), wanted.id if wanted else None)


@post("/identity-providers", permission=WRITE, summary="Add an identity provider")
async def add_provider(tx: Tx, house: House, by: Principal, data: ProviderBody) -> Provider:
    """OpenID Connect. To make people or to take groups from it also needs access:write."""
    return await actions.add(tx, house, by, data.wish(), Secret(data.client_secret or ""))


@get("/identity-providers/{provider_id:uuid}", permission=READ, summary="Show an identity provider")
async def get_provider(tx: Tx, by: Principal, provider_id: UUID) -> Provider:
    """Without its client secret."""
    return await actions.find(tx, by, provider_id)


@put("/identity-providers/{provider_id:uuid}", permission=WRITE, summary="Change an identity provider")
async def change_provider(tx: Tx, house: House, by: Principal, provider_id: UUID, data: ProviderBody) -> Provider:
    """What is left out takes its default, except the client secret, which stays."""
    secret = None if data.client_secret is None else Secret(data.client_secret)
    return await actions.change(tx, house, by, provider_id, data.wish(), secret)


@delete("/identity-providers/{provider_id:uuid}", permission=WRITE, summary="Remove an identity provider")
async def remove_provider(tx: Tx, by: Principal, provider_id: UUID) -> None:
    """Nobody signs in through it any more; sessions that stand go on until they end."""
    await actions.remove(tx, by, provider_id)


@post(
    "/identity-providers/{provider_id:uuid}/tests",
    permission=WRITE,
    summary="Test the connection to an identity provider",
    status_code=200,
)
async def test_provider(house: House, by: Principal, provider_id: UUID) -> Checks:
    """Fetches its metadata and keys, and says what is wrong."""
    checks = await actions.test(house, by, provider_id)
    return Checks(all(check.ok for check in checks), checks)


@put("/sign-in-address", permission=WRITE, summary="Name the sign-in address")
async def name_address(tx: Tx, by: Principal, data: AddressBody) -> Address:
    """People of the organization then sign in at /sign-in/NAME."""
    return Address(await actions.rename(tx, by, data.slug))


@put("/required-sign-in", permission=WRITE, opt=RECENT, summary="Want a provider's sign-in of everyone")
async def require_provider(request: Request, house: House, by: Principal, data: RequiredBody) -> RequiredProvider:
    """From the next sign-in on a password or a passkey alone gives no session (403, code `company_sign_in`). Owners are
    exempt, which is on record. Turned on only by an owner, or from a session that came through that provider."""
    if data.provider:
        await company.require(house, by, session_token(request), data.provider)
    async with house.db.transaction(by.org_id) as tx:
        if data.provider is None:
            await company.release(tx, by)
        wanted, unlinked = await company.required(tx, by)
    return RequiredProvider(wanted.id if wanted else None, unlinked)


@get("/me/identities", permission=SIGNED_IN, summary="List one's identities at providers")
async def list_identities(tx: Tx, by: Principal) -> Identities:
    """New ones are linked in the browser, signed in at both."""
    return Identities(await actions.linked(tx, by))


@post(
    "/me/identities/unlinkings",
    permission=SIGNED_IN,
    summary="Unlink one of one's identities",
    status_code=204,
)
async def unlink_identity(tx: Tx, by: Principal, data: UnlinkBody) -> None:
    """It signs nobody in any more."""
    await actions.unlink(tx, by, data.issuer, data.subject)


HANDLERS = (
    list_providers,
    add_provider,
    get_provider,
    change_provider,
    remove_provider,
    test_provider,
    name_address,
    require_provider,
    list_identities,
    unlink_identity,
)
