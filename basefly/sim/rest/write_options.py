"""The options of a write, checked and refused as the real server does."""

from __future__ import annotations

from collections.abc import Mapping

from basefly.sim.rest.paths import truthy
from basefly.sim.status import Cause, invalid

_VALIDATIONS = ("", "Ignore", "Strict", "Warn")


def check(query: Mapping[str, str], kind: str) -> None:
    """Refuse what CreateOptions, UpdateOptions or PatchOptions cannot be; `kind` is which of them."""
    causes = []
    if query.get("dryRun", "All") != "All":
        unsupported = f'Unsupported value: ["{query["dryRun"]}"]: supported values: "All"'
        causes.append(Cause("FieldValueNotSupported", unsupported, "dryRun"))
    if (asked := query.get("fieldValidation", "")) not in _VALIDATIONS:
        known = ", ".join(f'"{value}"' for value in _VALIDATIONS)
        unsupported = f'Unsupported value: "{asked}": supported values: {known}'
        causes.append(Cause("FieldValueNotSupported", unsupported, "fieldValidation"))
    _refuse(kind, causes)


def check_force(query: Mapping[str, str]) -> None:
    """Only an apply may be forced."""
    if truthy(query.get("force")):
        message = "Forbidden: may not be specified for non-apply patch"
        _refuse("PatchOptions", [Cause("FieldValueForbidden", message, "force")])


def manager(query: Mapping[str, str]) -> str:
    """The field manager, without which nothing is applied."""
    name = query.get("fieldManager", "")
    if not name:
        message = "Required value: is required for apply patch"
        _refuse("PatchOptions", [Cause("FieldValueRequired", message, "fieldManager")])
    return name


def _refuse(kind: str, causes: list[Cause]) -> None:
    if causes:
        raise invalid(kind, "", causes, group="meta.k8s.io")
