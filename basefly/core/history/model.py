"""Versions of objects, what is told of them, and of which kinds any are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from basefly.core.inventory.model import ClusterName

What = Literal["seen", "created", "changed", "deleted", "missed", "restored", "unserved"]
"""How a version began, or how an object ended: `missed` and what follows it say why nobody saw it go."""
GONE = ("deleted", "missed", "restored", "unserved")

# What nobody writes by hand: it runs, it happens, or it follows from something else that is kept.
NOT_KEPT = frozenset({
    "pods",
    "events",
    "endpoints",
    "endpointslices.discovery.k8s.io",
    "controllerrevisions.apps",
    "volumeattachments.storage.k8s.io",
    "csinodes.storage.k8s.io",
    "csistoragecapacities.storage.k8s.io",
    "certificatesigningrequests.certificates.k8s.io",
    "ipaddresses.networking.k8s.io",
    "resourceslices.resource.k8s.io",
    "componentstatuses",
    "ciliumendpoints.cilium.io",
    "ciliumidentities.cilium.io",
})  # fmt: skip
NOT_KEPT_GROUPS = ("metrics.k8s.io", "wgpolicyk8s.io", "reports.kyverno.io")
# Of these only what stands alone: what a controller owns follows from its owner.
ONLY_ALONE = frozenset({"replicasets.apps", "jobs.batch"})


def is_kept(resource: str) -> bool:
    """Whether there are versions of this resource."""
    group = resource.partition(".")[2]
    return resource not in NOT_KEPT and not group.endswith(NOT_KEPT_GROUPS)


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """A field that differs. Values are told in short, as text; None: it is not there."""

    path: str
    before: str | None = None
    after: str | None = None


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A moment in the life of an object, as it lies: the beginning of a version, or the end of the last one."""

    id: int
    cluster_id: UUID
    resource: str
    namespace: str
    name: str
    uid: str
    what: What
    at: datetime
    seen_at: datetime
    manager: str
    operation: str
    changes: list[Field]
    changed: int


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody did through the hub: the audit record, and who it was."""

    record: UUID
    act: str
    actor: str


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A moment in the life of an object.

    `version` names what it was like from then on, or at its end. `changes` are the first of the `changed` fields.
    `manager` is who wrote it, as the cluster's managed fields say; `act` is told to whoever may read the audit.
    """

    version: int
    cluster: ClusterName
    resource: str
    kind: str
    namespace: str
    name: str
    uid: str
    what: What
    at: datetime
    manager: str
    operation: str
    changes: list[Field]
    changed: int
    act: Act | None = None


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """What an object was like from `at` until `until`; `text` is what is kept of it, packed."""

    id: int
    uid: str
    at: datetime
    until: datetime | None
    text: bytes


class Settings(msgspec.Struct, frozen=True):
    """For how many days versions are kept that are past, and how many of one object."""

    days: int = 30
    versions: int = 100


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which changes to show; what is not given does not narrow. None for clusters: all but those `without`."""

    clusters: tuple[UUID, ...] | None = None
    namespaces: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    name: str = ""
    text: str = ""
    manager: str = ""
    since: datetime | None = None
    until: datetime | None = None
    begun: bool = False  # with the first sight of objects, which is no change
