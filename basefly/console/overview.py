"""The fleet at a glance, beginning with what is wrong. Made from rollups and streams; only what fails is looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.facts import releases
from basefly.base.principal import Principal
from basefly.console.problems import find
from basefly.console.problems.find import Problem
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory import answers
from basefly.core.inventory.answers import READ, visible_clusters
from basefly.core.inventory.store.rollups import Sum, sum_by
from basefly.core.sync import freshness
from basefly.core.sync.model import Stream

SHOWN = ("nodes", "namespaces", "pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "services")


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """Objects of one resource: all, and by health."""

    resource: str
    total: int
    ok: int = 0
    warn: int = 0
    bad: int = 0
    idle: int = 0


class ClusterTally(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster on the overview."""

    id: UUID
    name: str
    health: str
    reason: str
    region: str
    provider: str
    version: str
    as_of: datetime | None
    nodes: int
    pods: int
    labels: dict[str, str] = {}


class VersionTally(msgspec.Struct, frozen=True, kw_only=True):
    """How many clusters run a minor release of Kubernetes, and until when upstream supports it (None: not known)."""

    minor: str
    clusters: int
    standing: releases.Standing
    released: date | None
    ends: date | None


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The whole fleet as far as the asker may see it. `as_of` is the age of its oldest part."""

    clusters: list[ClusterTally]
    health: dict[str, int]
    tallies: list[Tally]
    problems: list[Problem]
    versions: list[VersionTally]
    as_of: datetime | None
    missing: list[freshness.Missing]


async def get_overview(tx: Tx, by: Principal) -> Overview:
    """Counts, health and what is wrong, over every cluster in sight."""
    scope, now = by.scope(READ), datetime.now(UTC)
    in_sight = await visible_clusters(tx, by)
    ids = [c.id for c in in_sight]
    ages, missing = await answers.standing(tx, by, in_sight, SHOWN)
    counts = {
        (each.cluster_id, each.resource): each.count
        for each in await sum_by(tx, scope, ("cluster_id", "resource"), ids, resources=("nodes", "pods"))
    }
    sums = await sum_by(tx, scope, ("resource", "health"), ids, resources=SHOWN)
    return Overview(
        clusters=[_cluster(c, counts, ages[str(c.id)]) for c in in_sight],
        health=_by_health(in_sight),
        tallies=[tally(resource, sums) for resource in SHOWN],
        problems=await find.find(tx, by, in_sight),
        versions=by_version(in_sight, now.date()),
        as_of=min(filter(None, ages.values()), default=None),
        missing=missing,
    )


def main(followed: Sequence[Stream]) -> list[Stream]:
    """The streams that a page about whole clusters stands on."""
    return [stream for stream in followed if stream.resource in SHOWN]


def by_version(clusters: Sequence[ClusterState], today: date) -> list[VersionTally]:
    """Minor releases in use, oldest first; what cannot be read comes last."""
    counted = Counter(releases.release(cluster.version, today) for cluster in clusters)
    ordered = sorted(counted.items(), key=lambda c: (not c[0].minor, releases.numbers(c[0].minor) or (0, 0)))
    return [
        VersionTally(minor=r.minor, clusters=n, standing=r.standing, released=r.released, ends=r.ends)
        for r, n in ordered
    ]


def _cluster(cluster: ClusterState, counts: Mapping[tuple[UUID, str], int], age: datetime | None) -> ClusterTally:
    return ClusterTally(
        id=cluster.id,
        name=cluster.name,
        health=cluster.health,
        reason=cluster.health_reason,
        region=cluster.region,
        provider=cluster.provider,
        version=cluster.version,
        as_of=age,
        nodes=counts.get((cluster.id, "nodes"), 0),
        pods=counts.get((cluster.id, "pods"), 0),
        labels=cluster.labels,
    )


def _by_health(clusters: Sequence[ClusterState]) -> dict[str, int]:
    counts = dict.fromkeys(("healthy", "degraded", "unreachable", "unknown"), 0)
    for cluster in clusters:
        counts[cluster.health] += 1
    return counts


def tally(resource: str, sums: Sequence[Sum]) -> Tally:
    """What the rollups hold of one resource."""
    counts = {each.health: each.count for each in sums if each.resource == resource}
    return Tally(resource=resource, total=sum(counts.values()), **counts)
