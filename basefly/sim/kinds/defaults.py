"""What the server fills in when an object is created: only what others go on to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]

GENERATIONAL = frozenset(
    "pods replicationcontrollers deployments.apps replicasets.apps statefulsets.apps daemonsets.apps jobs.batch "
    "cronjobs.batch ingresses.networking.k8s.io ingressclasses.networking.k8s.io networkpolicies.networking.k8s.io "
    "poddisruptionbudgets.policy endpointslices.discovery.k8s.io customresourcedefinitions.apiextensions.k8s.io "
    "flowschemas.flowcontrol.apiserver.k8s.io prioritylevelconfigurations.flowcontrol.apiserver.k8s.io "
    "mutatingwebhookconfigurations.admissionregistration.k8s.io "
    "validatingwebhookconfigurations.admissionregistration.k8s.io".split()
)
"""The built-in resources whose objects count generations; custom resources all do."""


def fill(resource: str, obj: Object) -> None:
    """Fill an object in place."""
    if resource in _DEFAULTS:
        _DEFAULTS[resource](obj)


def _fill(obj: Object, **values: Any) -> Object:
    for key, value in values.items():
        obj.setdefault(key, value)
    return obj


def _namespace(obj: Object) -> None:
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"]["name"]
    obj.setdefault("spec", {}).setdefault("finalizers", ["kubernetes"])
    obj.setdefault("status", {}).setdefault("phase", "Active")


def _pod_spec(spec: Object) -> None:
    _fill(spec, restartPolicy="Always", terminationGracePeriodSeconds=30, dnsPolicy="ClusterFirst")
    _fill(spec, securityContext={}, schedulerName="default-scheduler")
    for container in spec.get("containers", ()):
        tag = container.get("image", "").rpartition("/")[2].partition(":")[2]
        _fill(container, resources={}, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File")
        _fill(container, imagePullPolicy="Always" if tag in ("", "latest") else "IfNotPresent")
        for port in container.get("ports", ()):
            port.setdefault("protocol", "TCP")


def _pod(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _pod_spec(spec)
    _fill(spec, enableServiceLinks=True, priority=0, preemptionPolicy="PreemptLowerPriority")
    spec.setdefault("tolerations", [_tolerated(why) for why in ("not-ready", "unreachable")])
    _fill(obj.setdefault("status", {}), phase="Pending", qosClass="BestEffort")


def _tolerated(why: str) -> Object:
    key = f"node.kubernetes.io/{why}"
    return {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}


def _template(obj: Object) -> None:
    _pod_spec(obj.get("spec", {}).setdefault("template", {}).setdefault("spec", {}))


def _deployment(obj: Object) -> None:
    _template(obj)
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
    _fill(obj["spec"], replicas=1, strategy=rolling, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    obj.setdefault("status", {})


def _replicated(obj: Object) -> None:
    _template(obj)
    _fill(obj["spec"], replicas=1)
    _fill(obj.setdefault("status", {}), replicas=0)


def _stateful(obj: Object) -> None:
    _replicated(obj)
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    _fill(obj["spec"], podManagementPolicy="OrderedReady", updateStrategy=rolling, revisionHistoryLimit=10)


def _daemon(obj: Object) -> None:
    _template(obj)
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    _fill(obj["spec"], updateStrategy=rolling, revisionHistoryLimit=10)
    obj.setdefault("status", {})


def _job(obj: Object) -> None:
    _template(obj)
    _fill(obj["spec"], parallelism=1, completions=1, backoffLimit=6, completionMode="NonIndexed", suspend=False)
    obj.setdefault("status", {})


def _service(obj: Object) -> None:
    spec = obj.setdefault("spec", {})
    _fill(spec, type="ClusterIP", sessionAffinity="None", internalTrafficPolicy="Cluster")
    for port in spec.get("ports", ()):
        _fill(port, protocol="TCP", targetPort=port.get("port"))
    obj.setdefault("status", {"loadBalancer": {}})


def _phase(phase: str) -> Callable[[Object], None]:
    def fill_phase(obj: Object) -> None:
        obj.setdefault("status", {}).setdefault("phase", phase)

    return fill_phase


def _secret(obj: Object) -> None:
    obj.setdefault("type", "Opaque")


_DEFAULTS: dict[str, Callable[[Object], None]] = {
    "namespaces": _namespace,
    "pods": _pod,
    "services": _service,
    "secrets": _secret,
    "persistentvolumes": _phase("Available"),
    "persistentvolumeclaims": _phase("Pending"),
    "deployments.apps": _deployment,
    "replicasets.apps": _replicated,
    "statefulsets.apps": _stateful,
    "daemonsets.apps": _daemon,
    "jobs.batch": _job,
}
