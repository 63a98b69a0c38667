"""What the server fills in: members that its types always write, defaults by type, and those that depend on others."""

from __future__ import annotations

import base64
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from basefly.sim.bodies.messages import Form, messages
from basefly.sim.kinds.kind import Kind

Object = dict[str, Any]
_JOB = {
    "parallelism": 1,
    "backoffLimit": 6,
    "completionMode": "NonIndexed",
    "suspend": False,
    "podReplacementPolicy": "TerminatingOrFailed",
    "manualSelector": False,
}
_RBAC = "rbac.authorization.k8s.io"


@cache
def _recorded() -> dict[str, Object]:
    """Defaults by message: those of Kubernetes' defaults.go that hang on nothing else."""
    text = resources.files("basefly.sim.bodies").joinpath("defaults.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, Object])


@cache
def _always(message: str) -> Object:
    """What an object of a message has at least; values are shared, so they are copied."""
    return messages().always.get(message, {}) | _recorded().get(message, {})


@cache
def _parts(message: str) -> tuple[dict[str, tuple[str, Form]], tuple[str, ...]]:
    """The members of a message that are messages themselves, by name, and those that Go inlines."""
    known = messages().messages
    held = [field for field in known[message].values() if field.type in known and field.type != "meta.ObjectMeta"]
    return {f.name: (f.type, f.form) for f in held if f.name}, tuple(f.type for f in held if not f.name)


def fill(kind: Kind, obj: Object) -> None:
    """Fill an object in place. Custom kinds, definitions and what `metadata` holds are left alone."""
    message = messages().of(kind.api_version, kind.kind)
    if message is None or kind.definition or kind.group == "apiextensions.k8s.io":
        return
    if kind.name in _BEFORE:
        _BEFORE[kind.name](obj)
    _fill(message, obj)
    if kind.name in _AFTER:
        _AFTER[kind.name](obj)


def _fill(message: str, obj: Object) -> None:
    if message in _DEPENDING:
        _DEPENDING[message](obj)
    for name, value in _always(message).items():
        if name not in obj or (obj[name] is None and value is not None):
            obj[name] = deepcopy(value) if isinstance(value, (dict, list)) else value
    parts, inlined = _parts(message)
    for part in inlined:
        _fill(part, obj)
    for name in parts.keys() & obj.keys():
        part, form = parts[name]
        held = obj[name]
        if form is Form.LIST or form is Form.MAP:
            for one in (held.values() if form is Form.MAP else held) if held else ():
                _fill(part, one)
        elif isinstance(held, dict):
            _fill(part, held)


def _container(obj: Object) -> None:
    tag = obj.get("image", "").rpartition("/")[2].partition(":")[2]
    obj.setdefault("imagePullPolicy", "Always" if tag in ("", "latest") else "IfNotPresent")


def _account(obj: Object) -> None:
    if obj.get("serviceAccountName"):
        obj.setdefault("serviceAccount", obj["serviceAccountName"])


def _service_spec(obj: Object) -> None:
    kind = obj.setdefault("type", "ClusterIP")
    if kind != "ExternalName":
        obj.setdefault("internalTrafficPolicy", "Cluster")
    if kind in ("NodePort", "LoadBalancer") or obj.get("externalIPs"):
        obj.setdefault("externalTrafficPolicy", "Cluster")
    if kind == "LoadBalancer":
        obj.setdefault("allocateLoadBalancerNodePorts", True)
    if obj.get("sessionAffinity") == "ClientIP":
        obj.setdefault("sessionAffinityConfig", {"clientIP": {"timeoutSeconds": 10800}})


def _service_port(obj: Object) -> None:
    obj.setdefault("targetPort", obj.get("port"))


def _ingress_address(obj: Object) -> None:
    if obj.get("ip"):
        obj.setdefault("ipMode", "VIP")


def _rolling(**values: Any) -> Callable[[Object], None]:
    def fill_rolling(obj: Object) -> None:
        if obj.setdefault("type", "RollingUpdate") == "RollingUpdate":
            obj["rollingUpdate"] = values | (obj.get("rollingUpdate") or {})

    return fill_rolling


def _job_spec(obj: Object) -> None:
    """The defaults of a job; a template of one is left without."""
    spec = obj.setdefault("spec", {})
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    for name, value in _JOB.items():
        spec.setdefault(name, value)


def _policy_spec(obj: Object) -> None:
    obj.setdefault("policyTypes", ["Ingress", *(["Egress"] if obj.get("egress") else [])])


def _subject(obj: Object) -> None:
    if obj.get("kind") in ("User", "Group"):
        obj.setdefault("apiGroup", _RBAC)


def _reference(obj: Object) -> None:
    obj["apiGroup"] = obj.get("apiGroup") or _RBAC


def _claim_template(obj: Object) -> None:
    for claim in obj.get("volumeClaimTemplates") or ():
        claim |= {"apiVersion": "v1", "kind": "PersistentVolumeClaim"}


def _node_status(obj: Object) -> None:
    if obj.get("capacity"):
        obj.setdefault("allocatable", dict(obj["capacity"]))


_DEPENDING: dict[str, Callable[[Object], None]] = {
    "core.v1.Container": _container,
    "core.v1.PodSpec": _account,
    "core.v1.NodeStatus": _node_status,
    "core.v1.ServiceSpec": _service_spec,
    "core.v1.ServicePort": _service_port,
    "core.v1.LoadBalancerIngress": _ingress_address,
    "apps.v1.DeploymentStrategy": _rolling(maxUnavailable="25%", maxSurge="25%"),
    "apps.v1.DaemonSetUpdateStrategy": _rolling(maxUnavailable=1, maxSurge=0),
    "apps.v1.StatefulSetUpdateStrategy": _rolling(partition=0),
    "apps.v1.StatefulSetSpec": _claim_template,
    "networking.v1.NetworkPolicySpec": _policy_spec,
    "rbac.v1.Subject": _subject,
    "rbac.v1.RoleRef": _reference,
}


def _namespace(obj: Object) -> None:
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]


