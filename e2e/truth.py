"""What a cluster holds, by kubectl, against what the hub says it holds."""

from __future__ import annotations

import time
from typing import Any

from e2e.hub import Hub
from e2e.plane.cluster import Cluster, KubectlError

# Not followed: the second name of a store that is followed by its first, and signs of life, which change every few
# seconds and never reach a row.
NOT_FOLLOWED = {"events.events.k8s.io", "leases.coordination.k8s.io"}

Identity = tuple[str, str, str]


def kinds(cluster: Cluster) -> list[str]:
    """Every kind that can be listed and watched: "pods", "deployments.apps"."""
    names = cluster.kubectl("api-resources", "--verbs=list,watch", "-o", "name").split()
    return sorted(name for name in names if name not in NOT_FOLLOWED)


def difference(hub: Hub, cluster: Cluster, resource: str) -> str:
    """How the hub's objects of one kind differ from the cluster's own; empty when they are equal one by one."""
    theirs = {_identity(item["metadata"]): _facts(item["metadata"]) for item in cluster.get(resource)}
    rows = hub.objects(resource, cluster=cluster.context)
    ours = {_identity(row): _facts(row) for row in rows}
    if len(rows) != len(ours):
        return f"{resource}: {len(rows) - len(ours)} objects are there twice"
    if lost := theirs.keys() - ours.keys():
        return f"{resource}: {len(lost)} of {len(theirs)} missing, such as {min(lost)}"
    if stale := ours.keys() - theirs.keys():
        return f"{resource}: {len(stale)} that are no more, such as {min(stale)}"
    wrong = [key for key in theirs if theirs[key] != ours[key]]
    return f"{resource}: {wrong[0]} is {theirs[wrong[0]]} and shown as {ours[wrong[0]]}" if wrong else ""


def differences(hub: Hub, cluster: Cluster, *, only: list[str] | None = None, seconds: float = 15) -> list[str]:
    """Compare kind by kind, each until equal or `seconds` have passed in all: the world moves while we look."""
    deadline = time.monotonic() + seconds
    open_kinds = only or kinds(cluster)
    while True:
        found = {kind: text for kind in open_kinds if (text := _try(hub, cluster, kind))}
        if not found or time.monotonic() > deadline:
            return list(found.values())
        open_kinds = list(found)


def _try(hub: Hub, cluster: Cluster, resource: str) -> str:
    try:
        return difference(hub, cluster, resource)
    except KubectlError as error:
        return str(error)  # a kind may vanish between two looks


def _identity(thing: dict[str, Any]) -> Identity:
    return thing.get("namespace") or "", thing["name"], thing["uid"]


def _facts(thing: dict[str, Any]) -> dict[str, Any]:
    created = thing.get("creationTimestamp") or thing.get("created_at")
    return {"labels": thing.get("labels") or {}, "created": str(created).replace("+00:00", "Z")}
