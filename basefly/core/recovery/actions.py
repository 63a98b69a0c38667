"""Take somebody's second factors away: who may, of whom, and in which order."""

from __future__ import annotations

from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.errors import Conflict, Denied, NotFound
from basefly.base.principal import Principal
from basefly.base.runtime.house import House
from basefly.base.web.language import t
from basefly.core.access import store as members
from basefly.core.access.model import WRITE, Member
from basefly.core.access.rights import holdings
from basefly.core.access.rights.closure import lacks
from basefly.core.access.store import grants
from basefly.core.audit.actions import record
from basefly.core.factors import actions as factors
from basefly.core.factors.model import Enrolled
from basefly.core.identity import store as people
from basefly.core.identity.mail import outbox
from basefly.core.identity.mail.outbox import Letter, paragraphs
from basefly.core.identity.model import Mail
from basefly.core.recovery.model import Removed

KIND = "factors_removed"


async def look(house: House, tx: Tx, by: Principal, user_id: UUID) -> tuple[Member, Enrolled]:
    """Whose factors these are, and what they have set up. Raises whatever stands against taking them away."""
    by.require_everywhere(WRITE)
    member = await members.get_member(tx, user_id)
    if member is None:
        raise NotFound("There is no such member.")
    if user_id == by.user_id:
        raise Conflict("These are your own factors.", cure="Change them under Settings, Security.")
    account = await people.get_user_account(tx, user_id)
    if account is None or account.home_org_id != by.org_id:
        raise Conflict(
            "This member does not sign in here.", cure="The organization that the account belongs to can do it."
        )
    await _may(house, tx, by, member)
    return member, await factors.enrolled(tx, user_id)


async def remove_factors(house: House, tx: Tx, by: Principal, user_id: UUID) -> Removed:
    """Take away all factors and recovery codes of a member, and end their sessions.

    Needs access:write, and all that the member holds: the password alone opens their account from now on. Raises
    Conflict where nothing is set up.
    """
    member, _ = await look(house, tx, by, user_id)
    # Factors before sessions, as whoever uses or adds one has it: so we wait for them, and never they for us and we
    # for them. A sign-in by a factor has begun its session by then; a factor that was added meanwhile goes after all.
    found = await factors.remove_all(tx, user_id)
    if not found.any:
        raise Conflict("This member has no second factor.", cure="They can sign in with their password.")
    ended = await people.end_sessions(tx, user_id)
    late = await factors.remove_all(tx, user_id)
    await people.end_pendings(tx, user_id)
    removed = Removed(
        totp=found.totp or late.totp,
        passkeys=found.passkeys + late.passkeys,
        recovery_codes=found.recovery_codes + late.recovery_codes,
        sessions_ended=ended,
    )
    await record(tx, by, "factors.removed", f"users/{user_id}", msgspec.structs.asdict(removed))
    await outbox.tell(tx, house, KIND, member.email)
    return removed


async def compose(house: House, mail: Mail) -> Letter | None:
    """The mail to whom they belonged."""
    text = paragraphs(
        t("Hello,"),
        t("an administrator of your organization at {hub} took away all your second factors: passkeys, authenticator "
          "app and recovery codes. Your sessions have ended.", hub=house.settings.url),
        t("Sign in with your password, and set up a new factor under Settings, Security."),
        t("If you did not ask for this, set a new password at once, and tell another administrator."),
    )  # fmt: skip
    return Letter(mail.recipient, t("Your second factors on Basefly were taken away"), text)


async def _may(house: House, tx: Tx, by: Principal, member: Member) -> None:
    """Only of somebody who holds nothing more: otherwise an admin with an owner's password would be an owner."""
    held = [each for each in await grants.held_by_all(tx, member.id) if each.active]
    for each in await holdings.built(house, tx, held):
        if missing := lacks(each, by.grants, lasting=False):
            raise Denied(
                f"This member holds {missing[0]} by the role {each.role}, which you do not hold over all of that.",
                cure="Ask someone who holds it, such as an owner.",
                permission=missing[0],
            )
