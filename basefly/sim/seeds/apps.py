"""Applications of teams: one workload each, with the replica sets and jobs that its controllers made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from basefly.sim.seeds.chance import Chance
from basefly.sim.seeds.stencil import Values
from basefly.sim.seeds.world import DAY, HOUR, MINUTE, World

Made = tuple[str, Values]
"""The name of a shape, and what its holes are filled with."""
_SIZES = (("20m", "48Mi"), ("50m", "96Mi"), ("50m", "128Mi"), ("100m", "192Mi"), ("200m", "384Mi"))
_VERSIONS = {"Job": "batch/v1"}


@dataclass(frozen=True, eq=False, slots=True)
class App:
    """`form` is Deployment, StatefulSet, DaemonSet or CronJob; a CronJob's replicas are the runs that are left."""

    world: World
    name: str
    team: str
    form: str
    replicas: int

    def chance(self, *about: object) -> Chance:
        return Chance(self.world.key, self.team, self.name, *about)

    def uid(self, *about: object) -> str:
        return self.chance("uid", *about).uid()

    @property
    def hash(self) -> str:
        """The revision that its pods are of."""
        return _hash(self)


@lru_cache(maxsize=256)
def _hash(app: App) -> str:
    return app.chance("hash").suffix(10)


@lru_cache(maxsize=256)
def ages(app: App) -> tuple[int, int]:
    """Seconds since an application was made, and since it was last rolled out."""
    chance = app.chance("age")
    made = chance.between(DAY if app.form == "Deployment" else 3 * DAY, 60 * DAY)
    return made, chance.between(5 * MINUTE, min(made, 9 * DAY)) if app.form == "Deployment" else made


@lru_cache(maxsize=256)
def common(app: App) -> dict[str, Any]:
    """What all objects of an application share."""
    chance = app.chance()
    cpu, memory = chance.pick(_SIZES)
    repository = f"registry.example.com/{app.team}/{app.name}"
    major, minor = chance.between(1, 9), chance.between(1, 40)
    return {
        "app": app.name,
        "team": app.team,
        "repository": repository,
        "image": f"{repository}:{major}.{minor}.0",
        "old_image": f"{repository}:{major}.{minor - 1}.0",
        "cpu": cpu,
        "memory": memory,
        "restart": "OnFailure" if app.form == "CronJob" else "Always",
        "created": app.world.ago(ages(app)[0]),
    }


@lru_cache(maxsize=256)
def owner(app: App, run: int = 0) -> dict[str, Any]:
    """The controller of an application's pods, and the label by which it knows them."""
    if app.form == "CronJob":
        name = job_name(app, run)
        return _owner("Job", name, app.uid("Job", run)) | {"label": "batch.kubernetes.io/job-name", "hash": name}
    if app.form == "Deployment":
        label = {"label": "pod-template-hash", "hash": app.hash}
        return _owner("ReplicaSet", f"{app.name}-{app.hash}", app.uid("ReplicaSet", 2)) | label
    return _owner(app.form, app.name, app.uid(app.form)) | {"label": "controller-revision-hash", "hash": app.hash}


def _owner(kind: str, name: str, uid: str) -> dict[str, Any]:
    return {"owner_version": _VERSIONS.get(kind, "apps/v1"), "owner_kind": kind, "owner": name, "owner_uid": uid}


def job_name(app: App, run: int) -> str:
    return f"{app.name}-{29_000_000 - 360 * run}"


def workload(app: App, ready: int) -> Made:
    """The workload itself, of whose pods so many are ready."""
    held = {"name": app.name, "uid": app.uid(app.form), "replicas": app.replicas}
    if app.form == "CronJob":
        chance = app.chance("cron")
        held |= {"minute": chance.below(60), "suspended": chance.happens(0.1)}
    return app.form.lower(), common(app) | held | {"status": _STATUS[app.form](app, ready)}


def replica_set(app: App, revision: int, ready: int) -> Made:
    """The replica set of the current revision (2), or of the one before."""
    current = revision == 2
    hashed = app.hash if current else app.chance("hash", revision).suffix(10)
    replicas = app.replicas if current else 0
    counts: dict[str, int] = {"replicas": replicas, "observedGeneration": 1}
    if current:
        counts |= {"fullyLabeledReplicas": replicas, "readyReplicas": ready, "availableReplicas": ready}
    return "replicaset", common(app) | _owner("Deployment", app.name, app.uid("Deployment")) | {
        "name": f"{app.name}-{hashed}",
        "uid": app.uid("ReplicaSet", revision),
        "created": app.world.ago(ages(app)[1] if current else ages(app)[0]),
        "hash": hashed,
        "revision": str(revision),
        "replicas": replicas,
        "made_of": common(app)["image" if current else "old_image"],
        "status": counts,
    }


def job(app: App, run: int) -> Made:
    """A run that has completed."""
    age = HOUR + 6 * HOUR * run
    times = {"created": app.world.ago(age), "ended": app.world.ago(age - 30)}
    held = {"name": job_name(app, run), "uid": app.uid("Job", run)} | times
    return "job", common(app) | _owner("CronJob", app.name, app.uid("CronJob")) | held


def _deployment_status(app: App, ready: int) -> dict[str, Any]:
    counts = {"observedGeneration": 2, "replicas": app.replicas, "updatedReplicas": app.replicas}
    counts |= {"readyReplicas": ready, "availableReplicas": ready}
    if ready < app.replicas:
        counts["unavailableReplicas"] = app.replicas - ready
    available = ready * 4 >= app.replicas * 3
    why = ("MinimumReplicasAvailable", "Deployment has minimum availability.")
    if not available:
        why = ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    done = ("NewReplicaSetAvailable", f'ReplicaSet "{app.name}-{app.hash}" has successfully progressed.')
    held = (("Available", "True" if available else "False", *why), ("Progressing", "True", *done))
    return counts | {"conditions": _conditions(app, held)}


def _conditions(app: App, held: Sequence[tuple[str, str, str, str]]) -> list[dict[str, str]]:
    at = app.world.ago(ages(app)[1])
    since = {"lastUpdateTime": at, "lastTransitionTime": at}
    return [{"type": k, "status": v, **since, "reason": reason, "message": text} for k, v, reason, text in held]


def _stateful_status(app: App, ready: int) -> dict[str, Any]:
    counts = dict.fromkeys(("replicas", "currentReplicas", "updatedReplicas"), app.replicas)
    counts |= {"observedGeneration": 2, "readyReplicas": ready, "availableReplicas": ready}
    return counts | dict.fromkeys(("currentRevision", "updateRevision"), f"{app.name}-{app.hash}")


def _daemon_status(app: App, ready: int) -> dict[str, Any]:
    wanted = ("currentNumberScheduled", "desiredNumberScheduled", "updatedNumberScheduled")
    counts = dict.fromkeys(wanted, app.replicas) | {"observedGeneration": 2, "numberMisscheduled": 0}
    return counts | {"numberReady": ready, "numberAvailable": ready}


def _cron_status(app: App, _ready: int) -> dict[str, Any]:
    return {"lastScheduleTime": app.world.ago(HOUR), "lastSuccessfulTime": app.world.ago(HOUR - 30)}


_STATUS = {
    "Deployment": _deployment_status,
    "StatefulSet": _stateful_status,
    "DaemonSet": _daemon_status,
    "CronJob": _cron_status,
}
