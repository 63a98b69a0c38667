"""What an organization chooses to show, and what is known of each cluster's rules. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from basefly.base.sight import Kinds, Profile
from basefly.base.web.language import sentence

Choice = Literal["hub", "clusters"]
CHOICES: tuple[Choice, ...] = ("hub", "clusters")
Verdict = Literal["agrees", "differs", "refused"]

RBAC = "rbac.authorization.k8s.io"
CLUSTER_ROLES, ROLES = f"clusterroles.{RBAC}", f"roles.{RBAC}"
CLUSTER_BINDINGS, BINDINGS = f"clusterrolebindings.{RBAC}", f"rolebindings.{RBAC}"
NAMED = 6  # kinds that a sentence names; the rest is counted
KINDS = (CLUSTER_ROLES, ROLES, CLUSTER_BINDINGS, BINDINGS)


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What shows in an organization, since when, and who chose it."""

    choice: Choice = "hub"
    changed_at: datetime | None = None
    changed_by: str = ""


class Verdicted(msgspec.Struct, frozen=True, kw_only=True):
    """What a cluster said when it was asked whether it decides as its roles read, about `asked` objects and people."""

    cluster_id: UUID
    verdict: Verdict
    detail: str
    asked: int
    checked_at: datetime


class Binding(msgspec.Struct, frozen=True, kw_only=True):
    """A binding that names someone: in a namespace ("" for everywhere), to whom, and which role."""

    cluster_id: UUID
    namespace: str
    subjects: list[str]
    role_uid: str
    role_digest: int


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a cluster stands where its rules count.

    `unread`: its roles and bindings are not known, so that it shows nothing; `differs`: it decides otherwise than they
    read, so that it is asked; they count where it `agrees`, is `unasked` (not
    compared yet), or has `refused` (the hub may not ask it).
    """

    cluster_id: UUID
    name: str
    state: Literal["unread", "differs", "agrees", "refused", "unasked"]
    detail: str = ""
    checked_at: datetime | None = None


def standing(cluster: UUID, name: str, unread: str | None, said: Verdicted | None) -> Standing:
    """How a cluster stands; `unread` is why its rules are not known, None if they are."""
    if said is not None and (said.verdict == "differs" or unread is None):
        return Standing(
            cluster_id=cluster, name=name, state=said.verdict, detail=said.detail, checked_at=said.checked_at
        )
    if unread is not None:
        return Standing(cluster_id=cluster, name=name, state="unread", detail=unread)
    return Standing(cluster_id=cluster, name=name, state="unasked")


def explained(profile: Profile, namespace: str | None) -> str:
    """What a cluster's own rules show someone who may read it at the hub, all over it or in a namespace."""
    within = [kinds for space, kinds in profile.spaces if namespace in (None, space)]
    kinds: Kinds = frozenset()
    for more in (profile.whole, *within):
        kinds = None if kinds is None or more is None else kinds | more
    if profile.whole is None or (namespace and kinds is None):
        return sentence("The cluster's own RBAC lets them see everything there.")
    if kinds is None:
        return sentence("The cluster's own RBAC lets them see everything in some namespaces.")
    if kinds:
        first, more_kinds = ", ".join(sorted(kinds)[:NAMED]), len(kinds) - NAMED
        if more_kinds > 0:
            return sentence(f"Of that the cluster's own RBAC lets them see {first} and {more_kinds} more kinds.")
        return sentence(f"Of that the cluster's own RBAC lets them see {first}.")
    if profile.names:
        return sentence("Of that the cluster's own RBAC lets them see single objects by their names.")
    return sentence("The cluster's own RBAC lets them see nothing there, so nothing of it is shown.")
