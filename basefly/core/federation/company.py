"""The company's sign-in for everybody: who is asked for it, and how it is turned on without locking everybody out."""

from __future__ import annotations

from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, Denied, FieldError, Invalid
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.access.model import OWN
from basefly.core.access.rights import holdings
from basefly.core.audit.actions import record
from basefly.core.factors.company import Company
from basefly.core.federation import store
from basefly.core.federation.issuers import Issuers
from basefly.core.federation.model import READ, WRITE, Provider
from basefly.core.identity import model as marks
from basefly.core.identity import store as people


class Required:
    """Tells sign-ins which provider is wanted of someone. Owners are the way out when it fails."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def wanted(self, tx: Tx, user_id: UUID) -> Company | None:
        """The provider that the organization of `tx` wants of everybody."""
        provider = await store.get_required(tx)
        if provider is None:
            return None
        held = await holdings.of(self._house, tx, user_id)
        return Company(
            name=provider.name,
            address=f"/sign-in/{await store.get_slug(tx)}/{provider.id}",
            linked=any(each.issuer == provider.issuer for each in await store.page_linked(tx, user_id)),
            exempt=any(OWN in grant.permissions for grant in held),
        )


async def required(tx: Tx, by: Principal) -> tuple[Provider | None, int]:
    """The provider that is wanted of everybody, and how many have not linked it yet; needs federation:read."""
    by.require(READ)
    provider = await store.get_required(tx)
    return provider, await store.count_unlinked(tx, provider.issuer) if provider else 0


async def require(house: House, by: Principal, secret: str, provider_id: UUID) -> None:
    """Want a provider of everybody from their next sign-in on. It must work, and whoever asks be able to come back:
    by that provider, as this session of theirs did, or as an owner. `secret` is that of the session."""
    by.require(WRITE)
    async with house.db.transaction(by.org_id) as tx:
        provider = await _found(tx, provider_id)
        await _can_come_back(tx, by, secret, provider)
    wrong = [
        each
        for each in await house.get(Issuers).check(provider.issuer, confidential=provider.confidential)
        if not each.ok
    ]
    if wrong:
        raise Conflict(f"{provider.name} does not work: {wrong[0].detail}", cure="Put it right, and test it, first.")
    async with house.db.transaction(by.org_id) as tx:
        before = await store.get_required(tx)
        await _found(tx, provider_id)
        await store.update_required(tx, provider_id)
        if before is None or before.id != provider_id:
            detail = {"provider": provider.name, "was": before.name if before else None}
            await record(tx, by, "company_sign_in.required", f"identity-providers/{provider_id}", detail)


async def release(tx: Tx, by: Principal) -> None:
    """Want no provider of everybody any more."""
    by.require(WRITE)
    if before := await store.get_required(tx):
        await store.update_required(tx, None)
        detail = {"provider": before.name}
        await record(tx, by, "company_sign_in.released", f"identity-providers/{before.id}", detail)


def unknown() -> Invalid:
    """What is chosen is none of the organization's providers."""
    detail = "There is no such identity provider."
    return Invalid(detail, errors=(FieldError("/provider", detail),), cure="Choose one of the organization's own.")


async def _can_come_back(tx: Tx, by: Principal, secret: str, provider: Provider) -> None:
    if not await store.get_slug(tx):
        raise Conflict("Nobody finds the provider without a sign-in address.", cure="Name the address first.")
    if by.may(OWN):
        return
    session = await people.session_id_of(tx, marks.fingerprint(secret))
    came = session and await store.came_through(tx, session, issuer=provider.issuer, client_id=provider.client_id)
    if not came:
        raise Denied(
            f"You did not sign in with {provider.name}: you could lock yourself and everybody out.",
            cure="Sign in with it and turn this on then, or ask an owner.",
        )


async def _found(tx: Tx, provider_id: UUID) -> Provider:
    found = await store.get_provider(tx, provider_id)
    if found is None:
        raise unknown()
    return found
