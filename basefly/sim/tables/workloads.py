"""Rows of pods and of what makes pods."""

from __future__ import annotations

from typing import Any

from basefly.sim.tables.cells import (
    NONE,
    Object,
    Printer,
    age,
    ago,
    containers,
    duration,
    joined,
    labels,
    name,
    seconds_since,
    selector,
    template,
)


def pod(obj: Object) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    statuses = status.get("containerStatuses") or []
    ready = sum(1 for held in statuses if held.get("ready") and "running" in held.get("state", {}))
    addresses = status.get("podIPs") or ()
    address = joined([held["ip"] for held in addresses][:1]) if addresses else status.get("podIP") or NONE
    return [
        name(obj),
        f"{ready}/{len(spec.get('containers', []))}",
        _pod_status(obj),
        _restarts(statuses),
        age(obj),
        address,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _gates(spec, status),
    ]


def _pod_status(obj: Object) -> str:
    status = obj.get("status", {})
    shown = status.get("reason") or status.get("phase", "")
    shown = _initial_status(obj) or _container_status(status, shown)
    if obj["metadata"].get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            return "Unknown"
        if status.get("phase") not in ("Succeeded", "Failed"):
            return "Terminating"
    return str(shown)


def _initial_status(obj: Object) -> str:
    """What an init container that has not finished makes of the status."""
    held = obj.get("status", {}).get("initContainerStatuses") or []
    total = len(obj.get("spec", {}).get("initContainers", []))
    sidecars = {c["name"] for c in obj.get("spec", {}).get("initContainers", []) if c.get("restartPolicy") == "Always"}
    for number, status in enumerate(held):
        state = status.get("state", {})
        if state.get("terminated", {}).get("exitCode", 1) == 0:
            continue
        if status["name"] in sidecars and status.get("started"):
            continue
        if "terminated" in state:
            return f"Init:{_terminated(state['terminated'])}"
        waiting = state.get("waiting", {}).get("reason", "")
        if waiting and waiting != "PodInitializing":
            return f"Init:{waiting}"
        return f"Init:{number}/{total}"
    return ""


def _container_status(status: Object, shown: str) -> str:
    running = False
    for held in reversed(status.get("containerStatuses") or []):
        state = held.get("state", {})
        if state.get("waiting", {}).get("reason"):
            shown = state["waiting"]["reason"]
        elif "terminated" in state:
            shown = _terminated(state["terminated"])
        elif held.get("ready") and "running" in state:
            running = True
    if shown == "Completed" and running:
        is_ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or ())
        shown = "Running" if is_ready else "NotReady"
    return shown


def _terminated(state: Object) -> str:
    if state.get("reason"):
        return str(state["reason"])
    return f"Signal:{state['signal']}" if state.get("signal") else f"ExitCode:{state.get('exitCode', 0)}"


def _restarts(statuses: list[Object]) -> str:
    count = sum(held.get("restartCount", 0) for held in statuses)
    ended = [held.get("lastState", {}).get("terminated", {}).get("finishedAt") for held in statuses]
    last = max((time for time in ended if time), default=None)
    return f"{count} ({ago(last)} ago)" if count and last else str(count)


def _gates(spec: Object, status: Object) -> str:
    gates = spec.get("readinessGates") or ()
    if not gates:
        return NONE
    true = {held["type"] for held in status.get("conditions") or () if held["status"] == "True"}
    return f"{sum(1 for gate in gates if gate['conditionType'] in true)}/{len(gates)}"


def deployment(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    return [
        name(obj),
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age(obj),
        *containers(template(obj)),
        selector(spec.get("selector")),
    ]


def replica_set(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    counts = [spec.get("replicas", 0), status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [name(obj), *counts, age(obj), *containers(template(obj)), selector(spec.get("selector"))]


def replication_controller(obj: Object) -> list[Any]:
    return [*replica_set(obj)[:-1], labels(obj["spec"].get("selector"))]


def stateful_set(obj: Object) -> list[Any]:
    ready = f"{obj.get('status', {}).get('readyReplicas', 0)}/{obj['spec'].get('replicas', 0)}"
    return [name(obj), ready, age(obj), *containers(template(obj))]


def daemon_set(obj: Object) -> list[Any]:
    status, pods = obj.get("status", {}), template(obj)
    counted = ("desiredNumberScheduled", "currentNumberScheduled", "numberReady", "updatedNumberScheduled")
    counts = [status.get(key, 0) for key in (*counted, "numberAvailable")]
    chosen = labels(pods.get("spec", {}).get("nodeSelector"))
    return [name(obj), *counts, chosen, age(obj), *containers(pods), selector(obj["spec"].get("selector"))]


def job(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    done, wanted = status.get("succeeded", 0), spec.get("completions")
    parallel = spec.get("parallelism", 1)
    completions = f"{done}/{wanted}" if wanted else f"{done}/1 of {parallel}" if parallel > 1 else f"{done}/1"
    return [
        name(obj),
        _job_status(obj),
        completions,
        _job_duration(status),
        age(obj),
        *containers(template(obj)),
        selector(spec.get("selector")),
    ]


def _job_status(obj: Object) -> str:
    true = {held["type"] for held in obj.get("status", {}).get("conditions") or () if held["status"] == "True"}
    if "Complete" in true or "Failed" in true:
        return "Complete" if "Complete" in true else "Failed"
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    for condition in ("Suspended", "FailureTarget", "SuccessCriteriaMet"):
        if condition in true:
            return condition
    return "Running"


def _job_duration(status: Object) -> str:
    began = status.get("startTime")
    if not began:
        return ""
    ended = status.get("completionTime")
    return duration(seconds_since(began, until=ended) or 0)


def cron_job(obj: Object) -> list[Any]:
    spec, status = obj["spec"], obj.get("status", {})
    last = status.get("lastScheduleTime")
    pods = spec.get("jobTemplate", {}).get("spec", {}).get("template", {})
    return [
        name(obj),
        spec.get("schedule", ""),
        spec.get("timeZone") or NONE,
        str(spec.get("suspend", False)),
        len(status.get("active") or ()),
        ago(last) if last else NONE,
        age(obj),
        *containers(pods),
        selector(spec.get("jobTemplate", {}).get("spec", {}).get("selector")),
    ]


def controller_revision(obj: Object) -> list[Any]:
    owners = [owner for owner in obj["metadata"].get("ownerReferences") or () if owner.get("controller")]
    owner = NONE
    if owners:
        group = owners[0]["apiVersion"].rpartition("/")[0]
        owner = f"{owners[0]['kind'].lower()}{'.' + group if group else ''}/{owners[0]['name']}"
    return [name(obj), owner, obj.get("revision", 0), age(obj)]


PRINTERS: dict[str, Printer] = {
    "pods": pod,
    "replicationcontrollers": replication_controller,
    "deployments.apps": deployment,
    "replicasets.apps": replica_set,
    "statefulsets.apps": stateful_set,
    "daemonsets.apps": daemon_set,
    "controllerrevisions.apps": controller_revision,
    "jobs.batch": job,
    "cronjobs.batch": cron_job,
}
