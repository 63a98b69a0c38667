"""Who asks and what they may do. Pure: built once a request by `access`, asked everywhere without waiting."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

from basefly.base.errors import Denied, StepUpNeeded
from basefly.base.sight import Sight

RECENT = timedelta(minutes=15)  # how long a proof of oneself is good for what cannot be taken back


class Grant(msgspec.Struct, frozen=True):
    """Permissions over some clusters and some of their namespaces; `None` means all of them.

    The rest only explains, and bounds what may be handed on: `id` and `role` name the grant, `via` through whom it came
    (`team:SRE`; "" for oneself), `rule` what chose the clusters (`region:eu`; "" where nothing but their ids did), and
    `ends_at` when it ends.
    """

    permissions: frozenset[str]
    clusters: frozenset[UUID] | None = None
    namespaces: frozenset[str] | None = None
    id: UUID | None = None
    role: str = ""
    via: str = ""
    rule: str = ""
    ends_at: datetime | None = None

    def covers(self, cluster: UUID | None = None, namespace: str | None = None) -> bool:
        """Whether it reaches a namespace of a cluster; None stands for the whole of either."""
        return (self.clusters is None or (cluster is not None and cluster in self.clusters)) and (
            self.namespaces is None or (namespace is not None and namespace in self.namespaces)
        )


class Reach(msgspec.Struct, frozen=True):
    """One part of a scope: these clusters, and these namespaces within them; `None` means all."""

    clusters: frozenset[UUID] | None
    namespaces: frozenset[str] | None


class Scope(msgspec.Struct, frozen=True):
    """What one permission lets one principal see: the union of its reaches, inside one organization.

    `sight` narrows it to what the clusters' own rules show, where the organization wants that of what is read.
    """

    org_id: UUID
    reaches: tuple[Reach, ...]
    sight: Sight | None = None

    @property
    def everywhere(self) -> bool:
        """True when every place of the organization is in reach."""
        return Reach(None, None) in self.reaches

    @property
    def everything(self) -> bool:
        """True when the whole organization is in sight, so that queries need no further filter."""
        return self.sight is None and self.everywhere

    @property
    def unknown(self) -> Mapping[UUID, str]:
        """The clusters of which it is not known what they let see, and why: they show nothing."""
        return self.sight.unknown if self.sight is not None else {}

    def widened(self) -> Scope:
        """The same over every place: for rows of which something else says that their place is in reach."""
        return Scope(self.org_id, (Reach(None, None),), self.sight)

    def bounded(self, resources: Collection[str]) -> bool:
        """Whether within some cluster only a part of these resources' objects is in sight."""
        if self.sight is not None and self.sight.divides(resources):
            return True
        return not self.everywhere and any(reach.namespaces is not None for reach in self.reaches)

    @property
    def clusters(self) -> frozenset[UUID] | None:
        """The clusters of which anything is in sight; None when it is all of them."""
        if any(reach.clusters is None for reach in self.reaches):
            return None
        return frozenset[UUID]().union(*(reach.clusters or () for reach in self.reaches))

    def covers(self, cluster: UUID, namespace: str | None = None) -> bool:
        """Whether this cluster (and, if given, this namespace of it) is in sight."""
        return any(
            (reach.clusters is None or cluster in reach.clusters)
            and (reach.namespaces is None or (namespace is not None and namespace in reach.namespaces))
            for reach in self.reaches
        )

    def sees(self, cluster: UUID) -> bool:
        """Whether anything of this cluster is in sight, be it one namespace."""
        return any(reach.clusters is None or cluster in reach.clusters for reach in self.reaches)

    def shows(self, cluster: UUID, resource: str, namespace: str, name: str) -> bool:
        """Whether this object is in sight."""
        return self.covers(cluster, namespace) and (
            self.sight is None or self.sight.shows(cluster, resource, namespace, name)
        )

    def whole(self, cluster: UUID, resources: Sequence[str]) -> bool:
        """Whether all of these resources' objects in this cluster are in sight."""
        return self.covers(cluster) and (self.sight is None or self.sight.whole(cluster, resources))


class Principal(msgspec.Struct, frozen=True):
    """Someone signed in, with all their grants. `kind` is how they proved it: session or token.

    `proved_at` and `factors` are when and by what the person behind a session last proved themselves. One who is
    `confined` may only set up the second factor that their organization wants of everyone. `sight` is what the
    clusters' own rules show them, where the organization wants that it counts.
    """

    user_id: UUID
    org_id: UUID
    name: str
    email: str
    grants: tuple[Grant, ...]
    kind: str = "session"
    proved_at: datetime | None = None
    factors: tuple[str, ...] = ()
    confined: bool = False
    sight: Sight | None = None

    @property
    def rights(self) -> Hashable:
        """All that decides what this principal sees, under whatever permission: who has equal rights sees the same."""
        return frozenset((each.permissions, each.clusters, each.namespaces) for each in self.grants), self.sight

    def recent(self, now: datetime | None = None) -> bool:
        """Whether this person proved themselves a short while ago."""
        return self.proved_at is not None and (now or datetime.now(UTC)) - self.proved_at < RECENT

    def require_recent(self, now: datetime | None = None) -> None:
        """Raise StepUpNeeded unless this person proved themselves a short while ago; Denied for a token."""
        if self.kind != "session":
            raise Denied("A token cannot do this.", cure="Sign in as a person for this.")
        if not self.recent(now):
            raise StepUpNeeded(
                "It is more than 15 minutes since you proved that it is you.",
                cure="Confirm it with your password or your second factor, and try again.",
            )

    def scope(self, permission: str) -> Scope:
        """What `permission` lets this principal see; an empty scope sees nothing."""
        reaches = tuple(Reach(g.clusters, g.namespaces) for g in self.grants if permission in g.permissions)
        sight = self.sight if self.sight is not None and self.sight.permission == permission else None
        return Scope(self.org_id, reaches, sight)

    def may(self, permission: str, cluster: UUID | None = None) -> bool:
        """Whether the permission is held: anywhere, or over the whole of one cluster."""
        reaches = self.scope(permission).reaches
        if cluster is None:
            return bool(reaches)
        return any(r.namespaces is None and (r.clusters is None or cluster in r.clusters) for r in reaches)

    def require(self, permission: str, cluster: UUID | None = None) -> None:
        """Raise Denied, naming the permission, unless it is held."""
        if not self.may(permission, cluster):
            raise Denied(
                f"This needs the permission {permission}, which no grant of yours gives.",
                cure="Ask an owner of your organization for a role that has it.",
                permission=permission,
                explanation=_explanation(permission, cluster),
            )

    def require_everywhere(self, permission: str) -> None:
        """Raise Denied unless the permission is held over the whole organization, not only over a part of it."""
        self.require(permission)
        if not self.scope(permission).everything:
            raise Denied(
                f"This needs the permission {permission} over the whole organization; you hold it over a part of it.",
                cure="Ask an owner of your organization to do it, or for a role over the whole of it.",
                permission=permission,
                explanation=_explanation(permission, None),
            )


def _explanation(permission: str, cluster: UUID | None) -> str:
    """Where the hub tells which grant is missing, and who could give it."""
    place = f"&cluster={cluster}" if cluster else ""
    return f"/access/explanation?permission={permission}{place}"
