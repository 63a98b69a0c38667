"""What the server refuses in an object that has the right shape: labels, finalizers, owners, and what cannot change."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from basefly.sim.kinds.kind import Kind
from basefly.sim.status import Cause, invalid

Object = dict[str, Any]
_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_VALUE = f"({_NAME})?"
_CHARACTERS = "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
BAD_NAME = (
    f"name part must consist of {_CHARACTERS} (e.g. 'MyName',  or 'my.name',  or '123-abc', "
    f"regex used for validation is '{_NAME}')"
)
BAD_VALUE = (
    f"a valid label must be an empty string or consist of {_CHARACTERS} (e.g. 'MyValue',  or 'my_value',  "
    f"or '12345', regex used for validation is '({_NAME})?')"
)


def require(kind: Kind, obj: Object, old: Object | None = None) -> None:
    """Raise 422 with every cause; `old` is what an update replaces."""
    causes = [*_metadata(obj.get("metadata") or {}, (old or {}).get("metadata"))]
    if kind.name in _KINDS:
        causes += _KINDS[kind.name](obj)
    if old:
        causes += _kept(kind, obj, old)
    if causes:
        raise invalid(kind.kind, (obj.get("metadata") or {}).get("name", ""), causes, group=kind.group)


def is_name(text: str) -> bool:
    """Whether a text is a qualified name, as keys of labels are."""
    prefix, _, name = text.rpartition("/")
    return re.fullmatch(_NAME, name) is not None and (
        not prefix or re.fullmatch(r"[a-z0-9][-a-z0-9.]*", prefix) is not None
    )


def is_value(text: str) -> bool:
    """Whether a text may be the value of a label."""
    return re.fullmatch(_VALUE, text) is not None


def _wrong(value: Any, why: str, field: str) -> Cause:
    return Cause("FieldValueInvalid", f"Invalid value: {msgspec.json.encode(value).decode()}: {why}", field)


def _metadata(meta: Object, old: Object | None) -> Iterator[Cause]:
    for key, value in (meta.get("labels") or {}).items():
        if not is_name(key):
            yield _wrong(key, BAD_NAME, "metadata.labels")
        if not is_value(value):
            yield _wrong(value, BAD_VALUE, "metadata.labels")
    yield from (
        _wrong(key, BAD_NAME, "metadata.annotations") for key in meta.get("annotations") or () if not is_name(key)
    )
    for owner in meta.get("ownerReferences") or ():
        for name in ("apiVersion", "kind", "name", "uid"):
            if not owner.get(name):
                yield _wrong("", "must not be empty", f"metadata.ownerReferences.{name}")
    held = meta.get("finalizers") or ()
    yield from (_wrong(one, BAD_NAME, "metadata.finalizers") for one in held if not is_name(one))
    why = "name is neither a standard finalizer name nor is it fully qualified"
    for number, one in enumerate(held):
        if "/" not in one and one not in ("orphan", "foregroundDeletion", "kubernetes"):
            yield _wrong(one, why, f"metadata.finalizers[{number}]")
    if (
        old
        and old.get("deletionTimestamp")
        and (more := [one for one in held if one not in (old.get("finalizers") or ())])
    ):
        told = ", ".join(f'"{one}"' for one in more)
        message = "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers "
        yield from 2 * [Cause("FieldValueForbidden", f"{message}[]string{{{told}}}", "metadata.finalizers")]


def _required(field: str, why: str = "") -> Cause:
    return Cause("FieldValueRequired", f"Required value{why}", field)


def _pod(obj: Object) -> Iterator[Cause]:
    if not (obj.get("spec") or {}).get("containers"):
        yield _required("spec.containers")


def _service(obj: Object) -> Iterator[Cause]:
    spec = obj.get("spec") or {}
    if not spec.get("ports") and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        yield _required("spec.ports")


def _workload(obj: Object) -> Iterator[Cause]:
    """A selector that matches the labels of the template, which has containers."""
    spec = obj.get("spec") or {}
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels")
    wanted = (spec.get("selector") or {}).get("matchLabels") or {}
    if not spec.get("selector"):
        yield _required("spec.selector")
    if not spec.get("selector") or any((labels or {}).get(key) != value for key, value in wanted.items()):
        yield _wrong(labels, "`selector` does not match template `labels`", "spec.template.metadata.labels")
    if not (template.get("spec") or {}).get("containers"):
        yield _required("spec.template.spec.containers")
    if (spec.get("replicas") or 0) < 0:
        yield _wrong(spec["replicas"], "must be greater than or equal to 0", "spec.replicas")


def _binding(obj: Object) -> Iterator[Cause]:
    reference = obj.get("roleRef") or {}
    kind = reference.get("kind") or ""
    if kind not in ("Role", "ClusterRole"):
        message = f'Unsupported value: "{kind}": supported values: "Role", "ClusterRole"'
        yield Cause("FieldValueNotSupported", message, "roleRef.kind")
    if not reference.get("name"):
        yield _required("roleRef.name")


def _definition(obj: Object) -> Iterator[Cause]:
    spec, name = obj.get("spec") or {}, (obj.get("metadata") or {}).get("name", "")
    if name != f"{(spec.get('names') or {}).get('plural')}.{spec.get('group')}":
        yield _wrong(name, 'must be spec.names.plural+"."+spec.group', "metadata.name")


def _kept(kind: Kind, obj: Object, old: Object) -> Iterator[Cause]:
    """What an update may not change."""
    if kind.name in ("configmaps", "secrets") and old.get("immutable"):
        message = "Forbidden: field is immutable when `immutable` is set"
        for field in ("immutable", "data", "binaryData"):
            if obj.get(field) != old.get(field):
                yield Cause("FieldValueForbidden", message, field)
    if kind.plural in ("rolebindings", "clusterrolebindings") and (ref := obj.get("roleRef") or {}) != old.get(
        "roleRef"
    ):
        shown = {key: ref.get(key[0].lower() + key[1:], "") for key in ("Kind", "Name")}
        yield _wrong({"APIGroup": ref.get("apiGroup", "")} | shown, "cannot change roleRef", "roleRef")
    if kind.group == "apps" and kind.name in _KINDS:
        selector = (obj.get("spec") or {}).get("selector")
        if selector != (old.get("spec") or {}).get("selector"):
            yield _wrong(selector, "field is immutable", "spec.selector")


_KINDS: dict[str, Callable[[Object], Iterator[Cause]]] = {
    "pods": _pod,
    "services": _service,
    "deployments.apps": _workload,
    "replicasets.apps": _workload,
    "statefulsets.apps": _workload,
    "daemonsets.apps": _workload,
    "rolebindings.rbac.authorization.k8s.io": _binding,
    "clusterrolebindings.rbac.authorization.k8s.io": _binding,
    "customresourcedefinitions.apiextensions.k8s.io": _definition,
}
