"""The server's rules for one object: valid names, what an update may name, and what of it counts."""

from __future__ import annotations

import re
from typing import Any

from basefly.sim import status
from basefly.sim.bodies.messages import messages
from basefly.sim.kinds.defaults import GENERATIONAL
from basefly.sim.kinds.kind import Kind
from basefly.sim.status import Cause
from basefly.sim.store.record import Record

Object = dict[str, Any]
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""What generated names end in: letters that make no words."""
_KEPT = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName", "generation")
WHOLE = "*"
"""The part of an object that is all of it, its status included."""
_FREE_NAMES = "rbac.authorization.k8s.io"
"""The one group whose names may be any path segment, such as system:node."""


def counts_generations(kind: Kind) -> bool:
    return bool(kind.definition) or kind.name in GENERATIONAL


def content(obj: Object) -> Object:
    """What a change of makes a new generation: everything but metadata and status."""
    return {key: value for key, value in obj.items() if key not in ("metadata", "status", "kind", "apiVersion")}


def check_name(kind: Kind, name: str) -> None:
    if not name:
        cause = Cause("FieldValueRequired", "Required value: name or generateName is required", "metadata.name")
        raise status.invalid(kind.kind, "", [cause], group=kind.group)
    if kind.group == _FREE_NAMES or (_SUBDOMAIN.fullmatch(name) and len(name) <= 253):
        return
    if len(name) > 253:
        cause = Cause(
            "FieldValueInvalid", f'Invalid value: "{name}": must be no more than 253 characters', "metadata.name"
        )
        raise status.invalid(kind.kind, name, [cause], group=kind.group)
    message = (
        f'Invalid value: "{name}": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '
        "'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for "
        r"validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    )
    cause = Cause("FieldValueInvalid", message, "metadata.name")
    raise status.invalid(kind.kind, name, [cause], group=kind.group)


def check_type(kind: Kind, obj: Object) -> None:
    """Refuse an object that says it is of another kind or version than its path."""
    if kind.definition and not obj.get("kind"):
        wanted = f"the object provided is unrecognized (must be of type {kind.kind})"
        raise status.bad_request(f"{wanted}: Object 'Kind' is missing")
    named, version = obj.get("kind", kind.kind), obj.get("apiVersion", kind.api_version)
    if named == kind.kind and version == kind.api_version:
        return
    if kind.definition:
        raise _other_custom(kind, obj, named, version)
    why = f"converting ({version.rpartition('/')[2]}.{named}) to (core.{kind.kind}): unknown conversion"
    if messages().of(version, named) is None:
        why = f'no kind "{named}" is registered for version "{version}" in scheme "pkg/runtime/scheme.go:111"'
    told = f'{named} in version "{version.rpartition("/")[2]}"'
    raise status.bad_request(f"{told} cannot be handled as a {kind.kind}: {why}")


def _other_custom(kind: Kind, obj: Object, named: str, version: str) -> status.Refusal:
    if version != kind.api_version:
        found = f"the API version in the data ({version})"
        return status.bad_request(f"{found} does not match the expected API version ({kind.api_version})")
    cause = Cause("FieldValueInvalid", f'Invalid value: "{named}": must be {kind.kind}', "kind")
    return status.invalid(named, (obj.get("metadata") or {}).get("name", ""), [cause], group=kind.group)


def check_update(kind: Kind, held: Record, obj: Object) -> None:
    """Refuse an update that names another object, or that was made from an older version."""
    meta: Object = obj.setdefault("metadata", {})
    if not meta.get("name"):
        raise status.bad_request("the name of the object (one based on URL) was undeterminable: name must be provided")
    if meta["name"] != held.name:
        names = f"({meta['name']}) does not match the name on the URL ({held.name})"
        raise status.bad_request(f"the name of the object {names}")
    if kind.namespaced and meta.get("namespace", held.namespace) != held.namespace:
        raise status.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if meta.get("uid", held.uid) != held.uid:
        raise status.conflict(kind, held.name, _other_uid(kind, held, meta["uid"]))
    version = meta.get("resourceVersion")
    if not version and kind.definition:
        message = "Invalid value: 0: must be specified for an update"
        cause = Cause("FieldValueInvalid", message, "metadata.resourceVersion")
        raise status.invalid(kind.plural, held.name, [cause], group=kind.group)
    if version and version != str(held.version):
        raise status.modified(kind, held.name)


def _other_uid(kind: Kind, held: Record, uid: str) -> str:
    path = "/".join(part for part in ("/registry", kind.plural, held.namespace, held.name) if part)
    return (
        f"StorageError: invalid object, Code: 4, Key: {path}, ResourceVersion: 0, AdditionalErrorMsg: "
        f"Precondition failed: UID in precondition: {uid}, UID in object meta: {held.uid}"
    )


def merge(kind: Kind, old: Object, new: Object, part: str) -> Object:
    """The object after an update: of `new`, only what this path may change."""
    if part and part != WHOLE:
        merged = old | ({part: new[part]} if part in new else {})
    else:
        merged = {key: value for key, value in new.items() if key not in ("kind", "apiVersion")}
        if kind.part("status") and not part:
            merged.pop("status", None)
            merged |= {"status": old["status"]} if "status" in old else {}
    meta = dict(old["metadata"]) if part and part != WHOLE else {"name": old["metadata"]["name"]} | new["metadata"]
    for key in (*_KEPT, "namespace", "resourceVersion", "managedFields"):
        meta.pop(key, None)
        if key in old["metadata"]:
            meta[key] = old["metadata"][key]
    return merged | {"metadata": {key: value for key, value in meta.items() if value not in (None, "", {}, [])}}
