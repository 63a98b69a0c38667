"""Custom resource definitions: the kinds they bring, and the status the server gives them."""

from __future__ import annotations

from typing import Any

from basefly.sim.kinds.kind import Kind, Subresource

RESOURCE = "customresourcedefinitions.apiextensions.k8s.io"
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
_VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
_PART_VERBS = ("get", "patch", "update")


def kinds_of(definition: dict[str, Any]) -> list[Kind]:
    """The kinds of a definition, one for each served version, the newest first."""
    versions = [version for version in definition["spec"]["versions"] if version.get("served")]
    return [_kind(definition, version) for version in versions]


def _kind(definition: dict[str, Any], version: dict[str, Any]) -> Kind:
    spec = definition["spec"]
    names = spec["names"]
    return Kind(
        group=spec["group"],
        version=version["name"],
        plural=names["plural"],
        singular=names.get("singular") or names["kind"].lower(),
        kind=names["kind"],
        list_kind=names.get("listKind", ""),
        namespaced=spec["scope"] == "Namespaced",
        verbs=_VERBS,
        short_names=tuple(names.get("shortNames", ())),
        categories=tuple(names.get("categories", ())),
        subresources=_parts(names["kind"], version.get("subresources") or {}),
        definition=definition["metadata"]["name"],
        schema=(version.get("schema") or {}).get("openAPIV3Schema", {}),
        columns=tuple(version.get("additionalPrinterColumns", ())),
        scale=(version.get("subresources") or {}).get("scale") or {},
    )


def _parts(kind: str, declared: dict[str, Any]) -> tuple[Subresource, ...]:
    parts = []
    if "status" in declared:
        parts.append(Subresource("status", kind, _PART_VERBS))
    if "scale" in declared:
        parts.append(Subresource("scale", "Scale", _PART_VERBS, "autoscaling", "v1"))
    return tuple(parts)


def establish(definition: dict[str, Any], now: str) -> None:
    """Give a definition the names and the status that the server gives it."""
    spec = definition["spec"]
    names = spec["names"]
    names.setdefault("singular", names["kind"].lower())
    names.setdefault("listKind", f"{names['kind']}List")
    spec.setdefault("conversion", {"strategy": "None"})
    stored = [version["name"] for version in spec["versions"] if version.get("storage")]
    before = definition.get("status", {})
    definition["status"] = {
        "conditions": before.get("conditions")
        or [
            _condition("NamesAccepted", "NoConflicts", "no conflicts found", now),
            _condition("Established", "InitialNamesAccepted", "the initial names have been accepted", now),
        ],
        "acceptedNames": names,
        "storedVersions": sorted({*before.get("storedVersions", ()), *stored}),
    }


def _condition(kind: str, reason: str, message: str, now: str) -> dict[str, str]:
    return {"type": kind, "status": "True", "lastTransitionTime": now, "reason": reason, "message": message}
