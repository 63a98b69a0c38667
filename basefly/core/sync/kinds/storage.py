"""Storage: persistent volumes, their claims, and storage classes."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from basefly.base.kube import quantity
from basefly.core.sync.kind import Column, Health, Kind, Meta, Projection, terminating

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


class ClaimRef(msgspec.Struct, frozen=True, gc=False):
    namespace: str = ""
    name: str = ""


class VolumeSpec(msgspec.Struct, rename="camel", frozen=True, gc=False):
    capacity: dict[str, str] = {}
    access_modes: list[str] = []
    persistent_volume_reclaim_policy: str = ""
    storage_class_name: str = ""
    claim_ref: ClaimRef | None = None


class Phase(msgspec.Struct, frozen=True, gc=False):
    phase: str = ""
    capacity: dict[str, str] = {}


class PersistentVolume(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: VolumeSpec = VolumeSpec()
    status: Phase = Phase()


_HEALTHS: Mapping[str, Health] = {"Bound": "ok", "Available": "idle", "Pending": "warn", "Released": "warn"}


def _health(phase: str) -> Health:
    return _HEALTHS.get(phase, "bad")


def project_volume(volume: PersistentVolume) -> Projection:
    spec, claim = volume.spec, volume.spec.claim_ref
    cells = {
        "capacity": int(quantity.number(spec.capacity.get("storage", "0"))),
        "modes": spec.access_modes,
        "reclaim": spec.persistent_volume_reclaim_policy,
        "class": spec.storage_class_name,
        "claim": f"{claim.namespace}/{claim.name}" if claim else "",
    }
    status, health = terminating(volume.metadata, volume.status.phase, _health(volume.status.phase))
    return Projection(status, health, cells)


PERSISTENT_VOLUMES = Kind(
    resource="persistentvolumes",
    kind="PersistentVolume",
    short=("pv",),
    group="storage",
    columns=(
        Column("capacity", "Capacity", "bytes"),
        Column("claim", "Claim"),
        Column("class", "Class"),
        Column("modes", "Access modes", "list", wide=True),
        Column("reclaim", "Reclaim policy", wide=True),
    ),
    shape=PersistentVolume,
    project=project_volume,
)


class ClaimSpec(msgspec.Struct, rename="camel", frozen=True, gc=False):
    access_modes: list[str] = []
    storage_class_name: str | None = None
    volume_name: str = ""


class PersistentVolumeClaim(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: ClaimSpec = ClaimSpec()
    status: Phase = Phase()


def project_claim(claim: PersistentVolumeClaim) -> Projection:
    spec = claim.spec
    cells = {
        "capacity": int(quantity.number(claim.status.capacity.get("storage", "0"))),
        "volume": spec.volume_name,
        "class": spec.storage_class_name or "",
        "modes": spec.access_modes,
    }
    status, health = terminating(claim.metadata, claim.status.phase, _health(claim.status.phase))
    return Projection(status, health, cells)


PERSISTENT_VOLUME_CLAIMS = Kind(
    resource="persistentvolumeclaims",
    kind="PersistentVolumeClaim",
    short=("pvc",),
    group="storage",
    columns=(
        Column("capacity", "Capacity", "bytes"),
        Column("volume", "Volume"),
        Column("class", "Class"),
        Column("modes", "Access modes", "list", wide=True),
    ),
    shape=PersistentVolumeClaim,
    project=project_claim,
)


class ClassMeta(Meta, rename="camel", frozen=True, gc=False):
    annotations: Mapping[str, str] = msgspec.field(default_factory=dict)


class StorageClass(msgspec.Struct, rename="camel", frozen=True, gc=False):
    metadata: ClassMeta
    provisioner: str = ""
    reclaim_policy: str = "Delete"
    volume_binding_mode: str = "Immediate"
    allow_volume_expansion: bool = False


def project_class(storage_class: StorageClass) -> Projection:
    cells = {
        "provisioner": storage_class.provisioner,
        "default": storage_class.metadata.annotations.get(DEFAULT_CLASS) == "true",
        "reclaim": storage_class.reclaim_policy,
        "binding": storage_class.volume_binding_mode,
        "expansion": storage_class.allow_volume_expansion,
    }
    return Projection("Default" if cells["default"] else "Active", "ok", cells)


STORAGE_CLASSES = Kind(
    resource="storageclasses.storage.k8s.io",
    kind="StorageClass",
    short=("sc",),
    group="storage",
    columns=(
        Column("provisioner", "Provisioner"),
        Column("default", "Default"),
        Column("reclaim", "Reclaim policy"),
        Column("binding", "Binding"),
        Column("expansion", "Expansion", wide=True),
    ),
    shape=StorageClass,
    project=project_class,
)
