"""Deployments and the replica sets they make: rollouts, their history and their progress."""

from __future__ import annotations

from basefly.sim.clock import now
from basefly.sim.life.pods import hash_of, view
from basefly.sim.life.work import Object, Work, load, owner_reference, set_condition, share

DEPLOYMENTS, SETS = "deployments.apps", "replicasets.apps"
REVISION = "deployment.kubernetes.io/revision"
_HASH = "pod-template-hash"
_BURST = 500
_BY = "deployment-controller"


def reconcile_deployment(work: Work, key: str) -> None:
    deployment = work.get(DEPLOYMENTS, key)
    if deployment is None:
        return
    sets = [load(held) for held in work.owned(deployment["metadata"]["uid"], SETS)]
    sets = [held for held in sets if "deletionTimestamp" not in held["metadata"]]
    current = _current(deployment, sets)
    before = _counts(deployment, sets, current)
    # 1. A paused deployment makes no new revision, but the set that runs is scaled.
    if not deployment["spec"].get("paused"):
        current = _take_revision(work, deployment, sets, current)
    # 2. The new set grows and the old ones shrink as far as the strategy allows.
    if current is not None and not deployment["spec"].get("paused"):
        old = [held for held in sets if held is not current]
        if deployment["spec"]["strategy"]["type"] == "Recreate":
            _recreate(work, deployment, current, old)
        else:
            _roll(work, deployment, current, old)
        _forget_history(work, deployment, old)
    elif sets:
        active = [held for held in sets if held["spec"]["replicas"]]
        held = active[0] if len(active) == 1 else max(sets, key=_revision)
        _scale(work, deployment, held, deployment["spec"]["replicas"])
    # 3. The status says how far it is.
    _report(work, deployment, sets, current, moved=before != _counts(deployment, sets, current))


def _current(deployment: Object, sets: list[Object]) -> Object | None:
    """The newest set that was made from the deployment's template."""
    wanted = deployment["spec"]["template"]
    same = [held for held in sets if _without_hash(held["spec"]["template"]) == wanted]
    return max(same, key=_revision, default=None)


def _without_hash(template: Object) -> Object:
    meta = template.get("metadata") or {}
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key != _HASH}
    return template | {"metadata": meta | {"labels": labels}}


def _revision(held: Object) -> int:
    return int(held["metadata"].get("annotations", {}).get(REVISION, 0))


def _take_revision(work: Work, deployment: Object, sets: list[Object], current: Object | None) -> Object:
    """The set of the present template: found, brought forward by a rollback, or new."""
    newest = max((_revision(held) for held in sets), default=0)
    if current is None:
        current = _new_set(deployment)
        current["metadata"]["annotations"][REVISION] = str(newest + 1)
        work.create(SETS, current)
        sets.append(current)
        set_condition(
            deployment["status"],
            "Progressing",
            "True",
            "NewReplicaSetCreated",
            f'Created new replica set "{current["metadata"]["name"]}"',
        )
    elif _revision(current) < newest:
        current["metadata"]["annotations"][REVISION] = str(newest + 1)
        work.put(SETS, current)
    annotations = deployment["metadata"].setdefault("annotations", {})
    annotations[REVISION] = current["metadata"]["annotations"][REVISION]
    return current


def _new_set(deployment: Object) -> Object:
    meta, spec = deployment["metadata"], deployment["spec"]
    template = spec["template"]
    hashed = {_HASH: hash_of(template)}
    labels = template["metadata"].get("labels", {}) | hashed
    kept = {k: v for k, v in meta.get("annotations", {}).items() if not k.startswith("kubectl.kubernetes.io/last")}
    return {
        "metadata": {
            "name": f"{meta['name']}-{hashed[_HASH]}",
            "namespace": meta["namespace"],
            "labels": labels,
            "annotations": kept,
            "generation": 1,
            "ownerReferences": [owner_reference("Deployment", deployment)],
        },
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": spec["selector"].get("matchLabels", {}) | hashed},
            "template": template | {"metadata": template["metadata"] | {"labels": labels}},
        },
        "status": {"replicas": 0},
    }


