"""Pods. The status is worked out as kubectl does (`printPod` in k8s.io/kubernetes/pkg/printers/internalversion)."""

from __future__ import annotations

import msgspec

from basefly.base.kube import quantity
from basefly.core.sync.kind import Column, Health, Kind, Meta, Projection

DIGEST = 16  # hex digits of a digest that are kept


class Terminated(msgspec.Struct, rename="camel", frozen=True, gc=False):
    exit_code: int = 0
    signal: int = 0
    reason: str = ""


class Waiting(msgspec.Struct, frozen=True, gc=False):
    reason: str = ""


class Running(msgspec.Struct, frozen=True, gc=False):
    pass


class ContainerState(msgspec.Struct, frozen=True, gc=False):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(msgspec.Struct, rename="camel", frozen=True, gc=False):
    name: str = ""
    ready: bool = False
    started: bool | None = None
    image_id: str = msgspec.field(name="imageID", default="")
    restart_count: int = 0
    state: ContainerState = ContainerState()


class Requests(msgspec.Struct, frozen=True, gc=False):
    cpu: str | int | float = 0
    memory: str | int | float = 0


class Resources(msgspec.Struct, frozen=True, gc=False):
    requests: Requests = Requests()
    limits: Requests = Requests()


class Container(msgspec.Struct, rename="camel", frozen=True, gc=False):
    name: str = ""
    image: str = ""
    restart_policy: str = ""
    resources: Resources = Resources()


class Condition(msgspec.Struct, frozen=True, gc=False):
    type: str = ""
    status: str = ""
    reason: str = ""


class PodSpec(msgspec.Struct, rename="camel", frozen=True, gc=False):
    node_name: str = ""
    containers: list[Container] = []
    init_containers: list[Container] = []


class PodStatus(msgspec.Struct, rename="camel", frozen=True, gc=False):
    phase: str = ""
    reason: str = ""
    pod_ip: str = msgspec.field(name="podIP", default="")
    qos_class: str = ""
    conditions: list[Condition] = []
    container_statuses: list[ContainerStatus] = []
    init_container_statuses: list[ContainerStatus] = []


class Pod(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()


class _Progress(msgspec.Struct, gc=False):
    """What walking over a pod's containers finds out."""

    reason: str
    restarts: int = 0
    sidecar_restarts: int = 0
    ready: int = 0
    total: int = 0


def project(pod: Pod) -> Projection:
    progress, spec, status = _status(pod), pod.spec, pod.status
    cores, memory = 0.0, 0
    for container in spec.containers:
        asked = container.resources.requests
        cores += quantity.number(asked.cpu) if asked.cpu else 0.0
        memory += int(quantity.number(asked.memory)) if asked.memory else 0
    cells = {
        "ready": f"{progress.ready}/{progress.total}",
        "restarts": progress.restarts,
        "node": spec.node_name,
        "ip": status.pod_ip,
        "qos": status.qos_class,
        "cpu": cores,
        "memory": memory,
        "images": [c.image for c in spec.containers],
        "digests": _digests(pod),
    }
    return Projection(progress.reason, _health(progress), cells)


def _digests(pod: Pod) -> list[str]:
    """What was pulled for each image: the begin of its sha256, which tells all images of a fleet apart."""
    pulled = {}
    for status in pod.status.container_statuses:
        _, mark, digest = status.image_id.rpartition("sha256:")
        pulled[status.name] = digest[:DIGEST] if mark else ""
    return [pulled.get(c.name, "") for c in pod.spec.containers]


def _status(pod: Pod) -> _Progress:
    status = pod.status
    progress = _Progress(status.reason or status.phase, total=len(pod.spec.containers))
    for container in pod.spec.init_containers:
        progress.total += container.restart_policy == "Always"  # a sidecar
    for condition in status.conditions:
        if condition.reason == "SchedulingGated" and condition.type == "PodScheduled":
            progress.reason = "SchedulingGated"
    initializing = bool(status.init_container_statuses) and _initializing(pod, progress)
    if not initializing or _condition(pod, "Initialized"):
        _main_containers(pod, progress)
    if pod.metadata.deletion_timestamp and status.reason == "NodeLost":
        progress.reason = "Unknown"
    elif pod.metadata.deletion_timestamp and status.phase not in ("Succeeded", "Failed"):
        progress.reason = "Terminating"
    return progress


def _initializing(pod: Pod, progress: _Progress) -> bool:
    always = {c.name for c in pod.spec.init_containers if c.restart_policy == "Always"}
    for index, container in enumerate(pod.status.init_container_statuses):
        progress.restarts += container.restart_count
        if container.name in always:
            progress.sidecar_restarts += container.restart_count
        state = container.state
        if state.terminated and state.terminated.exit_code == 0:
            continue
        if container.name in always and container.started:
            progress.ready += container.ready
            continue
        if state.terminated:
            progress.reason = "Init:" + _ended(state.terminated)
        elif state.waiting and state.waiting.reason not in ("", "PodInitializing"):
            progress.reason = "Init:" + state.waiting.reason
        else:
            progress.reason = f"Init:{index}/{len(pod.spec.init_containers)}"
        return True
    return False


def _main_containers(pod: Pod, progress: _Progress) -> None:
    running = False
    progress.restarts = progress.sidecar_restarts  # finished init containers no longer count
    for container in reversed(pod.status.container_statuses):
        progress.restarts += container.restart_count
        state = container.state
        if state.waiting and state.waiting.reason:
            progress.reason = state.waiting.reason
        elif state.terminated:
            progress.reason = _ended(state.terminated)
        elif container.ready and state.running:
            running = True
            progress.ready += 1
    if progress.reason == "Completed" and running:
        progress.reason = "Running" if _condition(pod, "Ready") else "NotReady"


def _ended(state: Terminated) -> str:
    if state.reason:
        return state.reason
    return f"Signal:{state.signal}" if state.signal else f"ExitCode:{state.exit_code}"


def _condition(pod: Pod, name: str) -> bool:
    return any(c.type == name and c.status == "True" for c in pod.status.conditions)


def _health(progress: _Progress) -> Health:
    if progress.reason in ("Succeeded", "Completed"):
        return "idle"
    if progress.reason == "Running":
        return "ok" if progress.ready == progress.total else "warn"
    starting = ("Pending", "ContainerCreating", "PodInitializing", "Terminating", "SchedulingGated")
    if progress.reason in starting or (progress.reason.startswith("Init:") and "/" in progress.reason):
        return "warn"
    return "bad"


PODS = Kind(
    resource="pods",
    kind="Pod",
    short=("po",),
    group="workloads",
    columns=(
        Column("ready", "Ready"),
        Column("restarts", "Restarts", "number"),
        Column("node", "Node"),
        Column("ip", "IP", wide=True),
        Column("cpu", "CPU request", "cores", wide=True),
        Column("memory", "Memory request", "bytes", wide=True),
        Column("qos", "QoS", wide=True),
        Column("images", "Images", "list", wide=True),
    ),
    shape=Pod,
    project=project,
)
