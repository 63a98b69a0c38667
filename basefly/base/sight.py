"""What the clusters' own rules show one person of their objects. Pure: `core/rights` works it out, queries obey it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

import msgspec

Kinds = frozenset[str] | None  # resources, such as "deployments.apps"; None: of every kind, those to come included


class Named(msgspec.Struct, frozen=True):
    """Single objects: those of a resource and a name, in one namespace, or in any (None)."""

    resource: str
    namespace: str | None
    name: str


class Profile(msgspec.Struct, frozen=True):
    """One cluster's part: kinds seen all over it, kinds seen within a namespace, and objects seen by their name."""

    whole: Kinds = frozenset()
    spaces: frozenset[tuple[str, Kinds]] = frozenset()
    names: frozenset[Named] = frozenset()

    def shows(self, resource: str, namespace: str, name: str) -> bool:
        """Whether this object is seen."""
        return (
            holds(self.whole, resource)
            or any(space == namespace and holds(kinds, resource) for space, kinds in self.spaces)
            or not self.names.isdisjoint((Named(resource, namespace, name), Named(resource, None, name)))
        )

    def touches(self, resource: str) -> bool:
        """Whether any object of this resource may be seen."""
        named = any(each.resource == resource for each in self.names)
        return named or holds(self.whole, resource) or any(holds(kinds, resource) for _, kinds in self.spaces)


class Arm(NamedTuple):
    """Kinds that are seen alike: all over some clusters, and within some namespaces of others."""

    kinds: Kinds
    clusters: list[UUID]
    spaces: list[tuple[UUID, str]]


class Sight:
    """What is seen of each cluster under one permission. A cluster without a profile shows nothing.

    `unknown` says of clusters why it is not known what may be seen of them. Two sights are equal if they show the same.
    """

    def __init__(self, permission: str, profiles: Mapping[UUID, Profile], unknown: Mapping[UUID, str]) -> None:
        self.permission = permission
        self.profiles = profiles
        self.unknown = unknown
        self._hash = hash((permission, frozenset(profiles.items()), frozenset(unknown.items())))
        self._arms: dict[tuple[str, ...], tuple[Arm, ...]] = {}

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Sight) and self._hash == other._hash and self._all == other._all

    def __hash__(self) -> int:
        return self._hash

    @property
    def _all(self) -> tuple[str, Mapping[UUID, Profile], Mapping[UUID, str]]:
        return self.permission, self.profiles, self.unknown

    def shows(self, cluster: UUID, resource: str, namespace: str, name: str) -> bool:
        """Whether this object is seen."""
        return cluster in self.profiles and self.profiles[cluster].shows(resource, namespace, name)

    def touches(self, cluster: UUID, resource: str) -> bool:
        """Whether any object of this resource may be seen in this cluster."""
        return cluster in self.profiles and self.profiles[cluster].touches(resource)

    def whole(self, cluster: UUID, resources: Iterable[str]) -> bool:
        """Whether all objects of these resources are seen in this cluster."""
        return cluster in self.profiles and all(holds(self.profiles[cluster].whole, each) for each in resources)

    def arms(self, resources: Collection[str] = ()) -> tuple[Arm, ...]:
        """What is seen, by kinds that are seen alike; of these resources, or of all. Kinds of an arm that holds all
        the resources are None."""
        key = tuple(sorted(resources))
        if key not in self._arms:
            self._arms[key] = self._gathered(frozenset(key))
        return self._arms[key]

    def names(self, resources: Collection[str] = ()) -> list[tuple[UUID, Named]]:
        """The objects seen by their name alone."""
        return [
            (cluster, each)
            for cluster, profile in self.profiles.items()
            for each in profile.names
            if not resources or each.resource in resources
        ]

    def divides(self, resources: Collection[str]) -> bool:
        """Whether some cluster shows some of these resources' objects and not all of them."""
        return bool(self.names(resources)) or any(arm.kinds is not None or arm.spaces for arm in self.arms(resources))

    def _gathered(self, resources: frozenset[str]) -> tuple[Arm, ...]:
        found: defaultdict[Kinds, Arm] = defaultdict(lambda: Arm(None, [], []))
        for cluster, profile in self.profiles.items():
            for space, kinds in ((None, profile.whole), *profile.spaces):
                meant = _of(kinds, resources)
                if meant is not None and not meant:
                    continue
                if space is None:
                    found[meant].clusters.append(cluster)
                else:
                    found[meant].spaces.append((cluster, space))
        return tuple(arm._replace(kinds=kinds) for kinds, arm in found.items())


def holds(kinds: Kinds, resource: str) -> bool:
    """Whether a resource is among these kinds."""
    return kinds is None or resource in kinds


def _of(kinds: Kinds, resources: frozenset[str]) -> Kinds:
    """The kinds that are among the resources; None when those are all of them."""
    if not resources or kinds is None:
        return kinds
    meant = kinds & resources
    return None if meant == resources else meant
