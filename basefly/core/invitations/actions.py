"""Invite, send again, withdraw, accept. An invitation gives what its inviter can give at the moment it is accepted."""

from __future__ import annotations

from uuid import UUID

import msgspec

from basefly.base.db.failures import Duplicate
from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, Denied, NotFound
from basefly.base.limits import network
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.secret import Secret
from basefly.base.web.language import sentence
from basefly.core.access import granting
from basefly.core.access import store as members
from basefly.core.access.model import READ, WRITE, Subject
from basefly.core.access.rights import holdings
from basefly.core.audit.actions import record
from basefly.core.identity import actions as identity
from basefly.core.identity import model as secrets
from basefly.core.identity import passwords, signing, throttle
from basefly.core.identity.mail import outbox
from basefly.core.identity.model import Origin, User
from basefly.core.invitations import mail, store
from basefly.core.invitations.model import LIFETIME, Invitation, Sent

_BAD_LINK = "This invitation is not valid (any more)."
_ASK = "Ask whoever invited you to send it again."
_OVER = {
    "accepted": sentence("This invitation was accepted."),
    "withdrawn": sentence("This invitation was withdrawn."),
}


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """What the invited person chooses."""

    name: str
    password: Secret


async def invitations(tx: Tx, by: Principal) -> list[Invitation]:
    """Every invitation, the newest first; needs access:read."""
    by.require(READ)
    return await store.page(tx)


async def invite(house: House, tx: Tx, by: Principal, email: str, role: str) -> Sent:
    """Ask someone in, with a role over the whole organization; needs access:write, and all that the role gives."""
    by.require_everywhere(WRITE)
    email = secrets.normalized(email)
    secrets.check_email(email)
    found = await granting.may_give(house, tx, by.grants, _wish(by.user_id, role))
    if any(member.email == email for member in await members.page_members(tx)):
        raise Conflict("This address belongs to a member already.", cure="Give them another role instead.")
    secret = secrets.mint(by.org_id).reveal()
    kept = secrets.fingerprint(secret)
    try:
        created = await store.insert(tx, email, (found.id, found.name), by.user_id, secret_hash=kept, lifetime=LIFETIME)
    except Duplicate as error:
        raise Conflict("There is an open invitation to this address.", cure="Send that one again.") from error
    await record(tx, by, "invitation.sent", f"invitations/{created}", {"role": found.name})
    return await _send(house, tx, by, await find(tx, by, created), secret)


async def send_again(house: House, tx: Tx, by: Principal, invitation_id: UUID) -> Sent:
    """A new link for another week; the earlier one ends. Whoever sends it must be able to give the role."""
    by.require_everywhere(WRITE)
    before = await find(tx, by, invitation_id)
    _still_open(before)
    await granting.may_give(house, tx, by.grants, _wish(by.user_id, before.role))
    secret = secrets.mint(by.org_id).reveal()
    kept = secrets.fingerprint(secret)
    await store.renew(tx, invitation_id, by.user_id, secret_hash=kept, lifetime=LIFETIME)
    await record(tx, by, "invitation.sent", f"invitations/{invitation_id}", {"role": before.role_name, "again": True})
    return await _send(house, tx, by, await find(tx, by, invitation_id), secret)


async def withdraw(tx: Tx, by: Principal, invitation_id: UUID) -> None:
    """End an invitation that nobody has accepted."""
    by.require_everywhere(WRITE)
    found = await find(tx, by, invitation_id)
    if not await store.withdraw(tx, invitation_id):
        raise Conflict(_OVER[found.state], cure="Remove the member instead, if they came in by it.")
    await record(tx, by, "invitation.withdrawn", f"invitations/{invitation_id}", {"role": found.role_name})


async def accept(house: House, secret: str, wish: Acceptance, origin: Origin) -> tuple[User, Secret]:
    """Make the account, the member and the grant, and sign them in; the link is used up.

    Raises Denied for a link that is not good, or whose inviter can no longer give that; Invalid for what was typed;
    CompanySignIn where the account is made, and the organization wants its own provider's word for whoever signs in.
    """
    await throttle.spend(house.db, "invitation", network(origin.address), throttle.NETWORK)
    org_id = secrets.organization_of(secret)
    if org_id is None:
        raise Denied(_BAD_LINK, cure=_ASK)
    secrets.check_password(wish.password.reveal(), name=wish.name)
    password_hash = await passwords.hashed(wish.password)
    async with house.db.transaction(org_id) as tx:
        used = await store.use(tx, secrets.fingerprint(secret))
        found = await store.get(tx, used) if used else None
        if found is None:
            raise Denied(_BAD_LINK, cure=_ASK)
        user = await identity.create_user(tx, org_id, email=found.email, name=wish.name, password_hash=password_hash)
        await members.insert_member(tx, user.id, None)
        await _give(house, tx, found, user)
        came = await signing.admit(house, tx, user, origin, proved=("password",))
    return user, signing.complete(house, came).secret


async def find(tx: Tx, by: Principal, invitation_id: UUID) -> Invitation:
    """One invitation; needs access:read."""
    by.require(READ)
    found = await store.get(tx, invitation_id)
    if found is None:
        raise NotFound("There is no such invitation.")
    return found


async def _give(house: House, tx: Tx, found: Invitation, user: User) -> None:
    """The role, if whoever invited can give it at this moment: by then they may hold less, or have gone."""
    inviter = await members.get_member(tx, found.invited_by)
    held = await holdings.of(house, tx, found.invited_by) if inviter else ()
    may = any("access:write" in grant.permissions and grant.covers() for grant in held)
    wish = _wish(user.id, found.role)
    if inviter is None or not may:
        raise Denied("Whoever invited you can no longer do so.", cure="Ask another owner or admin to invite you.")
    role = await granting.may_give(house, tx, held, wish)
    by = Principal(user_id=inviter.id, org_id=user.home_org_id, name=inviter.name, email=inviter.email, grants=held)
    await granting.give(tx, by, wish, role)
    new = Principal(user_id=user.id, org_id=user.home_org_id, name=user.name, email=user.email, grants=())
    detail = {"role": role.name, "invited_by": str(inviter.id), "member": str(user.id)}
    await record(tx, new, "invitation.accepted", f"invitations/{found.id}", detail)


async def _send(house: House, tx: Tx, by: Principal, found: Invitation, secret: str) -> Sent:
    """By mail, if any goes out here; otherwise whoever invites hands the link over."""
    if mailed := outbox.configured(house):
        await outbox.post(tx, mail.KIND, found.email, mail.words(by.org_id, found))
    return Sent(**msgspec.structs.asdict(found), link=None if mailed else mail.link(house, secret))


def _still_open(found: Invitation) -> None:
    if found.state in ("accepted", "withdrawn"):
        raise Conflict(_OVER[found.state], cure="Make a new one.")


def _wish(user_id: UUID, role: str) -> granting.Wish:
    return granting.Wish(subject=Subject("user", str(user_id)), role=role)
