"""What a pod, or the pods that a workload makes, lean on: account, configuration, secrets, claims, node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec

from basefly.core.inventory.display.address import object_path

SOURCES = {  # field of a volume or of an environment: resource, and where its name stands
    "configMap": ("configmaps", "name"),
    "secret": ("secrets", "secretName"),
    "persistentVolumeClaim": ("persistentvolumeclaims", "claimName"),
    "configMapRef": ("configmaps", "name"),
    "secretRef": ("secrets", "name"),
    "configMapKeyRef": ("configmaps", "name"),
    "secretKeyRef": ("secrets", "name"),
}
KINDS = {
    "nodes": "Node",
    "serviceaccounts": "ServiceAccount",
    "configmaps": "ConfigMap",
    "secrets": "Secret",
    "persistentvolumeclaims": "PersistentVolumeClaim",
    "services": "Service",
}


class Use(msgspec.Struct, frozen=True, order=True):
    """Something else that an object leans on."""

    kind: str
    name: str
    href: str


def uses(whole: dict[str, Any], cluster: UUID, namespace: str) -> list[Use]:
    """Everything that the pod of a live object names, once each."""
    spec = whole.get("spec") or {}
    job = (spec.get("jobTemplate") or {}).get("spec") or spec
    pod = spec if "containers" in spec else (job.get("template") or {}).get("spec") or {}
    found = dict.fromkeys(_named(pod))
    return [
        Use(KINDS[resource], name, object_path(cluster, resource, "" if resource == "nodes" else namespace, name))
        for resource, name in found
        if name
    ]


def _named(pod: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not pod.get("containers"):
        return
    yield "nodes", str(pod.get("nodeName") or "")
    yield "serviceaccounts", str(pod.get("serviceAccountName") or "default")
    for volume in pod.get("volumes") or ():
        yield from _sources(volume)
        for source in (volume.get("projected") or {}).get("sources") or ():
            yield from _sources(source)
    for container in [*(pod.get("initContainers") or ()), *pod["containers"]]:
        for each in container.get("envFrom") or ():
            yield from _sources(each)
        for each in container.get("env") or ():
            yield from _sources(each.get("valueFrom") or {})
    for secret in pod.get("imagePullSecrets") or ():
        yield "secrets", str(secret.get("name") or "")


def _sources(whole: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for field, (resource, key) in SOURCES.items():
        if isinstance(source := whole.get(field), dict):
            yield resource, str(source.get(key) or source.get("name") or "")
