"""Finds what is wrong, and makes one problem of what is one: an app that fails alike on many clusters is told once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from basefly.base.db.transaction import Tx
from basefly.base.principal import Principal
from basefly.base.web.language import told
from basefly.console.problems import words
from basefly.core.clusters.model import ClusterState
from basefly.core.inventory.answers import READ
from basefly.core.inventory.display.address import list_path
from basefly.core.inventory.model import ClusterName
from basefly.core.inventory.store import fleet
from basefly.core.inventory.store.fleet import Sick

RESOURCES = ("nodes", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch", "pods")
NAMED = 10  # clusters or namespaces that a link names; beyond them it leaves the filter out
TOLD = 4  # names in a sentence

Severity = Literal["critical", "warning"]


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, on however many clusters. `try_first` is what to try, `href` exactly what is meant.

    `kind` is `clusters` or the resource of what fails; `count` is how many of them.
    """

    severity: Severity
    kind: str
    name: str
    status: str
    title: str
    detail: str
    try_first: str
    href: str
    count: int
    clusters: list[ClusterName]
    namespaces: list[str] = []


async def find(tx: Tx, by: Principal, clusters: Sequence[ClusterState]) -> list[Problem]:
    """Everything that is wrong in these clusters, worst first."""
    names = {c.id: ClusterName(c.id, c.name) for c in clusters}
    sick = await fleet.get_sick(tx, by.scope(READ), list(names), RESOURCES)
    return ranked([*_clusters(clusters), *_objects(_told_once(sick), names)])


def ranked(problems: Iterable[Problem]) -> list[Problem]:
    """Worst first: the critical, among them whole clusters, then what is wrong on most clusters and most often."""
    return sorted(
        problems,
        key=lambda p: (p.severity != "critical", p.kind != "clusters", -len(p.clusters), -p.count, p.title),
    )


def _clusters(clusters: Sequence[ClusterState]) -> list[Problem]:
    found: list[Problem] = []
    pressing: tuple[tuple[str, Severity], ...] = (("unreachable", "critical"), ("degraded", "warning"))
    for health, severity in pressing:
        sick = [c for c in clusters if c.health == health]
        if not sick:
            continue
        say = words.unreachable if health == "unreachable" else words.degraded
        title, try_first = say(len(sick), sick[0].name)
        alone = len(sick) == 1
        found.append(
            Problem(
                severity=severity,
                kind="clusters",
                name=sick[0].name if alone else "",
                status=health,
                title=title,
                detail=told(sick[0].health_reason) if alone else _listed([c.name for c in sick]),
                try_first=try_first,
                href=f"/clusters/{sick[0].id}" if alone else f"/clusters?health={health}",
                count=len(sick),
                clusters=[ClusterName(c.id, c.name) for c in sick],
            )
        )
    return found


def _told_once(sick: Sequence[Sick]) -> list[Sick]:
    """Without the workloads whose pods say better why they are not available, and without the failed pods of jobs."""
    pods = {(s.cluster_id, s.namespace, s.name) for s in sick if s.resource == "pods"}
    jobs = {(s.cluster_id, s.namespace, s.name) for s in sick if s.resource == "jobs.batch"}
    return [
        s
        for s in sick
        if s.resource == "nodes"
        or (s.resource == "pods" and (s.cluster_id, s.namespace, s.name) not in jobs)
        or (s.resource == "jobs.batch")
        or (s.resource not in ("pods", "jobs.batch") and (s.cluster_id, s.namespace, s.name) not in pods)
    ]


def _objects(sick: Sequence[Sick], names: Mapping[UUID, ClusterName]) -> list[Problem]:
    groups: dict[tuple[str, str, str], list[Sick]] = defaultdict(list)
    for one in sick:
        name = "" if one.resource == "nodes" else one.name
        groups[one.resource, name, _alike(one)].append(one)
    return [_problem(key, group, names) for key, group in groups.items()]


def _alike(one: Sick) -> str:
    """What makes two failures the same: of pods the reason, however it was written down last."""
    if one.resource != "pods":
        return ""
    return {"Error": "CrashLoopBackOff", "ErrImagePull": "ImagePullBackOff"}.get(one.status, one.status)


def _problem(key: tuple[str, str, str], group: Sequence[Sick], names: Mapping[UUID, ClusterName]) -> Problem:
    resource, name, status = key
    clusters = sorted({names[s.cluster_id] for s in group}, key=lambda c: c.name)
    count = sum(s.count for s in group)
    title, try_first = _words(resource, name, status, count, where=[c.name for c in clusters])
    namespaces = sorted({s.namespace for s in group if s.namespace})
    return Problem(
        severity="critical" if resource == "nodes" or len(clusters) > 1 else "warning",
        kind=resource,
        name=name,
        status=status,
        title=title,
        detail=_listed([c.name for c in clusters]),
        try_first=try_first,
        href=_href(resource, name, sorted({s.status for s in group}), clusters, namespaces),
        count=count,
        clusters=clusters,
        namespaces=namespaces,
    )


def _words(resource: str, name: str, status: str, count: int, *, where: Sequence[str]) -> tuple[str, str]:
    if resource == "pods":
        return words.pods(name, status, len(where), where[0])
    if resource == "nodes":
        return words.nodes(count, len(where), where[0])
    say = words.job if resource == "jobs.batch" else words.workload
    return say(name, len(where), where[0])


def _href(
    resource: str, name: str, statuses: Sequence[str], clusters: Sequence[ClusterName], namespaces: Sequence[str]
) -> str:
    query = [("q", name)] if name else []
    query += [("health", "bad")]
    if resource == "pods":
        query += [("status", status) for status in statuses]
    if len(clusters) <= NAMED:
        query += [("cluster", cluster.name) for cluster in clusters]
    if len(namespaces) <= NAMED:
        query += [("namespace", namespace) for namespace in namespaces]
    return f"{list_path(resource)}?{urlencode(query)}"


def _listed(names: Sequence[str]) -> str:
    told = ", ".join(names[:TOLD])
    return f"{told} +{len(names) - TOLD}" if len(names) > TOLD else told
