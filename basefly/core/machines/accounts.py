"""Service accounts: an organization's own members that are no people, and their tokens."""

from __future__ import annotations

from uuid import UUID, uuid4

from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, Denied, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.core.access import actions as access
from basefly.core.access import granting
from basefly.core.access import store as members
from basefly.core.access.model import Subject
from basefly.core.access.narrowing import narrowed
from basefly.core.access.rights import closure, holdings
from basefly.core.access.store import grants
from basefly.core.audit.actions import record
from basefly.core.identity import store as people
from basefly.core.identity import tokens
from basefly.core.identity.model import NewToken, Token, User
from basefly.core.identity.tokens import Limits
from basefly.core.machines import model
from basefly.core.machines.model import ServiceAccount, ServiceRole

READ, WRITE = "access:read", "access:write"
MOST = 500


async def accounts(tx: Tx, by: Principal) -> list[ServiceAccount]:
    """Every service account, by name; needs access:read."""
    by.require(READ)
    return await members.page_service_accounts(tx, ServiceAccount)


async def find(tx: Tx, by: Principal, account_id: UUID) -> ServiceAccount:
    """One service account; needs access:read."""
    found = next((each for each in await accounts(tx, by) if each.id == account_id), None)
    if found is None:
        raise NotFound("There is no such service account.")
    return found


async def create(house: House, tx: Tx, by: Principal, name: str, role: ServiceRole) -> ServiceAccount:
    """Make a service account; needs access:write."""
    by.require(WRITE)
    tidy = model.name(name)
    if any(each.name.lower() == tidy.lower() for each in await accounts(tx, by)):
        raise Conflict(f"There is a service account called {tidy}.", cure="Take another name.")
    account_id = uuid4()
    user = User(id=account_id, home_org_id=by.org_id, email=f"{account_id}@service.invalid", name=tidy)
    await people.insert_user(tx, user, None, kind="service")
    wish = granting.Wish(subject=Subject("user", str(account_id)), role=role)
    await grants.lock(tx)
    await members.insert_member(tx, account_id, None)
    given = await granting.may_still_give(house, tx, by, wish)
    await record(tx, by, "service_account.created", f"service-accounts/{account_id}", {"name": tidy, "role": role})
    await granting.give(tx, by, wish, given)
    return await find(tx, by, account_id)


async def change(
    house: House, tx: Tx, by: Principal, account_id: UUID, *, role: ServiceRole | None, disabled: bool | None
) -> ServiceAccount:
    """Give it another role, or disable it: that revokes its tokens for good; enabled again, it needs new ones."""
    by.require(WRITE)
    before = await find(tx, by, account_id)
    if role is not None and role != before.role:
        await access.change_role(house, tx, by, account_id, role)
    if disabled is not None and disabled != (before.disabled_at is not None):
        await (people.disable_user if disabled else people.enable_user)(tx, account_id)
        revoked = await people.revoke_tokens(tx, account_id) if disabled else 0
        act = "service_account.disabled" if disabled else "service_account.enabled"
        detail = {"name": before.name, "tokens_revoked": revoked}
        await record(tx, by, act, f"service-accounts/{account_id}", detail)
    return await find(tx, by, account_id)


async def remove(house: House, tx: Tx, by: Principal, account_id: UUID) -> None:
    """Take it out; its tokens end at once."""
    await find(tx, by, account_id)
    await access.remove_member(house, tx, by, account_id)


async def page_tokens(tx: Tx, by: Principal, account_id: UUID) -> list[Token]:
    """Its tokens; needs access:read."""
    await find(tx, by, account_id)
    return await people.page_tokens(tx, account_id)


async def create_token(house: House, tx: Tx, by: Principal, account_id: UUID, wish: tokens.Wish) -> NewToken:
    """A token of it, with no more than whoever makes it holds themselves. Needs access:write and a session."""
    by.require(WRITE)
    account = await find(tx, by, account_id)
    if account.disabled_at is not None:
        raise Conflict(f"{account.name} is disabled.", cure="Enable it first.")
    held = await holdings.of(house, tx, account_id)
    every = frozenset(permission for each in held for permission in each.permissions)
    wanted = every if wish.limits.permissions is None else frozenset(wish.limits.permissions)
    if beyond := sorted(wanted - every):
        raise Denied(
            f"{account.name} does not hold {beyond[0]} itself.",
            cure="Give the account a role that has it, or leave it out.",
            permission=beyond[0],
        )
    limits = Limits(sorted(wanted), wish.limits.clusters)
    for each in narrowed(held, limits.permissions, limits.clusters):
        granting.deny(closure.lacks(each, by.grants, lasting=False), each.role or account.name)
    return await tokens.create_for(tx, by, account_id, tokens.Wish(wish.name, wish.expires_in_days, limits))


async def revoke_token(tx: Tx, by: Principal, account_id: UUID, token_id: UUID) -> None:
    """Revoke one of its tokens; needs access:write."""
    by.require(WRITE)
    await find(tx, by, account_id)
    name = await people.revoke_token(tx, account_id, token_id)
    if name is None:
        raise NotFound("There is no such token.")
    detail = {"name": name, "of": f"service-accounts/{account_id}"}
    await record(tx, by, "token.revoked", f"tokens/{token_id}", detail)
