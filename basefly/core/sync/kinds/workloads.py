"""Workloads: deployments, replica sets, stateful sets and daemon sets."""

from __future__ import annotations

import msgspec

from basefly.core.sync.kind import Column, Health, Kind, Meta, Projection


class Image(msgspec.Struct, frozen=True, gc=False):
    image: str = ""


class PodSpec(msgspec.Struct, frozen=True, gc=False):
    containers: list[Image] = []


class Template(msgspec.Struct, frozen=True, gc=False):
    spec: PodSpec = PodSpec()


class Spec(msgspec.Struct, rename="camel", frozen=True, gc=False):
    replicas: int | None = None
    paused: bool = False
    template: Template = Template()


class Condition(msgspec.Struct, frozen=True, gc=False):
    type: str = ""
    status: str = ""
    reason: str = ""


class Status(msgspec.Struct, rename="camel", frozen=True, gc=False):
    ready_replicas: int = 0
    updated_replicas: int = 0
    available_replicas: int = 0
    current_number_scheduled: int = 0
    desired_number_scheduled: int = 0
    number_ready: int = 0
    updated_number_scheduled: int = 0
    number_available: int = 0
    conditions: list[Condition] = []


class Workload(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: Spec = Spec()
    status: Status = Status()


def project_replicated(workload: Workload) -> Projection:
    """Deployments and stateful sets; an absent `replicas` means one (apps/v1 defaulting)."""
    status, spec = workload.status, workload.spec
    desired = 1 if spec.replicas is None else spec.replicas
    cells = _cells(workload, desired, status.ready_replicas, status.updated_replicas, status.available_replicas)
    word, health = _word(workload, desired, status.ready_replicas, status.updated_replicas)
    return Projection(word, health, cells)


def project_replica_set(workload: Workload) -> Projection:
    """Replica sets have no rollout of their own, so all their pods count as updated."""
    status, spec = workload.status, workload.spec
    desired = 1 if spec.replicas is None else spec.replicas
    cells = _cells(workload, desired, status.ready_replicas, desired, status.available_replicas)
    word, health = _word(workload, desired, status.ready_replicas, desired)
    return Projection(word, health, cells)


def project_daemon_set(workload: Workload) -> Projection:
    status = workload.status
    desired = status.desired_number_scheduled
    cells = _cells(workload, desired, status.number_ready, status.updated_number_scheduled, status.number_available)
    word, health = _word(workload, desired, status.number_ready, status.updated_number_scheduled)
    return Projection(word, health, cells)


def _cells(workload: Workload, desired: int, ready: int, updated: int, available: int) -> dict[str, object]:
    return {
        "ready": f"{ready}/{desired}",
        "desired": desired,
        "updated": updated,
        "available": available,
        "images": [c.image for c in workload.spec.template.spec.containers],
    }


def _word(workload: Workload, desired: int, ready: int, updated: int) -> tuple[str, Health]:
    if workload.metadata.deletion_timestamp:
        return "Terminating", "warn"
    stuck = any(c.reason == "ProgressDeadlineExceeded" for c in workload.status.conditions)
    if stuck:
        return "Stuck", "bad"
    if workload.spec.paused:
        return "Paused", "warn"
    if desired == 0:
        return "ScaledToZero", "idle"
    if updated < desired:
        return "Updating", "warn"
    if ready >= desired:
        return "Ready", "ok"
    return ("Unavailable", "bad") if ready == 0 else ("Degraded", "warn")


COLUMNS = (
    Column("ready", "Ready"),
    Column("updated", "Up to date", "number"),
    Column("available", "Available", "number"),
    Column("desired", "Desired", "number", wide=True),
    Column("images", "Images", "list"),
)

DEPLOYMENTS = Kind(
    resource="deployments.apps",
    kind="Deployment",
    short=("deploy",),
    group="workloads",
    columns=COLUMNS,
    shape=Workload,
    project=project_replicated,
)
STATEFUL_SETS = Kind(
    resource="statefulsets.apps",
    kind="StatefulSet",
    short=("sts",),
    group="workloads",
    columns=COLUMNS,
    shape=Workload,
    project=project_replicated,
)
DAEMON_SETS = Kind(
    resource="daemonsets.apps",
    kind="DaemonSet",
    short=("ds",),
    group="workloads",
    columns=COLUMNS,
    shape=Workload,
    project=project_daemon_set,
)
REPLICA_SETS = Kind(
    resource="replicasets.apps",
    kind="ReplicaSet",
    short=("rs",),
    group="workloads",
    columns=COLUMNS,
    shape=Workload,
    project=project_replica_set,
)
