"""A request becomes a Principal; members come, change their role, and go."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, Denied, NotFound, Unauthenticated
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web import Request, preferences, session_token
from basefly.core.access import granting, store
from basefly.core.access.model import WRITE, Credential, Me, Member, Organization, Place, Subject
from basefly.core.access.narrowing import narrowed
from basefly.core.access.rights import holdings
from basefly.core.access.store import grants, teams
from basefly.core.audit.actions import record
from basefly.core.factors import actions as factors
from basefly.core.factors.model import strong
from basefly.core.identity import actions as identity
from basefly.core.identity import model as secrets
from basefly.core.identity import passwords, throttle
from basefly.core.identity import store as people
from basefly.core.identity.model import Visitor

_ENDED = "The session has ended, or the token is not valid (any more)."


async def authenticate(request: Request, *, touch: bool = True) -> Principal | None:
    """Who asks, with all their grants; None without a credential, Unauthenticated for one that is not good.

    `touch` notes that the credential was used, which keeps a session from idling out.
    """
    credential = credential_of(request)
    if credential is None:
        return None
    by, place, user = await _known(request.house, credential, touch=touch)
    request.state.organization = place.organization  # for the pages' shell
    request.state.preferences = preferences.stored(user.preferences)
    return by


def credential_of(request: Request) -> Credential | None:
    """What a request proves itself by; None when by nothing. Raises Unauthenticated for what is none of ours."""
    if header := request.headers.get("authorization"):
        scheme, _, given = header.partition(" ")
        if scheme.lower() != "bearer" or not given.strip().startswith(secrets.TOKEN_PREFIX):
            raise Unauthenticated("This is no token of ours.", cure="Send `Authorization: Bearer basefly_…`.")
        return credential(given.strip(), "token")
    given = session_token(request)
    return credential(given, "session") if given else None


def credential(secret: str, kind: str) -> Credential:
    """A secret as it is looked for. Raises Unauthenticated for one that cannot be ours."""
    org_id = secrets.organization_of(secret.removeprefix(secrets.TOKEN_PREFIX))
    if org_id is None:
        raise Unauthenticated(_ENDED, cure="Sign in again.")
    return Credential(org_id, kind, secrets.fingerprint(secret))


async def principal_of(house: House, credential: Credential, *, touch: bool = True) -> Principal:
    """Whose credential this is, with all that it gives at this moment. Raises Unauthenticated."""
    return (await _known(house, credential, touch=touch))[0]


async def standing(
    house: House,
    org_id: UUID,
    user_id: UUID,
    permissions: Sequence[str] | None = None,
    clusters: Sequence[UUID] | None = None,
) -> Principal:
    """A person as they stand at this moment, with no more than these permissions over these clusters; None for all.

    For what goes on in their name when no request of theirs is in hand. Raises Unauthenticated for whoever is no
    member (any more).
    """
    async with house.db.transaction(org_id) as tx:
        member = await store.get_standing(tx, user_id)
        if member is None:
            raise Unauthenticated("This person is no member any more.")
        grants = narrowed(await holdings.of(house, tx, user_id), permissions, clusters)
    return Principal(
        user_id=user_id, org_id=org_id, name=member.name, email=member.email, grants=grants, kind="operation"
    )


async def _known(house: House, credential: Credential, *, touch: bool) -> tuple[Principal, Place, Visitor]:
    kind, kept = credential.kind, credential.fingerprint
    async with house.db.transaction(credential.org_id) as tx:
        if kind == "token":
            user = await people.token_user(tx, kept)
        else:
            user = await people.session_user(tx, kept, house.settings.session_idle)
        place = await store.get_place(tx, user.id) if user else None
        if user is None or place is None:
            raise Unauthenticated(_ENDED, cure="Sign in again.")
        if touch:
            await (people.touch_token if kind == "token" else people.touch_session)(tx, kept)
        held = narrowed(await holdings.of(house, tx, user.id), user.permissions, user.clusters)
        confined = await _confined(tx, user, place, kind=kind)
    by = Principal(
        user_id=user.id,
        org_id=credential.org_id,
        name=user.name,
        email=user.email,
        grants=() if confined else held,
        kind=kind,
        proved_at=user.proved_at,
        factors=user.factors,
        confined=confined,
    )
    return by, place, user


async def _confined(tx: Tx, user: Visitor, place: Place, *, kind: str) -> bool:
    """Whether the organization wants a second factor that this session has not proved, or this token's maker lacks."""
    if not place.second_factor_required:
        return False
    if kind == "token":
        return not user.machine and not (await factors.enrolled(tx, user.id)).any
    return not strong(user.factors)


async def me(tx: Tx, by: Principal) -> Me:
    """Who asks, and what they may."""
    membership = await store.get_membership(tx, by.user_id)
    if membership is None:
        raise NotFound("You are no member any more.")
    permissions = sorted({permission for grant in by.grants for permission in grant.permissions})
    return Me(
        id=by.user_id,
        name=by.name,
        email=by.email,
        role=membership.role,
        organization=Organization(membership.org_id, membership.organization),
        permissions=permissions,
        kind=by.kind,
    )


