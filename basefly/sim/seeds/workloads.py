"""Workloads with what they own: deployments with old and new replica sets, stateful and daemon sets, jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from basefly.sim.seeds.managed import Writer
from basefly.sim.seeds.names import BATCH
from basefly.sim.seeds.pods import Fate, fate, plant_pod, template
from basefly.sim.seeds.world import Object, World, owned_by

_YOUNG, _OLD = timedelta(minutes=5), timedelta(days=60)
_ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}


class App(NamedTuple):
    """An application of a team, and where its pods may be placed."""

    name: str
    namespace: str
    labels: dict[str, str]
    nodes: Sequence[Object]

    @property
    def selector(self) -> dict[str, str]:
        return {"app.kubernetes.io/name": self.name}


def app(name: str, namespace: str, nodes: Sequence[Object]) -> App:
    labels = {
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/part-of": namespace,
        "app.kubernetes.io/managed-by": "Helm",
        "team": namespace,
    }
    return App(name, namespace, labels, nodes)


def plant_deployment(world: World, app: App, replicas: int) -> list[Object]:
    """Plant a deployment that was rolled out twice; returns its pods."""
    age = world.age(timedelta(days=1), _OLD)
    rolled = world.age(_YOUNG, min(age, timedelta(days=9)))
    made = template(world, app.name, app.namespace, app.labels)
    deployment = _workload(world, app, age, made, revision="2")
    deployment["spec"] |= {"replicas": replicas, "strategy": _ROLLING}
    deployment["spec"] |= {"revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
    owner = owned_by(deployment, "apps/v1", "Deployment")
    _replica_set(world, app, made, owner=owner, revision=("1", age), replicas=0)
    current = _replica_set(world, app, made, owner=owner, revision=("2", rolled), replicas=replicas)
    suffix = current["metadata"]["labels"]["pod-template-hash"]
    held = [
        _pod(world, app, f"{app.name}-{suffix}-{world.suffix()}", rolled, (current, "ReplicaSet"))
        for _ in range(replicas)
    ]
    ready = _ready(held)
    counts = {"replicas": replicas, "readyReplicas": ready, "availableReplicas": ready}
    current["status"] = {"observedGeneration": 1, "fullyLabeledReplicas": replicas} | counts
    missing = {"unavailableReplicas": replicas - ready} if ready < replicas else {}
    status = {"observedGeneration": 2, "updatedReplicas": replicas} | counts | missing
    deployment["status"] = status | {"conditions": _progress(world, rolled, ready * 4 >= replicas * 3)}
    _add(world, "deployments.apps", deployment, age)
    return held


def _workload(world: World, app: App, age: timedelta, made: Object, *, revision: str = "") -> Object:
    annotations = {"meta.helm.sh/release-name": app.name, "meta.helm.sh/release-namespace": app.namespace}
    if revision:
        annotations["deployment.kubernetes.io/revision"] = revision
    meta = world.metadata(app.name, app.namespace, age=age, labels=app.labels, annotations=annotations)
    return {
        "metadata": meta | {"generation": 2},
        "spec": {"selector": {"matchLabels": app.selector}, "template": made},
    }


def _replica_set(
    world: World, app: App, made: Object, *, owner: Object, revision: tuple[str, timedelta], replicas: int
) -> Object:
    number, age = revision
    suffix = world.suffix(10)
    hashed = {"pod-template-hash": suffix}
    meta = world.metadata(
        f"{app.name}-{suffix}",
        app.namespace,
        age=age,
        labels=app.labels | hashed,
        annotations={"deployment.kubernetes.io/revision": number},
        owner=owner,
    )
    labelled = {**made["metadata"], "labels": app.labels | hashed}
    spec = {
        "replicas": replicas,
        "selector": {"matchLabels": app.selector | hashed},
        "template": {**made, "metadata": labelled},
    }
    made_set: Object = {"metadata": meta | {"generation": 1}, "spec": spec, "status": {"replicas": 0}}
    return _add(world, "replicasets.apps", made_set, age, manager="kube-controller-manager")


def plant_stateful_set(world: World, app: App, replicas: int) -> list[Object]:
    """Plant a stateful set whose pods are numbered; returns them."""
    age = world.age(timedelta(days=3), _OLD)
    made = template(world, app.name, app.namespace, app.labels)
    stateful = _workload(world, app, age, made)
    stateful["spec"] |= {"replicas": replicas, "serviceName": app.name, "podManagementPolicy": "OrderedReady"}
    stateful["spec"] |= {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}}
    held = [_pod(world, app, f"{app.name}-{number}", age, (stateful, "StatefulSet")) for number in range(replicas)]
    ready = _ready(held)
    counts = {"replicas": replicas, "readyReplicas": ready, "currentReplicas": replicas, "updatedReplicas": replicas}
    revision = f"{app.name}-{world.suffix(10)}"
    revisions = {"currentRevision": revision, "updateRevision": revision, "availableReplicas": ready}
    stateful["status"] = {"observedGeneration": 2} | counts | revisions
    _add(world, "statefulsets.apps", stateful, age)
    return held


def plant_daemon_set(world: World, app: App) -> list[Object]:
    """Plant a daemon set with a pod on every node; returns them."""
    age = world.age(timedelta(days=3), _OLD)
    daemon = _workload(world, app, age, template(world, app.name, app.namespace, app.labels))
    daemon["spec"] |= {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}}
    held = [
        _pod(world, app, f"{app.name}-{world.suffix()}", age, (daemon, "DaemonSet"), placed=(node, Fate()))
        for node in app.nodes
    ]
    wanted = len(held)
    counted = ("currentNumberScheduled", "desiredNumberScheduled", "numberReady", "updatedNumberScheduled")
    daemon["status"] = dict.fromkeys((*counted, "numberAvailable"), wanted) | {"numberMisscheduled": 0}
    _add(world, "daemonsets.apps", daemon, age)
    return held


def plant_cron_job(world: World, app: App, runs: int) -> list[Object]:
    """Plant a cron job and the jobs it has run; returns their pods, which have completed."""
    age = world.age(timedelta(days=3), _OLD)
    made = template(world, app.name, app.namespace, app.labels)
    made["spec"] |= {"restartPolicy": "OnFailure"}
    cron = _workload(world, app, age, made)
    schedule = f"{world.chance.randint(0, 59)} */6 * * *"
    cron["spec"] = {
        "schedule": schedule,
        "concurrencyPolicy": "Forbid",
        "suspend": world.happens(0.1),
        "jobTemplate": {"spec": {"template": made}},
        "successfulJobsHistoryLimit": 3,
        "failedJobsHistoryLimit": 1,
    }
    cron["status"] = {"lastScheduleTime": world.ago(timedelta(hours=1)), "lastSuccessfulTime": world.ago(_YOUNG)}
    _add(world, "cronjobs.batch", cron, age, version="batch/v1")
    return [_job(world, app, made, owned_by(cron, "batch/v1", "CronJob"), number) for number in range(runs)]


def _job(world: World, app: App, made: Object, owner: Object, number: int) -> Object:
    age = timedelta(hours=1 + 6 * number)
    name = f"{app.name}-{29_000_000 - 360 * number}"
    labels = app.labels | {"batch.kubernetes.io/job-name": name}
    counts = {"backoffLimit": 6, "completions": 1, "parallelism": 1, "completionMode": "NonIndexed", "suspend": False}
    job: Object = {
        "metadata": world.metadata(name, app.namespace, age=age, labels=labels, owner=owner) | {"generation": 1},
        "spec": {**counts, "selector": {"matchLabels": {"batch.kubernetes.io/job-name": name}}, "template": made},
    }
    ended = world.ago(age - timedelta(seconds=30))
    met = {"status": "True", "lastProbeTime": ended, "lastTransitionTime": ended, "reason": "CompletionsReached"}
    conditions = [{"type": kind, **met} for kind in ("SuccessCriteriaMet", "Complete")]
    times = {"startTime": world.ago(age), "completionTime": ended}
    job["status"] = {"succeeded": 1, **times, "conditions": conditions}
    _add(world, "jobs.batch", job, age, manager="kube-controller-manager", version="batch/v1")
    named = app._replace(labels=labels)
    place = (world.pick(app.nodes), Fate("Succeeded"))
    return _pod(world, named, f"{name}-{world.suffix()}", age, (job, "Job"), placed=place)


def batch_name(world: World) -> str:
    return world.pick(BATCH)


def _pod(
    world: World,
    app: App,
    name: str,
    age: timedelta,
    owner: tuple[Object, str],
    *,
    placed: tuple[Object, Fate] | None = None,
) -> Object:
    """A pod from its owner's template; `owner` comes with its kind, `placed` is the node and the fate."""
    node, fares = placed or (world.pick(app.nodes), fate(world))
    workload, kind = owner
    made = workload["spec"]["template"]
    labelled = {**made["metadata"], "labels": made["metadata"]["labels"] | app.labels}
    return plant_pod(
        world,
        name,
        app.namespace,
        owner=owned_by(workload, "batch/v1" if kind == "Job" else "apps/v1", kind),
        template={**made, "metadata": labelled},
        placed=(node, fares, age),
    )


def _ready(pods: Sequence[Object]) -> int:
    return sum(
        1
        for pod in pods
        for held in pod["status"]["conditions"]
        if held["type"] == "Ready" and held["status"] == "True"
    )


def _progress(world: World, age: timedelta, available: bool) -> list[Object]:
    why = ("MinimumReplicasAvailable", "Deployment has minimum availability.")
    if not available:
        why = ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    done = ("NewReplicaSetAvailable", "ReplicaSet has successfully progressed.")
    held = (("Available", "True" if available else "False", *why), ("Progressing", "True", *done))
    since = {"lastUpdateTime": world.ago(age), "lastTransitionTime": world.ago(age)}
    return [{"type": k, "status": v, **since, "reason": reason, "message": text} for k, v, reason, text in held]


def _add(
    world: World, resource: str, obj: Object, age: timedelta, *, manager: str = "helm", version: str = "apps/v1"
) -> Object:
    paths = ("metadata.labels", "metadata.annotations", "metadata.ownerReferences", "spec")
    return world.add(resource, obj, Writer(manager, paths, world.ago(age), version))
