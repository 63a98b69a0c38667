"""Who may do something and why, and why someone may not: pure, over what people hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from basefly.base.principal import Grant
from basefly.core.access.model import Where

Miss = Literal["ended", "elsewhere", "lesser"]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A permission, over a cluster and a namespace of it; without them: anywhere in the organization."""

    permission: str
    cluster: UUID | None = None
    namespace: str | None = None


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """A grant as an explanation names it: its role, through whom (`team:SRE`; "" for oneself), over what, until when.

    `miss` says why it does not do: it has `ended`, reaches `elsewhere`, or its role is `lesser`; "" where it does.
    """

    grant: UUID | None
    role: str
    via: str
    where: Where
    ends_at: datetime | None
    miss: Miss | Literal[""] = ""


def gives(grant: Grant, asked: Question) -> bool:
    """Whether a grant gives what is asked."""
    return asked.permission in grant.permissions and reaches(grant, asked)


def reaches(grant: Grant, asked: Question) -> bool:
    """Whether a grant reaches the place that is asked for."""
    if asked.cluster is None:
        return asked.namespace is None or grant.namespaces is None or asked.namespace in grant.namespaces
    return grant.covers(asked.cluster, asked.namespace)


def missed(grant: Grant, asked: Question, *, active: bool) -> Miss | None:
    """Why a grant comes near and does not do; None for one that does, or is far off."""
    if asked.permission in grant.permissions:
        return ("elsewhere" if not reaches(grant, asked) else None) if active else "ended"
    return "lesser" if active and reaches(grant, asked) else None


def nearest(misses: Iterable[Reason]) -> list[Reason]:
    """The misses, the nearest first: what was there and ended, what is there elsewhere, what is here and too little."""
    order: Sequence[str] = ("ended", "elsewhere", "lesser")
    return sorted(misses, key=lambda reason: (order.index(reason.miss), reason.role, reason.via))


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the access review: what one member has, through whom, since when and by whom, until when and why."""

    member: UUID
    name: str
    email: str
    role: str
    via: str
    where: Where
    since: datetime | None
    granted_by: str
    expires_at: datetime | None
    reason: str
