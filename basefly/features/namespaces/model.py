"""Namespaces of one name over clusters, one of them in one cluster, and the bounds of their quotas."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from basefly.core.inventory.model import ClusterName, InventoryObject
from basefly.core.sync.freshness import Missing

PAGE = 50
CLUSTERS = 20  # that are named for each
WORKLOADS = ("cronjobs.batch", "daemonsets.apps", "deployments.apps", "jobs.batch", "statefulsets.apps")


class NamespaceQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which namespaces to list. `full` leaves those of which a quota is nearly used up."""

    clusters: tuple[UUID, ...] = ()
    text: str = ""
    full: bool = False
    limit: int = PAGE
    cursor: str = ""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A name, how many clusters have it, the first of them, and who its labels say it belongs to."""

    name: str
    clusters: int
    first: list[UUID]
    owner: str


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Pods of a namespace by how they fare."""

    name: str
    ok: int = 0
    warn: int = 0
    bad: int = 0
    idle: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.ok + self.warn + self.bad + self.idle


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What quotas and limit ranges say of a namespace. `share` is the fullest quota in per cent."""

    name: str
    quotas: int
    limit_ranges: int
    share: float | None


class Namespace(msgspec.Struct, frozen=True, kw_only=True):
    """Namespaces of one name over clusters. Of these the first CLUSTERS by name are told, and how many there are."""

    name: str
    clusters: list[ClusterName]
    cluster_count: int
    owner: str
    pods: Tally
    quotas: int
    limit_ranges: int
    share: float | None


class NamespacePage(msgspec.Struct, frozen=True, kw_only=True):
    """One page of namespaces; `next` is the cursor of the one after."""

    items: list[Namespace]
    next: str | None
    as_of: dict[str, datetime | None]
    missing: list[Missing]


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many objects of a resource there are, and how many of them fail."""

    resource: str
    count: int
    bad: int


class NamespaceDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One namespace of one cluster."""

    cluster: ClusterName
    name: str
    object: InventoryObject
    counts: list[Count]
    quotas: list[InventoryObject]
    limit_ranges: list[InventoryObject]
    problems: list[InventoryObject]
    events: list[InventoryObject]
    as_of: dict[str, datetime | None]
    missing: list[Missing]


def meters(quota: InventoryObject) -> list[dict[str, Any]]:
    """The bounds of a quota, the fullest first."""
    return sorted(quota.cells.get("meters") or [], key=lambda meter: -meter["share"])
