"""Add, change, test and remove identity providers; name the sign-in address; one's own linked identities."""

from __future__ import annotations

from uuid import UUID, uuid4

from basefly.base.db.failures import Duplicate
from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.core.audit.actions import record
from basefly.core.federation import model, secret, store
from basefly.core.federation.issuers import Issuers
from basefly.core.federation.model import READ, WRITE, Check, Linked, Offer, Provider, Wish


async def providers(tx: Tx, by: Principal) -> list[Provider]:
    """Every provider of the organization; needs federation:read."""
    by.require(READ)
    return await store.page_providers(tx)


async def find(tx: Tx, by: Principal, provider_id: UUID) -> Provider:
    """One provider; needs federation:read."""
    by.require(READ)
    return await _found(tx, provider_id)


async def add(tx: Tx, house: House, by: Principal, wish: Wish, client_secret: Secret) -> Provider:
    """Add a provider. An empty secret is for a public client."""
    _may(by, wish)
    wish, provider_id = model.checked(wish, private=house.settings.private_issuers), uuid4()
    sealed = await secret.sealed(tx, house.vault, provider_id, client_secret)
    try:
        async with tx.attempt():
            await store.insert_provider(tx, provider_id, wish, sealed)
    except Duplicate as error:
        raise _taken(error) from error
    await record(tx, by, "identity_provider.added", _path(provider_id), _told(wish))
    return await _found(tx, provider_id)


async def change(
    tx: Tx, house: House, by: Principal, provider_id: UUID, wish: Wish, client_secret: Secret | None
) -> Provider:
    """Give a provider other settings; `client_secret` None leaves it as it is. A secret goes to one issuer only."""
    _may(by, wish)
    before = await _found(tx, provider_id)
    _may(by, before)
    wish = model.checked(wish, private=house.settings.private_issuers)
    if wish.issuer != before.issuer and client_secret is None and before.confidential:
        raise Conflict(
            "Another issuer must not get the old one's client secret.",
            cure="Give the new issuer's client secret too, or an empty one.",
        )
    try:
        async with tx.attempt():
            await store.update_provider(tx, provider_id, wish)
    except Duplicate as error:
        raise _taken(error) from error
    if client_secret is not None:
        await store.update_secret(tx, provider_id, await secret.sealed(tx, house.vault, provider_id, client_secret))
    after = await _found(tx, provider_id)
    changed = {name: value for name, value in _told(after).items() if value != _told(before)[name]}
    detail = {"changed": changed, "secret_changed": client_secret is not None}
    await record(tx, by, "identity_provider.changed", _path(provider_id), detail)
    return after


async def remove(tx: Tx, by: Principal, provider_id: UUID) -> None:
    """Take a provider out: nobody signs in through it any more, and nobody must. Sessions that stand go on."""
    by.require(WRITE)
    before, wanted = await _found(tx, provider_id), await store.get_required(tx)
    await store.delete_provider(tx, provider_id)
    detail = {"name": before.name, "was_required": wanted is not None and wanted.id == provider_id}
    await record(tx, by, "identity_provider.removed", _path(provider_id), detail)


async def test(house: House, by: Principal, provider_id: UUID) -> list[Check]:
    """Ask the provider's issuer as a sign-in would, and say what is wrong."""
    by.require(WRITE)
    async with house.db.transaction(by.org_id) as tx:
        provider = await _found(tx, provider_id)
        await record(tx, by, "identity_provider.tested", _path(provider_id), {"issuer": provider.issuer})
    return await house.get(Issuers).check(provider.issuer, confidential=provider.confidential)


async def address(tx: Tx, by: Principal) -> str:
    """The name in the organization's sign-in address; "" without one."""
    by.require(READ)
    return await store.get_slug(tx)


async def rename(tx: Tx, by: Principal, slug: str) -> str:
    """Give the organization's sign-in address its name."""
    by.require(WRITE)
    before, tidy = await store.get_slug(tx), model.slug(slug)
    try:
        async with tx.attempt():
            await store.update_slug(tx, tidy)
    except Duplicate as error:
        raise Conflict("This name cannot be had.", cure="Take another one.") from error
    await record(tx, by, "sign_in_address.changed", f"organizations/{by.org_id}", {"slug": tidy, "was": before})
    return tidy


async def offers(house: House, slug: str) -> tuple[UUID | None, list[Offer]]:
    """The organization of a sign-in address and its providers; one that does not exist looks like one without any."""
    async with house.db.transaction() as tx:
        org_id = await store.org_of(tx, slug[:63].lower())
    if org_id is None:
        return None, []
    async with house.db.transaction(org_id) as tx:
        return org_id, await store.page_offers(tx)


async def own_offers(tx: Tx) -> list[Offer]:
    """The providers of the organization of `tx`, for whoever belongs to it."""
    return await store.page_offers(tx)


async def linked(tx: Tx, by: Principal) -> list[Linked]:
    """One's own identities at providers."""
    return await store.page_linked(tx, by.user_id)


async def unlink(tx: Tx, by: Principal, issuer: str, subject: str) -> None:
    """Unlink one of one's own identities: it signs nobody in any more."""
    if not await store.delete_linked(tx, by.user_id, issuer, subject):
        raise NotFound("You have no such identity.")
    await record(tx, by, "identity.unlinked", f"users/{by.user_id}", {"issuer": issuer})


def _may(by: Principal, wish: Wish) -> None:
    """Who decides that people are made, or which groups they are in, gives access; the provider says only who."""
    by.require(WRITE)
    if wish.create_role or wish.groups_claim:
        by.require("access:write")


async def _found(tx: Tx, provider_id: UUID) -> Provider:
    found = await store.get_provider(tx, provider_id)
    if found is None:
        raise NotFound("There is no such identity provider.")
    return found


def _path(provider_id: UUID) -> str:
    return f"identity-providers/{provider_id}"


def _taken(error: Duplicate) -> Conflict:
    if error.constraint == "identity_providers_name":
        return Conflict("There is a provider of this name.", cure="Take another name.")
    return Conflict("There is a provider with this issuer and client id.", cure="Change that one.")


def _told(wish: Wish) -> dict[str, object]:
    """What the audit keeps of a provider: nothing of it is secret."""
    return {name: getattr(wish, name) for name in Wish.__struct_fields__}
