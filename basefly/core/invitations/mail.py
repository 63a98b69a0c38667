"""The mail that brings an invitation, made when it is sent: its link lies nowhere before."""

from __future__ import annotations

from uuid import UUID

from basefly.base.runtime.house import House
from basefly.base.web.language import t
from basefly.core.access import store as members
from basefly.core.identity import model as secrets
from basefly.core.identity.mail.outbox import Letter, paragraphs
from basefly.core.identity.model import Mail
from basefly.core.invitations import store
from basefly.core.invitations.model import LIFETIME, Invitation

KIND = "invitation"


def words(org_id: UUID, found: Invitation) -> dict[str, str]:
    """What the mail is made of."""
    return {"organization": str(org_id), "invitation": str(found.id)}


async def compose(house: House, mail: Mail) -> Letter | None:
    """The mail with a new link, good for a week from now; None once the invitation is accepted or withdrawn."""
    org_id = UUID(mail.words["organization"])
    async with house.db.transaction(org_id) as tx:
        found = await store.get(tx, UUID(mail.words["invitation"]))
        place = await members.get_place(tx, found.invited_by) if found else None
        if found is None or place is None or found.state not in ("open", "expired"):
            return None
        secret = secrets.mint(org_id).reveal()
        await store.renew(tx, found.id, found.invited_by, secret_hash=secrets.fingerprint(secret), lifetime=LIFETIME)
    organization = _line(place.organization)
    text = paragraphs(
        t("{inviter} invites you to {organization} on Basefly, as {role}.",
          inviter=_line(found.invited_by_name), organization=organization, role=_line(found.role_name)),
        t("Open this link within seven days to create your account. It works once:"),
        link(house, secret),
        t("If you do not know what this is about, delete this mail: without the link nobody can use the invitation."),
    )  # fmt: skip
    return Letter(found.email, t("You are invited to {organization} on Basefly", organization=organization), text)


def _line(name: str) -> str:
    """What people chose as a name stays on its line."""
    return " ".join(name.split())


def link(house: House, secret: str) -> str:
    """Where an invitation is accepted. What stands behind the # never reaches a server's log."""
    return f"{house.settings.url}/invitation#{secret}"