def _recreate(work: Work, deployment: Object, current: Object, old: list[Object]) -> None:
    for held in old:
        _scale(work, deployment, held, 0)
    if not any(_pods_left(work, held) for held in old):
        _scale(work, deployment, current, deployment["spec"]["replicas"])


def _pods_left(work: Work, held: Object) -> bool:
    return bool(work.owned(held["metadata"]["uid"], "pods"))


def _roll(work: Work, deployment: Object, current: Object, old: list[Object]) -> None:
    wanted = deployment["spec"]["replicas"]
    rolling = deployment["spec"]["strategy"].get("rollingUpdate") or {}
    surge = share(rolling.get("maxSurge", "25%"), wanted, up=True)
    missing = share(rolling.get("maxUnavailable", "25%"), wanted) or (0 if surge else 1)
    total = sum(held["spec"]["replicas"] for held in (current, *old))
    new = current["spec"]["replicas"]
    grown = wanted if new > wanted else min(wanted, new + max(wanted + surge - total, 0))
    _scale(work, deployment, current, grown)
    total += grown - new
    unavailable = grown - _available(current)
    spare = total - (wanted - missing) - max(unavailable, 0)
    # Old pods that are not available anyway go first: they cost nothing.
    for cost in (0, 1):
        for held in sorted(old, key=_revision):
            broken = held["spec"]["replicas"] - _available(held)
            possible = min(spare, held["spec"]["replicas"] if cost else broken)
            if possible > 0:
                _scale(work, deployment, held, held["spec"]["replicas"] - possible)
                spare -= possible
        spare = min(spare, sum(_available(held) for held in (current, *old)) - (wanted - missing))


def _available(held: Object) -> int:
    return int(held["status"].get("availableReplicas", 0))


def _scale(work: Work, deployment: Object, held: Object, replicas: int) -> None:
    before = held["spec"]["replicas"]
    if before == replicas:
        return
    held["spec"]["replicas"] = replicas
    held["metadata"]["generation"] = held["metadata"].get("generation", 1) + 1
    wanted = deployment["spec"]["replicas"]
    rolling = deployment["spec"]["strategy"].get("rollingUpdate") or {}
    most = {"desired": wanted, "max": wanted + share(rolling.get("maxSurge", 0), wanted, up=True)}
    told = {f"deployment.kubernetes.io/{name}-replicas": str(count) for name, count in most.items()}
    held["metadata"].setdefault("annotations", {}).update(told)
    work.put(SETS, held)
    direction = "up" if replicas > before else "down"
    message = f"Scaled {direction} replica set {held['metadata']['name']} from {before} to {replicas}"
    work.tell(("Deployment", deployment), "ScalingReplicaSet", message, _BY)


def _forget_history(work: Work, deployment: Object, old: list[Object]) -> None:
    empty = [held for held in old if not held["spec"]["replicas"] and not held["status"].get("replicas")]
    surplus = len(empty) - deployment["spec"].get("revisionHistoryLimit", 10)
    for held in sorted(empty, key=_revision)[: max(surplus, 0)]:
        work.delete(SETS, f"{held['metadata']['namespace']}/{held['metadata']['name']}")


def _counts(deployment: Object, sets: list[Object], current: Object | None) -> Object:
    """The numbers of the status; zeros are left out, as the server does."""
    ready, available, replicas = (
        sum(held["status"].get(name, 0) for held in sets) for name in ("readyReplicas", "availableReplicas", "replicas")
    )
    counts = {
        "replicas": replicas,
        "updatedReplicas": current["status"].get("replicas", 0) if current else 0,
        "readyReplicas": ready,
        "availableReplicas": available,
        "unavailableReplicas": max(deployment["spec"]["replicas"], replicas) - available,
    }
    return {name: count for name, count in counts.items() if count > 0}


