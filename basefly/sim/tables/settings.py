"""Rows of what sets a cluster up: quotas, drivers, classes, admission, priorities, addresses, certificates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from basefly.sim.tables.cells import NONE, Object, Printer, age, containers, joined, labels, name

_UNSET = "<unset>"
_LIMITS = "limits."


def quota(obj: Object) -> list[Any]:
    status = obj.get("status", {})
    hard, used = status.get("hard") or {}, status.get("used") or {}
    shown = [f"{resource}: {used.get(resource, 0)}/{most}" for resource, most in sorted(hard.items())]
    asked = ", ".join(text for text in shown if not text.startswith(_LIMITS))
    return [name(obj), asked, ", ".join(text for text in shown if text.startswith(_LIMITS)), age(obj)]


def pod_template(obj: Object) -> list[Any]:
    template = obj.get("template", {})
    return [name(obj), *containers(template), labels(template.get("metadata", {}).get("labels"))]


def csi_driver(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    flags = [spec.get(flag, False) for flag in ("attachRequired", "podInfoOnMount", "storageCapacity")]
    tokens = ",".join(request["audience"] for request in spec.get("tokenRequests") or ()) or _UNSET
    modes = joined(spec.get("volumeLifecycleModes") or ())
    return [name(obj), *flags, tokens, spec.get("requiresRepublish", False), modes, age(obj)]


def attachment(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    volume = spec.get("source", {}).get("persistentVolumeName", "")
    attached = obj.get("status", {}).get("attached", False)
    return [name(obj), spec.get("attacher", ""), volume, spec.get("nodeName", ""), attached, age(obj)]


def api_service(obj: Object) -> list[Any]:
    service = obj.get("spec", {}).get("service")
    where = f"{service['namespace']}/{service['name']}" if service else "Local"
    held = next((c for c in obj.get("status", {}).get("conditions") or () if c["type"] == "Available"), None)
    shown = "Unknown" if held is None else held["status"]
    if held and shown != "True":
        shown = f"{shown} ({held['reason']})"
    return [name(obj), where, shown, age(obj)]


def priority_level(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    limited = spec.get("limited") or spec.get("exempt") or {}
    queuing = limited.get("limitResponse", {}).get("queuing") or {}
    queues = [queuing.get(key, NONE) for key in ("queues", "handSize", "queueLengthLimit")]
    return [name(obj), spec.get("type", ""), limited.get("nominalConcurrencyShares", NONE), *queues, age(obj)]


def flow_schema(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    held = next((c for c in obj.get("status", {}).get("conditions") or () if c["type"] == "Dangling"), None)
    distinguisher = (spec.get("distinguisherMethod") or {}).get("type", NONE)
    level = spec.get("priorityLevelConfiguration", {}).get("name", "")
    return [
        name(obj),
        level,
        spec.get("matchingPrecedence", 0),
        distinguisher,
        age(obj),
        held["status"] if held else "?",
    ]


def ip_address(obj: Object) -> list[Any]:
    parent = obj.get("spec", {}).get("parentRef") or {}
    path = [parent.get(part) for part in ("group", "resource", "namespace", "name")]
    return [name(obj), "/".join(part for part in path if part), age(obj)]


def signing_request(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    held = [condition["type"] for condition in obj.get("status", {}).get("conditions") or ()]
    state = ",".join(held) or "Pending"
    if obj.get("status", {}).get("certificate"):
        state += ",Issued"
    seconds = spec.get("expirationSeconds")
    asked = f"{seconds}s" if seconds else NONE
    return [name(obj), age(obj), spec.get("signerName", ""), spec.get("username", ""), asked, state]


def policy(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    kind = spec.get("paramKind")
    rules = spec.get("validations") or spec.get("mutations") or ()
    return [name(obj), len(rules), f"{kind['apiVersion']}/{kind['kind']}" if kind else _UNSET, age(obj)]


def policy_binding(obj: Object) -> list[Any]:
    spec = obj.get("spec", {})
    reference = spec.get("paramRef") or {}
    shown = "/".join(part for part in (reference.get("namespace"), reference.get("name")) if part)
    return [name(obj), spec.get("policyName", ""), shown or _UNSET, age(obj)]


def _value(of: Callable[[Object], Any]) -> Printer:
    """Name, one value, age."""
    return lambda obj: [name(obj), of(obj), age(obj)]


PRINTERS: dict[str, Printer] = {
    "resourcequotas": quota,
    "podtemplates": pod_template,
    "csidrivers.storage.k8s.io": csi_driver,
    "csinodes.storage.k8s.io": _value(lambda obj: len(obj["spec"].get("drivers") or ())),
    "volumeattachments.storage.k8s.io": attachment,
    "volumeattributesclasses.storage.k8s.io": _value(lambda obj: obj.get("driverName", "")),
    "runtimeclasses.node.k8s.io": _value(lambda obj: obj.get("handler", "")),
    "validatingwebhookconfigurations.admissionregistration.k8s.io": _value(lambda obj: len(obj.get("webhooks") or ())),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": _value(lambda obj: len(obj.get("webhooks") or ())),
    "validatingadmissionpolicies.admissionregistration.k8s.io": policy,
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": policy_binding,
    "mutatingadmissionpolicies.admissionregistration.k8s.io": policy,
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": policy_binding,
    "apiservices.apiregistration.k8s.io": api_service,
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": priority_level,
    "flowschemas.flowcontrol.apiserver.k8s.io": flow_schema,
    "servicecidrs.networking.k8s.io": _value(lambda obj: ",".join(obj["spec"].get("cidrs") or ())),
    "ipaddresses.networking.k8s.io": ip_address,
    "certificatesigningrequests.certificates.k8s.io": signing_request,
}
