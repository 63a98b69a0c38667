"""Stateful sets, in order and with stable names, and daemon sets, one pod a node; and the revisions of both."""

from __future__ import annotations

from typing import NamedTuple

from basefly.sim.life.pods import Pod, hash_of, view
from basefly.sim.life.scheduler import Node, tolerance
from basefly.sim.life.work import Object, Work, owner_reference, share
from basefly.sim.store.record import Record

STATEFUL, DAEMONS, REVISIONS = "statefulsets.apps", "daemonsets.apps", "controllerrevisions.apps"
_HASH = "controller-revision-hash"
_ALWAYS = ("not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
_TOLERATED = [{"key": f"node.kubernetes.io/{why}", "operator": "Exists"} for why in _ALWAYS]


class _Revisions(NamedTuple):
    """The first and the present revision of a template, as pods are labelled with them."""

    first: str
    update: str

    def of(self, record: Record) -> str:
        """The revision of a pod; a seeded one carries no label and is of the first."""
        return record.labels.get(_HASH, self.first)


def _revisions(work: Work, kind: str, owner: Object) -> _Revisions:
    held = [record.load() for record in work.owned(owner["metadata"]["uid"], REVISIONS)]
    held.sort(key=lambda one: one["revision"])
    if not held:
        before = work.former.pop(owner["metadata"]["uid"], None)
        template = (before.load() if before else owner)["spec"]["template"]
        held.append(_record(work, kind, owner, template, 1))
    wanted = {**owner["spec"]["template"], "$patch": "replace"}
    current = next((one for one in held if one["data"]["spec"]["template"] == wanted), None)
    if current is None:
        current = _record(work, kind, owner, owner["spec"]["template"], held[-1]["revision"] + 1)
    elif current is not held[-1]:
        current["revision"] = held[-1]["revision"] + 1
        work.put(REVISIONS, current)
    names = [one["metadata"]["name"] for one in (held[0], current)]
    return _Revisions(*(name if kind == "StatefulSet" else name.rpartition("-")[2] for name in names))


def _record(work: Work, kind: str, owner: Object, template: Object, number: int) -> Object:
    hashed, meta = hash_of(template), owner["metadata"]
    name = f"{meta['name']}-{hashed}"
    hash_label = "controller.kubernetes.io/hash" if kind == "StatefulSet" else _HASH
    made = {"name": name, "namespace": meta["namespace"], "annotations": meta.get("annotations", {})}
    made["labels"] = template["metadata"].get("labels", {}) | {hash_label: hashed}
    made["ownerReferences"] = [owner_reference(kind, owner)]
    data = {"spec": {"template": {**template, "$patch": "replace"}}}
    revision: Object = {"metadata": made, "data": data, "revision": number}
    work.create(REVISIONS, revision)
    return revision


def reconcile_stateful(work: Work, key: str) -> None:
    stateful = work.get(STATEFUL, key)
    if stateful is None:
        return
    spec, meta = stateful["spec"], stateful["metadata"]
    revisions = _revisions(work, "StatefulSet", stateful)
    pods = {int(one.name.rpartition("-")[2]): (one, view(one)) for one in work.owned(meta["uid"], "pods")}
    _report_stateful(work, stateful, pods, revisions)
    in_order = spec.get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    wanted = range(spec["replicas"])
    # 1. What has failed is made anew; what is on its way out is awaited.
    for record, pod in pods.values():
        if pod.finished and not pod.deleting:
            work.delete("pods", record.key, grace=0)
    # 2. Missing pods come from the lowest number up, each when those before it are ready.
    for number in wanted:
        if number not in pods:
            _make_stateful(work, stateful, number, revisions)
        if in_order and (number not in pods or not (pods[number][1].ready and pods[number][1].active)):
            return
    # 3. Surplus pods go from the highest number down, one after the other.
    surplus = sorted((number for number in pods if number not in wanted), reverse=True)
    for number in surplus[: 1 if in_order else None]:
        if not pods[number][1].deleting:
            work.delete("pods", pods[number][0].key)
    # 4. Outdated pods are replaced from the highest number down, when all others are well.
    strategy = spec.get("updateStrategy") or {}
    if surplus or strategy.get("type") == "OnDelete" or not all(pod.ready and pod.active for _, pod in pods.values()):
        return
    partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
    outdated = [n for n in wanted if n >= partition and n in pods and revisions.of(pods[n][0]) != revisions.update]
    if outdated:
        work.delete("pods", pods[max(outdated)][0].key)


def _make_stateful(work: Work, stateful: Object, number: int, revisions: _Revisions) -> None:
    meta, spec = stateful["metadata"], stateful["spec"]
    name = f"{meta['name']}-{number}"
    volumes = [*spec["template"]["spec"].get("volumes", ())]
    for claim in spec.get("volumeClaimTemplates") or ():
        claimed = f"{claim['metadata']['name']}-{name}"
        volumes.append({"name": claim["metadata"]["name"], "persistentVolumeClaim": {"claimName": claimed}})
        if not work.store.get("persistentvolumeclaims", meta["namespace"], claimed):
            labels = spec["selector"].get("matchLabels", {})
            held = {"metadata": {"name": claimed, "labels": labels}, "spec": claim["spec"]}
            kind = work.objects.catalog.named("persistentvolumeclaims")
            work.objects.create(kind, held, namespace=meta["namespace"])
    labels = {"statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": str(number)}
    labels[_HASH] = revisions.update
    work.templates.create(
        "StatefulSet",
        stateful,
        name,
        labels=labels,
        volumes=volumes,
        hostname=name,
        subdomain=spec.get("serviceName", ""),
    )
    message = f"Create Pod {name} in StatefulSet {meta['name']} successful"
    work.tell(("StatefulSet", stateful), "SuccessfulCreate", message, "statefulset-controller")


def _report_stateful(work: Work, stateful: Object, pods: dict[int, tuple[Record, Pod]], revisions: _Revisions) -> None:
    updated = sum(revisions.of(record) == revisions.update for record, _ in pods.values())
    ready = sum(pod.ready for _, pod in pods.values())
    status = stateful.get("status", {})
    done = updated == len(pods) == ready == stateful["spec"]["replicas"]
    current = revisions.update if done else status.get("currentRevision") or revisions.update
    of_current = sum(revisions.of(record) == current for record, _ in pods.values())
    counts = {"currentReplicas": of_current, "readyReplicas": ready, "updatedReplicas": updated}
    counts = {name: count for name, count in counts.items() if count}
    seen = {"observedGeneration": stateful["metadata"].get("generation", 1), "collisionCount": 0}
    seen |= {"replicas": len(pods), "availableReplicas": ready}
    told = {"currentRevision": current, "updateRevision": revisions.update}
    work.put_status(STATEFUL, stateful, seen | counts | told)


def reconcile_daemons(work: Work, key: str) -> None:
    daemons = work.get(DAEMONS, key)
    if daemons is None:
        return
    meta, spec = daemons["metadata"], daemons["spec"]
    revisions = _revisions(work, "DaemonSet", daemons)
    template = spec["template"]["spec"]
    tolerations = [*(template.get("tolerations") or ()), *_TOLERATED]
    chosen = template | {"tolerations": tolerations}
    wanted = [name for name, node in work.scheduler.nodes.items() if _belongs(chosen, node)]
    pods = [(one, view(one)) for one in work.owned(meta["uid"], "pods")]
    placed = {pod.spec.node_name: (record, pod) for record, pod in pods}
    # 1. A pod on every node that wants one, and none elsewhere.
    for node in wanted:
        if node not in placed:
            labels = {_HASH: revisions.update}
            name = work.templates.create("DaemonSet", daemons, labels=labels, nodeName=node, tolerations=tolerations)
            message = f"Created pod: {name}"
            work.tell(("DaemonSet", daemons), "SuccessfulCreate", message, "daemonset-controller")
    for record, pod in pods:
        if not pod.deleting and (pod.finished or pod.spec.node_name not in wanted):
            work.delete("pods", record.key)
    # 2. Outdated pods are replaced, only so many at a time.
    ready = sum(pod.ready and pod.active for _, pod in pods)
    strategy = spec.get("updateStrategy") or {}
    if strategy.get("type") != "OnDelete":
        missing = share((strategy.get("rollingUpdate") or {}).get("maxUnavailable", 1), len(wanted), up=True)
        spare = max(missing, 1) - (len(wanted) - ready)
        outdated = [one for one in pods if revisions.of(one[0]) != revisions.update and one[1].active]
        for record, _ in sorted(outdated, key=lambda one: one[1].ready)[: max(spare, 0)]:
            work.delete("pods", record.key)
    # 3. The status counts.
    updated = sum(revisions.of(record) == revisions.update for record, _ in pods)
    status = {"updatedNumberScheduled": updated, "numberAvailable": ready, "numberUnavailable": len(wanted) - ready}
    status = {name: count for name, count in status.items() if count} | {"numberMisscheduled": 0, "numberReady": ready}
    status |= {"currentNumberScheduled": len(placed), "desiredNumberScheduled": len(wanted)}
    work.put_status(DAEMONS, daemons, status | {"observedGeneration": meta.get("generation", 1)})


def _belongs(spec: Object, node: Node) -> bool:
    tolerated = all(tolerance(spec, taint) is not None for taint in node.taints)
    return tolerated and all(node.labels.get(key) == value for key, value in spec.get("nodeSelector", {}).items())
