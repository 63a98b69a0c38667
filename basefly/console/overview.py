"""The fleet at a glance, beginning with what is wrong. Made from rollups and streams; no object is counted on read."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory import model
from basefly.core.inventory.answers import READ, visible_clusters
from basefly.core.inventory.store.rollups import Rollup, get_rollups
from basefly.core.sync import freshness
from basefly.core.sync.model import Stream
from basefly.core.sync.store import streams

SHOWN = ("nodes", "namespaces", "pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "services")
WORTH_ATTENTION = ("nodes", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch", "pods")


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, worst first: a cluster, or so many objects of a kind in one cluster."""

    severity: Literal["critical", "warning"]
    cluster: model.ClusterName
    title: str
    detail: str
    resource: str = ""
    status: str = ""
    count: int = 0


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


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """The whole fleet as far as the asker may see it. `as_of` is the age of its oldest part."""

    clusters: list[ClusterTally]
    health: dict[str, int]
    tallies: list[Tally]
    attention: list[Attention]
    as_of: datetime | None
    missing: list[freshness.Missing]


async def get_overview(tx: Tx, by: Principal) -> Overview:
    """Counts, health and what needs attention, over every cluster in sight."""
    scope, now = by.scope(READ), datetime.now(UTC)
    in_sight = await visible_clusters(tx, by)
    ids = [c.id for c in in_sight]
    rollups = await get_rollups(tx, ids, [*SHOWN, *WORTH_ATTENTION])
    rollups = [r for r in rollups if scope.covers(r.cluster_id, r.namespace)]
    here: dict[UUID, list[Stream]] = defaultdict(list)
    for stream in await streams.get_streams(tx, clusters=ids):
        here[stream.cluster_id].append(stream)
    counts: dict[tuple[UUID, str], int] = defaultdict(int)
    for rollup in rollups:
        counts[rollup.cluster_id, rollup.resource] += rollup.count
    begun = set(here)
    ages = {c.id: freshness.as_of(c, _main(here[c.id]), now) for c in in_sight}
    absent = [freshness.missing(c, _main(here[c.id]), now, begun=c.id in begun) for c in in_sight]
    return Overview(
        clusters=[_cluster(c, counts, ages[c.id]) for c in in_sight],
        health=_by_health(in_sight),
        tallies=[_tally(resource, rollups) for resource in SHOWN],
        attention=[*_sick_clusters(in_sight), *_sick_objects(in_sight, rollups)],
        as_of=min(filter(None, ages.values()), default=None),
        missing=[part for part in absent if part is not None],
    )


def _main(followed: list[Stream]) -> list[Stream]:
    return [stream for stream in followed if stream.resource in SHOWN]


def _cluster(cluster: ClusterState, counts: dict[tuple[UUID, str], int], age: datetime | None) -> ClusterTally:
    return ClusterTally(
        id=cluster.id,
        name=cluster.name,
        health=cluster.health,
        reason=cluster.health_reason,
        region=cluster.region,
        provider=cluster.provider,
        version=cluster.version,
        as_of=age,
        nodes=counts[cluster.id, "nodes"],
        pods=counts[cluster.id, "pods"],
    )


def _by_health(clusters: list[ClusterState]) -> dict[str, int]:
    counts = dict.fromkeys(("healthy", "degraded", "unreachable", "unknown"), 0)
    for cluster in clusters:
        counts[cluster.health] += 1
    return counts


def _tally(resource: str, rollups: list[Rollup]) -> Tally:
    counts: dict[str, int] = defaultdict(int)
    for rollup in rollups:
        if rollup.resource == resource:
            counts[rollup.health] += rollup.count
    return Tally(resource=resource, total=sum(counts.values()), **counts)


def _sick_clusters(clusters: list[ClusterState]) -> list[Attention]:
    words = {"unreachable": ("critical", "does not answer"), "degraded": ("warning", "is degraded")}
    found = [
        Attention(
            severity="critical" if c.health == "unreachable" else "warning",
            cluster=model.ClusterName(c.id, c.name),
            title=f"{c.name} {words[c.health][1]}",
            detail=c.health_reason,
        )
        for c in clusters
        if c.health in words
    ]
    return sorted(found, key=lambda a: (a.severity != "critical", a.cluster.name))


def _sick_objects(clusters: list[ClusterState], rollups: list[Rollup]) -> list[Attention]:
    names = {c.id: c.name for c in clusters}
    counts: dict[tuple[UUID, str, str], int] = defaultdict(int)
    for rollup in rollups:
        if rollup.health == "bad" and rollup.resource in WORTH_ATTENTION:
            counts[rollup.cluster_id, rollup.resource, rollup.status] += rollup.count
    found = [
        Attention(
            severity="critical" if resource == "nodes" else "warning",
            cluster=model.ClusterName(cluster_id, names[cluster_id]),
            title=_title(resource, status, count),
            detail=f"in {names[cluster_id]}",
            resource=resource,
            status=status,
            count=count,
        )
        for (cluster_id, resource, status), count in counts.items()
    ]
    return sorted(found, key=lambda a: (a.severity != "critical", WORTH_ATTENTION.index(a.resource), -a.count))


def _title(resource: str, status: str, count: int) -> str:
    plural = resource.split(".", maxsplit=1)[0]
    noun = plural if count != 1 else plural.removesuffix("s")
    return f"{count} {noun} {status}"