def _report(work: Work, deployment: Object, sets: list[Object], current: Object | None, *, moved: bool) -> None:
    spec, before = deployment["spec"], deployment["status"]
    held = work.store.get(DEPLOYMENTS, deployment["metadata"]["namespace"], deployment["metadata"]["name"])
    stored = load(held) if held else {}
    counts = _counts(deployment, sets, current)
    moved = moved or {name: before.get(name, 0) for name in counts} != counts
    status: Object = {"observedGeneration": deployment["metadata"].get("generation", 1)} | counts
    status["conditions"] = before.get("conditions", [])
    rolling = spec["strategy"].get("rollingUpdate") or {}
    missing = share(rolling.get("maxUnavailable", "25%"), spec["replicas"])
    if counts.get("availableReplicas", 0) >= spec["replicas"] - missing:
        why = ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        why = ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    set_condition(status, "Available", *why)
    if spec.get("paused"):
        set_condition(status, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")
    elif current is not None:
        _progress(work, deployment, status, current, moved=moved)
    deployment["status"] = status
    if deployment != stored:
        work.put(DEPLOYMENTS, deployment)


def _progress(work: Work, deployment: Object, status: Object, current: Object, *, moved: bool) -> None:
    """Whether the rollout is done, goes on, or is stuck for longer than its deadline."""
    spec, name, uid = deployment["spec"], current["metadata"]["name"], deployment["metadata"]["uid"]
    reason = next((held["reason"] for held in status["conditions"] if held["type"] == "Progressing"), "")
    wanted = spec["replicas"]
    counted = [status.get(count, 0) for count in ("updatedReplicas", "availableReplicas", "replicas")]
    if counted == [wanted] * 3:
        work.progress.pop(uid, None)
        done = f'ReplicaSet "{name}" has successfully progressed.'
        set_condition(status, "Progressing", "True", "NewReplicaSetAvailable", done)
        return
    if reason == "NewReplicaSetAvailable" and status.get("updatedReplicas", 0) == status.get("replicas", 0):
        return
    deadline = spec.get("progressDeadlineSeconds", 600)
    if moved or uid not in work.progress:
        work.progress[uid] = work.time
        meta = deployment["metadata"]
        work.after(deadline + 1, work.look, DEPLOYMENTS, f"{meta['namespace']}/{meta['name']}")
        if reason != "NewReplicaSetCreated" or counted[0]:
            set_condition(status, "Progressing", "True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
    elif work.time - work.progress[uid] >= deadline:
        late = f'ReplicaSet "{name}" has timed out progressing.'
        set_condition(status, "Progressing", "False", "ProgressDeadlineExceeded", late)


def reconcile_set(work: Work, key: str) -> None:
    held = work.get(SETS, key)
    if held is None:
        return
    wanted, uid = held["spec"]["replicas"], held["metadata"]["uid"]
    pods = [(record, pod) for record in work.owned(uid, "pods") if (pod := view(record)).active]
    # 1. Too few: the missing ones are made, in bursts.
    for _ in range(min(wanted - len(pods), _BURST)):
        name = work.templates.create("ReplicaSet", held)
        work.tell(("ReplicaSet", held), "SuccessfulCreate", f"Created pod: {name}", "replicaset-controller")
    # 2. Too many: who is least of use goes first, and of equals the youngest.
    surplus = max(len(pods) - wanted, 0)
    rank = sorted(pods, key=lambda one: (bool(one[1].spec.node_name), one[1].ready, -one[0].version))
    for record, _ in rank[:surplus]:
        work.delete("pods", record.key)
        work.tell(("ReplicaSet", held), "SuccessfulDelete", f"Deleted pod: {record.name}", "replicaset-controller")
    # 3. The status counts who was there.
    kept = [pod for _, pod in rank[surplus:]]
    ready = sum(pod.ready for pod in kept)
    counts = {"replicas": len(kept), "fullyLabeledReplicas": len(kept), "readyReplicas": ready}
    status = {name: count for name, count in (counts | {"availableReplicas": ready}).items() if count}
    seen = {"replicas": len(kept), "observedGeneration": held["metadata"].get("generation", 1)}
    work.put_status(SETS, held, status | seen)


def restarted(template: Object) -> None:
    """What `kubectl rollout restart` does to a template."""
    template.setdefault("metadata", {}).setdefault("annotations", {})["kubectl.kubernetes.io/restartedAt"] = now()