def _pod(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    spec |= {"enableServiceLinks": True, "priority": 0, "preemptionPolicy": "PreemptLowerPriority"} | spec
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        resources = container.setdefault("resources", {})
        if limits := resources.get("limits"):
            resources["requests"] = limits | (resources.get("requests") or {})
    held = spec.setdefault("tolerations", [])
    wanted = [_tolerated("not-ready"), _tolerated("unreachable")]
    keys = {one.get("key") for one in held}
    held += [one for one in wanted if one["key"] not in keys and None not in keys]


def _tolerated(why: str) -> Object:
    key = f"node.kubernetes.io/{why}"
    return {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}


def _quality(obj: Object) -> None:
    """The class of a pod: guaranteed if all limits are requests, burstable if any container asks for anything."""
    spec = obj["spec"]
    held = [one["resources"] for name in ("containers", "initContainers") for one in spec.get(name) or ()]
    asked = [one.get("requests") or {} for one in held]
    limits = [one.get("limits") or {} for one in held]
    whole = all({"cpu", "memory"} <= set(limit) and limit == ask for limit, ask in zip(limits, asked, strict=True))
    some = any(one.keys() & {"cpu", "memory"} for one in (*asked, *limits))
    obj["status"].setdefault("qosClass", "Guaranteed" if whole and held else "Burstable" if some else "BestEffort")


def _secret(obj: Object) -> None:
    """Text is kept as data alone."""
    text = obj.pop("stringData", None) or {}
    written = {key: base64.b64encode(value.encode()).decode() for key, value in text.items()}
    if written:
        obj["data"] = (obj.get("data") or {}) | written


def _labels_of_template(obj: Object) -> None:
    """A workload without labels takes those of its pods, where the old kinds still do so."""
    spec = obj.get("spec") or {}
    labels = ((spec.get("template") or {}).get("metadata") or {}).get("labels")
    if labels:
        obj["metadata"].setdefault("labels", dict(labels))
        spec.setdefault("selector", dict(labels))


def _job(obj: Object) -> None:
    """A job selects its pods by its own uid, which is in their labels."""
    spec, meta = obj["spec"], obj["metadata"]
    if spec.get("manualSelector") or "selector" in spec or "uid" not in meta:
        return
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for name, value in (("controller-uid", meta["uid"]), ("job-name", meta["name"])):
        labels |= {name: value, f"batch.kubernetes.io/{name}": value}
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": meta["uid"]}}


def _daemon_set(obj: Object) -> None:
    held = obj["metadata"].setdefault("annotations", {})
    held["deprecated.daemonset.template.generation"] = str(obj["metadata"].get("generation", 1))


def _phase_time(obj: Object) -> None:
    """A volume is as long in its first phase as it exists."""
    if "creationTimestamp" in obj["metadata"]:
        obj["status"].setdefault("lastPhaseTransitionTime", obj["metadata"]["creationTimestamp"])


_BEFORE: dict[str, Callable[[Object], None]] = {
    "namespaces": _namespace,
    "pods": _pod,
    "secrets": _secret,
    "replicationcontrollers": _labels_of_template,
    "daemonsets.apps": _daemon_set,
    "jobs.batch": _job_spec,
}
_AFTER: dict[str, Callable[[Object], None]] = {"pods": _quality, "jobs.batch": _job, "persistentvolumes": _phase_time}