async def second_factor_required(tx: Tx, by: Principal) -> bool:
    """Whether the organization wants a second factor of everyone."""
    membership = await store.get_membership(tx, by.user_id)
    return membership is not None and membership.second_factor_required


async def require_second_factor(tx: Tx, by: Principal, *, required: bool) -> None:
    """Want a second factor of everyone, or no more; needs access:own, and to have proved one oneself."""
    by.require("access:own")
    if required and not strong(by.factors):
        raise Conflict(
            "You would lock yourself out: you have not proved a second factor in this session.",
            cure="Set one up under Settings, Security, first.",
        )
    if await store.update_second_factor(tx, required=required):
        detail = {"second_factor_required": required}
        await record(tx, by, "organization.changed", f"organizations/{by.org_id}", detail)


async def members(tx: Tx, by: Principal) -> list[Member]:
    """Every member of the organization; needs access:read."""
    by.require("access:read")
    return await store.page_members(tx)


async def add_member(house: House, by: Principal, *, email: str, name: str, password: Secret, role: str) -> Member:
    """Make an account with a first password, and its owner a member; needs access:write, and to hold what they get."""
    by.require_everywhere(WRITE)
    async with house.db.transaction(by.org_id) as tx:
        await granting.may_give(house, tx, by.grants, _wish(by.user_id, role))
    # An account is unique in the whole hub: who makes one finds out whether an address has one, so not for thousands.
    await throttle.spend(house.db, "accounts", str(by.org_id), throttle.ACCOUNTS)
    secrets.check_email(secrets.normalized(email))
    secrets.check_password(password.reveal(), email=email, name=name)
    password_hash = await passwords.hashed(password)
    async with house.db.transaction(by.org_id) as tx:
        await grants.lock(tx)
        user = await identity.create_user(tx, by.org_id, email=email, name=name, password_hash=password_hash)
        await store.insert_member(tx, user.id, None)
        wish = _wish(user.id, role)
        found = await granting.may_still_give(house, tx, by, wish)
        await record(tx, by, "member.added", f"members/{user.id}", {"role": found.name})
        await granting.give(tx, by, wish, found)
        return await _member(tx, user.id)


async def change_role(house: House, tx: Tx, by: Principal, user_id: UUID, role: str) -> Member:
    """Give a member another role over the whole organization, in place of the one they have there without end."""
    by.require_everywhere(WRITE)
    async with granting.keeping_an_owner(tx):
        member = await _member(tx, user_id)
        wish = _wish(user_id, role)
        found = await granting.may_still_give(house, tx, by, wish)
        old = [each for each in await grants.page(tx, wish.subject) if each.where.whole and each.expires_at is None]
        taken = {each.id for each in old}
        held = await grants.held_by_all(tx, user_id)
        await granting.may_take(house, tx, by, [each for each in held if each.id in taken])
        await granting.take(tx, by, old)
        await granting.give(tx, by, wish, found)
        await record(tx, by, "member.changed", f"members/{user_id}", {"role": found.name, "was": member.role})
        return await _member(tx, user_id)


async def remove_member(house: House, tx: Tx, by: Principal, user_id: UUID) -> None:
    """Take a member out; their sessions, tokens and open streams end within seconds. Needs access:write."""
    by.require_everywhere(WRITE)
    await _member(tx, user_id)
    held = await grants.held_by_all(tx, user_id)
    await granting.may_take(house, tx, by, [each for each in held if each.active])
    await end_membership(tx, by, user_id, "member.removed")


async def leave(tx: Tx, by: Principal) -> None:
    """Go oneself; the last owner cannot."""
    if by.kind != "session":
        raise Denied("A token cannot leave the organization.", cure="Sign in with your password for this.")
    await _member(tx, by.user_id)
    await end_membership(tx, by, by.user_id, "member.left")


async def end_membership(tx: Tx, by: Principal | None, user_id: UUID, act: str) -> None:
    """Take everything away that someone has here. Conflict for the last owner."""
    async with granting.keeping_an_owner(tx):
        await granting.take(tx, by, await grants.page(tx, Subject("user", str(user_id))), why=act)
        await teams.leave_all(tx, user_id)
        await people.delete_groups(tx, user_id)
        await store.delete_member(tx, user_id)
        ended = await people.end_sessions(tx, user_id)
        revoked = await people.revoke_tokens(tx, user_id)
        await people.disable_user(tx, user_id)
        await record(tx, by, act, f"members/{user_id}", {"sessions_ended": ended, "tokens_revoked": revoked})


def _wish(user_id: UUID, role: str) -> granting.Wish:
    return granting.Wish(subject=Subject("user", str(user_id)), role=role)


async def _member(tx: Tx, user_id: UUID) -> Member:
    member = await store.get_member(tx, user_id)
    if member is None:
        raise NotFound("There is no such member.")
    return member
