"""What a cluster holds, by kubectl, against what the hub says it holds."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from typing import Any

from e2e.hub import Hub
from e2e.plane.cluster import Cluster

# The same events under a second name, and heartbeats that say nothing to a person.
NOT_FOLLOWED = {"events.events.k8s.io", "leases.coordination.k8s.io"}

Identity = tuple[str, str, str]
Facts = dict[Identity, dict[str, Any]]


def kinds(cluster: Cluster) -> dict[tuple[str, str], str]:
    """Every kind that is followed, by apiVersion and kind: {("apps/v1", "Deployment"): "deployments.apps"}."""
    table = cluster.kubectl("api-resources", "--verbs=list,watch", "--no-headers")
    found = {}
    for line in table.splitlines():
        plural, *_, version, _, kind = line.split()
        group = version.partition("/")[0] if "/" in version else ""
        found[version, kind] = f"{plural}.{group}" if group else plural
    return {key: name for key, name in found.items() if name not in NOT_FOLLOWED}


def differences(hub: Hub, cluster: Cluster, *, seconds: float = 15) -> list[str]:
    """How the hub differs from the cluster, a line for each kind; waits up to `seconds` for the world to settle."""
    names = kinds(cluster)
    differing = compare(hub, cluster, names, set(names.values()))
    deadline = time.monotonic() + seconds
    while differing and time.monotonic() < deadline:
        time.sleep(0.1)
        differing = compare(hub, cluster, names, differing.keys())
    return list(differing.values())


def compare(hub: Hub, cluster: Cluster, names: dict[tuple[str, str], str], only: Collection[str]) -> dict[str, str]:
    """The kinds that differ, and how: equal means every object of the kind once, with its uid, labels and creation."""
    theirs: dict[str, Facts] = {name: {} for name in only}
    listed = cluster.kubectl("get", ",".join(sorted(only)), "-A", "-o", "json")
    for item in json.loads(listed)["items"]:
        name = names[item["apiVersion"], item["kind"]]
        theirs[name][_identity(item["metadata"])] = _facts(item["metadata"])
    found = {name: _difference(hub, cluster, name, theirs[name]) for name in only}
    return {name: text for name, text in found.items() if text}


def _difference(hub: Hub, cluster: Cluster, resource: str, theirs: Facts) -> str:
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


def _identity(thing: dict[str, Any]) -> Identity:
    return thing.get("namespace") or "", thing["name"], thing["uid"]


def _facts(thing: dict[str, Any]) -> dict[str, Any]:
    created = thing.get("creationTimestamp") or thing.get("created_at")
    return {"labels": thing.get("labels") or {}, "created": str(created).replace("+00:00", "Z")}
