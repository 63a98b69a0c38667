"""Custom resource definitions, and kinds that have neither a file nor columns of their own: rows of metadata."""

from __future__ import annotations

import msgspec

from basefly.core.sync.kind import Column, Kind, Meta, Projection, terminating
from basefly.core.sync.kinds.workloads import Condition
from basefly.core.sync.printed import Printed


class Names(msgspec.Struct, frozen=True, gc=False):
    kind: str = ""
    plural: str = ""


class Version(msgspec.Struct, rename="camel", frozen=True, gc=False):
    name: str = ""
    served: bool = False
    additional_printer_columns: list[Printed] | None = None


class DefinitionSpec(msgspec.Struct, frozen=True, gc=False):
    group: str = ""
    scope: str = ""
    names: Names = Names()
    versions: list[Version] = []


class DefinitionStatus(msgspec.Struct, frozen=True, gc=False):
    conditions: list[Condition] | None = None


class Definition(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta
    spec: DefinitionSpec = DefinitionSpec()
    status: DefinitionStatus = DefinitionStatus()


def project_definition(definition: Definition) -> Projection:
    spec = definition.spec
    established = any(c.type == "Established" and c.status == "True" for c in definition.status.conditions or ())
    cells = {
        "group": spec.group,
        "kind": spec.names.kind,
        "scope": spec.scope,
        "versions": [v.name for v in spec.versions if v.served],
        "printed": {v.name: v.additional_printer_columns for v in spec.versions if v.additional_printer_columns},
    }
    status, health = terminating(
        definition.metadata, "Established" if established else "Pending", "ok" if established else "warn"
    )
    return Projection(status, health, cells)


DEFINITIONS = Kind(
    resource="customresourcedefinitions.apiextensions.k8s.io",
    kind="CustomResourceDefinition",
    short=("crd",),
    group="cluster",
    columns=(
        Column("kind", "Kind"),
        Column("group", "Group"),
        Column("scope", "Scope"),
        Column("versions", "Versions", "list"),
    ),
    shape=Definition,
    project=project_definition,
)


class Any(msgspec.Struct, frozen=True, gc=False):
    """An object of a kind we know nothing about."""

    metadata: Meta


def project_any(decoded: Any) -> Projection:
    status, health = terminating(decoded.metadata, "", "idle")
    return Projection(status, health, {})


def unknown(resource: str, kind: str) -> Kind:
    """A kind of its own for a resource nobody wrote a file for."""
    return Kind(resource=resource, kind=kind, group="custom", shape=Any, project=project_any, metadata_only=True)
