"""Groups of workloads over clusters, and how their versions are told apart."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from basefly.core.inventory.model import ClusterName
from basefly.core.sync.freshness import Missing

RESOURCES = {
    "deployments.apps": "Deployment",
    "statefulsets.apps": "StatefulSet",
    "daemonsets.apps": "DaemonSet",
    "jobs.batch": "Job",
    "cronjobs.batch": "CronJob",
}
PAGE = 50
Grouping = Literal["name", "app"]


class Key(msgspec.Struct, frozen=True, order=True):
    """What a group has in common. Grouped by the label app.kubernetes.io/name, only `name` says something."""

    name: str
    namespace: str = ""
    resource: str = ""


class WorkloadQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which workloads to group. Empty filters do not filter."""

    clusters: tuple[UUID, ...] = ()
    resources: tuple[str, ...] = tuple(RESOURCES)
    namespaces: tuple[str, ...] = ()
    text: str = ""
    group: Grouping = "name"
    skewed: bool = False
    failing: bool = False
    limit: int = PAGE
    cursor: str = ""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A group as the database sums it up. `ready` and `desired` are None where no member counts replicas."""

    name: str
    namespace: str
    resource: str
    workloads: int
    clusters: int
    failing: list[UUID]
    warned: int
    ready: int | None
    desired: int | None
    changed_at: datetime

    @property
    def key(self) -> Key:
        """Its key."""
        return Key(self.name, self.namespace, self.resource)


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """In how many clusters a group's main image is this one."""

    name: str
    namespace: str
    resource: str
    image: str
    clusters: int


class Restarts(msgspec.Struct, frozen=True, kw_only=True):
    """How often the containers of a workload's pods that are there now began anew."""

    name: str
    namespace: str
    resource: str
    cluster_id: UUID
    uid: str
    count: int


class Version(msgspec.Struct, frozen=True):
    """A version of a group's main image, and in how many clusters it runs."""

    name: str
    clusters: int


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Workloads of one name over clusters, or of one app. `restarts` are those of the pods that are there now.

    The parts of an app have versions of their own: of apps neither those nor restarts are told.
    """

    name: str
    namespace: str
    resource: str
    kind: str
    workloads: int
    clusters: int
    health: str
    failing: list[ClusterName]
    ready: int | None
    desired: int | None
    versions: list[Version]
    restarts: int | None
    changed_at: datetime

    @property
    def key(self) -> Key:
        """Its key."""
        return Key(self.name, self.namespace, self.resource)

    @property
    def skewed(self) -> bool:
        """Whether clusters run different versions."""
        return len(self.versions) > 1


class GroupPage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of groups; `next` is the cursor of the one after."""

    items: list[Group]
    next: str | None
    as_of: dict[str, datetime | None]
    missing: list[Missing]


def version(image: str) -> str:
    """The version an image says it has: its tag, else the begin of its digest, else what an absent tag means.

    A tag begins after the last slash (github.com/distribution/reference), so that a registry's port is none.
    """
    named, _, digest = image.partition("@")
    tag = re.search(r":([^/:]+)$", named)
    if tag:
        return tag[1]
    return digest.removeprefix("sha256:")[:12] or "latest"


def versions(uses: Iterable[Use]) -> dict[Key, list[Version]]:
    """The versions of each group, the most widespread first."""
    found: dict[Key, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for use in uses:
        if use.image:
            found[Key(use.name, use.namespace, use.resource)][version(use.image)] += use.clusters
    return {
        key: [Version(name, count) for name, count in sorted(counts.items(), key=lambda c: (-c[1], c[0]))]
        for key, counts in found.items()
    }


def health(figures: Figures) -> str:
    """As bad as the worst of the group."""
    return "bad" if figures.failing else "warn" if figures.warned else "ok"
