"""Rows of nodes, storage, configuration, policy, access and events."""

from __future__ import annotations

from typing import Any

from basefly.sim.tables.cells import NONE, UNKNOWN, Object, Printer, age, ago, joined, name, short_access

_ROLE = "node-role.kubernetes.io/"


def node(obj: Object) -> list[Any]:
    status = obj.get("status", {})
    info = status.get("nodeInfo", {})
    return [
        name(obj),
        _node_status(obj),
        joined(sorted(_roles(obj["metadata"].get("labels") or {}))),
        age(obj),
        info.get("kubeletVersion", ""),
        _address(status, "InternalIP"),
        _address(status, "ExternalIP"),
        info.get("osImage") or UNKNOWN,
        _kernel(info),
        info.get("containerRuntimeVersion") or UNKNOWN,
    ]


def _kernel(info: Object) -> str:
    if not info.get("kernelVersion"):
        return UNKNOWN
    architecture = info.get("architecture")
    return f"{info['kernelVersion']} ({architecture})" if architecture else str(info["kernelVersion"])


def _node_status(obj: Object) -> str:
    ready = next((c for c in obj.get("status", {}).get("conditions") or () if c["type"] == "Ready"), None)
    shown = "Unknown" if ready is None else "Ready" if ready["status"] == "True" else "NotReady"
    return f"{shown},SchedulingDisabled" if obj.get("spec", {}).get("unschedulable") else shown


def _roles(labels: dict[str, str]) -> set[str]:
    roles = {label.removeprefix(_ROLE) for label in labels if label.startswith(_ROLE)}
    return roles | ({labels["kubernetes.io/role"]} if labels.get("kubernetes.io/role") else set())


def _address(status: Object, kind: str) -> str:
    return next((held["address"] for held in status.get("addresses") or () if held["type"] == kind), NONE)


def namespace(obj: Object) -> list[Any]:
    return [name(obj), obj.get("status", {}).get("phase", ""), age(obj)]


def config_map(obj: Object) -> list[Any]:
    return [name(obj), len(obj.get("data") or ()) + len(obj.get("binaryData") or ()), age(obj)]


def secret(obj: Object) -> list[Any]:
    return [name(obj), obj.get("type", ""), len(obj.get("data") or ()), age(obj)]


def service_account(obj: Object) -> list[Any]:
    return [name(obj), age(obj)]


def volume(obj: Object) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    claim = spec.get("claimRef")
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    return [
        name(obj),
        spec.get("capacity", {}).get("storage", ""),
        short_access(spec.get("accessModes") or ()),
        spec.get("persistentVolumeReclaimPolicy", ""),
        phase,
        f"{claim['namespace']}/{claim['name']}" if claim else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName") or "<unset>",
        status.get("reason", ""),
        age(obj),
        spec.get("volumeMode") or "<unset>",
    ]


def claim(obj: Object) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    bound = bool(spec.get("volumeName"))
    phase = "Terminating" if obj["metadata"].get("deletionTimestamp") else status.get("phase", "")
    return [
        name(obj),
        phase,
        spec.get("volumeName", ""),
        status.get("capacity", {}).get("storage", "") if bound else "",
        short_access(status.get("accessModes") or ()) if bound else "",
        spec.get("storageClassName", ""),
        status.get("currentVolumeAttributesClassName") or "<unset>",
        age(obj),
        spec.get("volumeMode") or "<unset>",
    ]


def storage_class(obj: Object) -> list[Any]:
    default = (obj["metadata"].get("annotations") or {}).get("storageclass.kubernetes.io/is-default-class")
    shown = f"{name(obj)} (default)" if default == "true" else name(obj)
    policy, mode = obj.get("reclaimPolicy", "Delete"), obj.get("volumeBindingMode", "Immediate")
    expands = bool(obj.get("allowVolumeExpansion"))
    return [shown, obj.get("provisioner", ""), policy, mode, expands, age(obj)]


