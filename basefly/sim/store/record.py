"""One stored version of an object, and the event that brought it."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any

import msgspec

_ORDER = (
    "name generateName namespace uid resourceVersion generation creationTimestamp deletionTimestamp "
    "deletionGracePeriodSeconds labels annotations ownerReferences finalizers managedFields"
).split()
_FIELDS = {
    resource: tuple(paths.split())
    for resource, paths in {
        "pods": "spec.nodeName spec.restartPolicy spec.schedulerName spec.serviceAccountName spec.hostNetwork "
        "status.phase status.podIP status.podIPs status.nominatedNodeName",
        "events": "involvedObject.kind involvedObject.namespace involvedObject.name involvedObject.uid "
        "involvedObject.apiVersion involvedObject.resourceVersion involvedObject.fieldPath reason "
        "reportingComponent source type",
        "namespaces": "status.phase",
        "nodes": "spec.unschedulable",
        "secrets": "type",
        "services": "spec.clusterIP spec.type",
        "replicasets.apps": "status.replicas",
        "replicationcontrollers": "status.replicas",
        "jobs.batch": "status.successful",
        "certificatesigningrequests.certificates.k8s.io": "spec.signerName",
    }.items()
}


class Change(StrEnum):
    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"


class Record(msgspec.Struct, eq=False):
    """An object at one version. Its body is JSON without kind and apiVersion, which depend on the asker.

    The body may be a recipe: what a seed decides is not kept but made, at this version, whenever it is asked for.
    """

    namespace: str
    name: str
    uid: str
    version: int
    labels: dict[str, str]
    owners: tuple[str, ...]
    """The uids of its owners."""
    made: bytes | Callable[[int], bytes]

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def body(self) -> bytes:
        return self.made if isinstance(self.made, bytes) else self.made(self.version)

    def load(self) -> dict[str, Any]:
        """The object as a dict of its own, without kind and apiVersion."""
        obj: dict[str, Any] = msgspec.json.decode(self.body)
        return obj


class Event(msgspec.Struct, frozen=True):
    """What happened at `version`; `previous` is what was there before, for watches that filter."""

    change: Change
    version: int
    record: Record
    previous: Record | None


def copied(obj: dict[str, Any]) -> dict[str, Any]:
    """An object of its own: by way of JSON, which is what objects are, and ten times as fast as `copy.deepcopy`."""
    copy: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(obj))
    return copy


def fields_of(resource: str) -> tuple[str, ...]:
    """The field labels, besides name and namespace, that selectors over this resource may use."""
    return _FIELDS.get(resource, ())


def record(obj: dict[str, Any], version: int) -> Record:
    """Freeze an object at a version; members come in the order of the real server."""
    meta = ordered(obj["metadata"] | {"resourceVersion": str(version)})
    body = {"metadata": meta} | {k: v for k, v in obj.items() if k not in ("metadata", "kind", "apiVersion")}
    return Record(
        meta.get("namespace", ""),
        meta["name"],
        meta["uid"],
        version=version,
        labels=meta.get("labels", {}),
        owners=tuple(owner["uid"] for owner in meta.get("ownerReferences", ())),
        made=msgspec.json.encode(body),
    )


def ordered(meta: dict[str, Any]) -> dict[str, Any]:
    """Metadata with its members in the order of the real server, without empty ones."""
    return {key: meta[key] for key in _ORDER if meta.get(key) not in (None, "", {}, [])}


def field(obj: dict[str, Any], path: str) -> str:
    """What a field selector compares: the text of a member."""
    return _text(_dig(obj, path))


def _dig(obj: dict[str, Any], path: str) -> Any:
    if path == "status.successful":
        path = "status.succeeded"
    if path == "source":
        path = "source.component"
    value: Any = obj
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
