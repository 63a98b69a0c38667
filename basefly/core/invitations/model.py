"""What an invitation is, and what its mail says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import msgspec

LIFETIME = timedelta(days=7)

State = Literal["open", "expired", "accepted", "withdrawn"]


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who was asked in, with which role, and what became of it."""

    id: UUID
    email: str
    role: str
    role_name: str
    invited_by: UUID
    invited_by_name: str
    created_at: datetime
    sent_at: datetime
    expires_at: datetime
    state: State


class Sent(Invitation, frozen=True, kw_only=True):
    """An invitation just sent. `link` is there, this once, where the hub cannot send mail."""

    link: str | None


SUBJECT = "You are invited to {organization} on Basefly"
TEXT = """{inviter} invites you to {organization} on Basefly, as {role}.

Open this link within seven days to make your account. It works once:

{link}

If you do not know what this is about, delete this mail: without the link nobody can use the invitation.
"""


def letter(*, inviter: str, organization: str, role: str, link: str) -> tuple[str, str]:
    """Subject and text of the mail. What people chose as names stays on its line."""
    words = {"inviter": inviter, "organization": organization, "role": role}
    plain = {name: " ".join(word.split()) for name, word in words.items()}
    return SUBJECT.format(organization=plain["organization"]), TEXT.format(**plain, link=link)