def autoscaler(obj: Object) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    reference = f"{spec['scaleTargetRef']['kind']}/{spec['scaleTargetRef']['name']}"
    least = str(spec.get("minReplicas", "<unset>"))
    targets = _targets(spec.get("metrics") or (), status.get("currentMetrics") or ())
    most, now = spec.get("maxReplicas", 0), status.get("currentReplicas", 0)
    return [name(obj), reference, targets, least, most, now, age(obj)]


def _targets(metrics: Any, current: Any) -> str:
    shown = []
    for number, metric in enumerate(metrics):
        if metric["type"] != "Resource":
            shown.append(UNKNOWN)
            continue
        held = current[number].get("resource", {}).get("current", {}) if number < len(current) else {}
        target = metric["resource"]["target"]
        if "averageUtilization" in target:
            value = f"{held['averageUtilization']}%" if "averageUtilization" in held else UNKNOWN
            shown.append(f"{metric['resource']['name']}: {value}/{target['averageUtilization']}%")
        else:
            value = held.get("averageValue", UNKNOWN)
            shown.append(f"{metric['resource']['name']}: {value}/{target.get('averageValue')}")
    if len(shown) > 2:
        return f"{', '.join(shown[:2])} + {len(shown) - 2} more..."
    return ", ".join(shown) or NONE


def disruption_budget(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    allowed = obj.get("status", {}).get("disruptionsAllowed", 0)
    least, most = (str(spec[key]) if key in spec else "N/A" for key in ("minAvailable", "maxUnavailable"))
    return [name(obj), least, most, allowed, age(obj)]


def binding(obj: Object) -> list[Any]:
    subjects = obj.get("subjects") or ()
    by_kind = {
        kind: ", ".join(_subject(held) for held in subjects if held["kind"] == kind)
        for kind in ("User", "Group", "ServiceAccount")
    }
    return [name(obj), f"{obj['roleRef']['kind']}/{obj['roleRef']['name']}", age(obj), *by_kind.values()]


def _subject(held: Object) -> str:
    return f"{held.get('namespace', '')}/{held['name']}" if held["kind"] == "ServiceAccount" else str(held["name"])


def event(obj: Object) -> list[Any]:
    about, source = obj["involvedObject"], obj.get("source") or {}
    first = obj.get("firstTimestamp") or obj.get("eventTime")
    series = obj.get("series") or {}
    last = series.get("lastObservedTime") or obj.get("lastTimestamp") or first
    component = source.get("component") or obj.get("reportingComponent", "")
    host = source.get("host") or obj.get("reportingInstance", "") if not source.get("component") else source.get("host")
    return [
        ago(last),
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{about.get('kind', '').lower()}/{about['name']}" if about.get("name") else about.get("kind", "").lower(),
        about.get("fieldPath", ""),
        ", ".join(part for part in (component, host) if part),
        obj.get("message", "").strip(),
        ago(first),
        series.get("count") or obj.get("count") or 1,
        name(obj),
    ]


def lease(obj: Object) -> list[Any]:
    return [name(obj), obj.get("spec", {}).get("holderIdentity", ""), age(obj)]


def priority_class(obj: Object) -> list[Any]:
    default, policy = obj.get("globalDefault", False), obj.get("preemptionPolicy", "PreemptLowerPriority")
    return [name(obj), obj.get("value", 0), default, age(obj), policy]


PRINTERS: dict[str, Printer] = {
    "nodes": node,
    "namespaces": namespace,
    "configmaps": config_map,
    "secrets": secret,
    "serviceaccounts": service_account,
    "persistentvolumes": volume,
    "persistentvolumeclaims": claim,
    "storageclasses.storage.k8s.io": storage_class,
    "horizontalpodautoscalers.autoscaling": autoscaler,
    "poddisruptionbudgets.policy": disruption_budget,
    "rolebindings.rbac.authorization.k8s.io": binding,
    "clusterrolebindings.rbac.authorization.k8s.io": binding,
    "events": event,
    "leases.coordination.k8s.io": lease,
    "priorityclasses.scheduling.k8s.io": priority_class,
}
