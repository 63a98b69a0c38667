"""A request becomes a Principal; members come, change their role, and go."""

from __future__ import annotations

from uuid import UUID

from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, Denied, NotFound, Unauthenticated
from basefly.base.principal import Grant, Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.slice import Permissions
from basefly.base.web import Request, preferences, session_token
from basefly.core.access import store
from basefly.core.access.model import Me, Member, Organization, Role, permissions_of
from basefly.core.access.narrowing import narrowed
from basefly.core.audit.actions import record
from basefly.core.identity import actions as identity
from basefly.core.identity import model as secrets
from basefly.core.identity import passwords
from basefly.core.identity import store as people

_ENDED = "The session has ended, or the token is not valid (any more)."


async def authenticate(request: Request, *, touch: bool = True) -> Principal | None:
    """Who asks, with all their grants; None without a credential, Unauthenticated for one that is not good.

    `touch` notes that the credential was used, which keeps a session from idling out.
    """
    if header := request.headers.get("authorization"):
        scheme, _, given = header.partition(" ")
        if scheme.lower() != "bearer" or not given.strip().startswith(secrets.TOKEN_PREFIX):
            raise Unauthenticated("This is no token of ours.", cure="Send `Authorization: Bearer basefly_…`.")
        return await _principal(request, given.strip(), kind="token", touch=touch)
    if given := session_token(request):
        return await _principal(request, given, kind="session", touch=touch)
    return None


async def _principal(request: Request, secret: str, *, kind: str, touch: bool) -> Principal:
    org_id = secrets.organization_of(secret.removeprefix(secrets.TOKEN_PREFIX))
    if org_id is None:
        raise Unauthenticated(_ENDED, cure="Sign in again.")
    kept = secrets.fingerprint(secret)
    async with request.house.db.transaction(org_id) as tx:
        if kind == "token":
            user = await people.token_user(tx, kept)
        else:
            user = await people.session_user(tx, kept, request.house.settings.session_idle)
        membership = await store.get_membership(tx, user.id) if user else None
        if user is None or membership is None:
            raise Unauthenticated(_ENDED, cure="Sign in again.")
        if touch:
            await (people.touch_token if kind == "token" else people.touch_session)(tx, kept)
    held = (Grant(permissions_of(membership.role, request.house.get(Permissions))),)
    grants = narrowed(held, user.permissions, user.clusters)
    request.state.organization = membership.organization  # for the pages' shell
    request.state.preferences = preferences.stored(user.preferences)
    return Principal(user_id=user.id, org_id=org_id, name=user.name, email=user.email, grants=grants, kind=kind)


async def me(tx: Tx, by: Principal) -> Me:
    """Who asks, and what they may."""
    membership = await store.get_membership(tx, by.user_id)
    if membership is None:
        raise NotFound("You are no member any more.")
    permissions = sorted(permission for grant in by.grants for permission in grant.permissions)
    return Me(
        id=by.user_id,
        name=by.name,
        email=by.email,
        role=membership.role,
        organization=Organization(membership.org_id, membership.organization),
        permissions=permissions,
        kind=by.kind,
    )


async def members(tx: Tx, by: Principal) -> list[Member]:
    """Every member of the organization; needs access:read."""
    by.require("access:read")
    return await store.page_members(tx)


async def add_member(house: House, by: Principal, *, email: str, name: str, password: Secret, role: Role) -> Member:
    """Make an account with a first password, and its owner a member; needs access:write."""
    _may_give(by, role)
    secrets.check_email(secrets.normalized(email))
    secrets.check_password(password.reveal(), email=email, name=name)
    password_hash = await passwords.hashed(password)
    async with house.db.transaction(by.org_id) as tx:
        user = await identity.create_user(tx, by.org_id, email=email, name=name, password_hash=password_hash)
        await store.insert_member(tx, user.id, role)
        await record(tx, by, "member.added", f"members/{user.id}", {"role": role})
        return await _member(tx, user.id)


async def change_role(tx: Tx, by: Principal, user_id: UUID, role: Role) -> Member:
    """Give a member another role; needs access:write, and to make or unmake an owner, to be one."""
    _may_give(by, role)
    member = await _member(tx, user_id)
    _may_give(by, member.role)
    await _keep_an_owner(tx, member, role)
    await store.update_role(tx, user_id, role)
    await record(tx, by, "member.changed", f"members/{user_id}", {"role": role, "was": member.role})
    return await _member(tx, user_id)


async def remove_member(tx: Tx, by: Principal, user_id: UUID) -> None:
    """Take a member out; their sessions, tokens and open streams end within seconds. Needs access:write."""
    member = await _member(tx, user_id)
    _may_give(by, member.role)
    await _keep_an_owner(tx, member, None)
    await store.delete_member(tx, user_id)
    ended = await people.end_sessions(tx, user_id)
    revoked = await people.revoke_tokens(tx, user_id)
    await people.disable_user(tx, user_id)
    await record(tx, by, "member.removed", f"members/{user_id}", {"sessions_ended": ended, "tokens_revoked": revoked})


def _may_give(by: Principal, role: Role) -> None:
    by.require("access:write")
    if role == "owner" and not by.may("access:own"):
        raise Denied("Only an owner makes or unmakes owners.", cure="Ask an owner.", permission="access:own")


async def _member(tx: Tx, user_id: UUID) -> Member:
    member = await store.get_member(tx, user_id)
    if member is None:
        raise NotFound("There is no such member.")
    return member


async def _keep_an_owner(tx: Tx, member: Member, role: Role | None) -> None:
    if member.role == "owner" and role != "owner" and await store.count_owners(tx) < 2:
        raise Conflict("The organization would have no owner.", cure="Make someone else an owner first.")
