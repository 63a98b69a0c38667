"""Request bodies: objects in JSON or YAML, and the options that a delete carries."""

from __future__ import annotations

from typing import Any

import msgspec

from basefly.sim.bodies import protobuf
from basefly.sim.bodies.shape import fit
from basefly.sim.status import Cause, Refusal, bad_request, invalid, unsupported_body
from basefly.sim.wire.call import Call

LIMIT = 3 * 1024 * 1024
"""The real server takes no larger body."""


class Preconditions(msgspec.Struct, rename="camel"):
    uid: str | None = None
    resource_version: str | None = None


class DeleteOptions(msgspec.Struct, rename="camel"):
    grace_period_seconds: int | None = None
    preconditions: Preconditions | None = None
    propagation_policy: str | None = None
    orphan_dependents: bool | None = None
    dry_run: list[str] | None = None


async def read_object(call: Call) -> dict[str, Any]:
    """The object in the body, or the refusal of one that is none."""
    text = await call.request.read()
    media = call.request.content_type
    try:
        if media in ("application/json", "application/octet-stream"):
            value = msgspec.json.decode(text)
        elif media == "application/yaml":
            value = msgspec.yaml.decode(text)
        elif media == protobuf.MEDIA_TYPE:
            value = protobuf.decode(text)
        else:
            raise unsupported_body()
    except (msgspec.DecodeError, ValueError, LookupError) as error:
        raise _unrecognized(call, text, str(error)) from None
    if value is None:
        value = {}
    if not isinstance(value, dict):
        named = {str: "string", list: "array", bool: "bool"}.get(type(value), "number")
        go = r'struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }'
        raise _unrecognized(call, text, f"json: cannot unmarshal {named} into Go value of type {go}")
    _shape(call, value)
    return value


def _unrecognized(call: Call, text: bytes, why: str) -> Refusal:
    """No object at all; the server shows what it got, in hexadecimal digits if it is no JSON object."""
    shown = text[:64].decode(errors="replace") if text.startswith(b"{") else text[:64].hex() or "<empty>"
    if call.request.content_type == "application/yaml":
        why = f"yaml: {why.partition(chr(10))[0]}"
    else:
        why = why.replace("Input data was truncated", "unexpected end of JSON input")
        why = f"couldn't get version/kind; json parse error: {why}"
    return bad_request(f"the object provided is unrecognized (must be of type {call.kind.kind}): {why} ({shown})")


def applied(call: Call, text: bytes) -> dict[str, Any]:
    """The configuration that an apply brings: YAML, of the kind and name of the path."""
    try:
        value = msgspec.yaml.decode(text)
    except (msgspec.DecodeError, ValueError) as error:
        raise bad_request(f"error decoding YAML: {error}") from None
    if not isinstance(value, dict) or not value.get("kind") or not value.get("apiVersion"):
        value = {}
    version, kind = value.get("apiVersion", ""), value.get("kind", "")
    if (version, kind) != (call.kind.api_version, call.kind.kind):
        raise bad_request(f"invalid object type: {_slashed(version)}, Kind={kind}")
    meta = value.setdefault("metadata", {})
    if meta.get("managedFields"):
        raise bad_request("metadata.managedFields must be nil")
    if meta.setdefault("name", call.target.name) != call.target.name:
        names = f"({meta['name']}) does not match the name on the URL ({call.target.name})"
        raise bad_request(f"the name of the object {names}")
    if unknown := fit(value, version, kind):
        about = f"{meta.get('namespace', '')}/{meta['name']}; {_slashed(version)}, Kind={kind}"
        told = f"failed to create typed patch object ({about}): .{unknown[0]}: field not declared in schema"
        raise Refusal(500, "", told)
    return value


def _slashed(version: str) -> str:
    return version if "/" in version else f"/{version}"


def _shape(call: Call, value: dict[str, Any]) -> None:
    """Give an object the shape of what it says it is, or of what the path is about."""
    kind, version = value.get("kind") or call.kind.kind, value.get("apiVersion") or call.kind.api_version
    if call.target.subresource not in ("", "status"):
        return
    if isinstance(kind, str) and isinstance(version, str):
        fit(value, version, kind, strict=call.query.get("fieldValidation") == "Strict")
    if call.kind.definition:
        _check_labels(call.kind.kind, value)


def _check_labels(kind: str, value: dict[str, Any]) -> None:
    meta = value.get("metadata") or {}
    for field in ("labels", "annotations"):
        if any(not isinstance(held, str) for held in (meta.get(field) or {}).values()):
            raise bad_request(
                f'{kind} in version "v1" cannot be handled as a {kind}: json: cannot unmarshal '
                f"into Go struct field ObjectMeta.metadata.{field} of type string"
            )


async def read_delete_options(call: Call) -> DeleteOptions:
    """Options from the body, and from the query where the body names none."""
    text = await call.request.read()
    media = call.request.content_type
    if text and media not in ("application/json", "application/yaml", "application/octet-stream", protobuf.MEDIA_TYPE):
        raise unsupported_body()
    try:
        if media == protobuf.MEDIA_TYPE and text:
            options = msgspec.convert(protobuf.decode(text), DeleteOptions)
        else:
            options = msgspec.json.decode(text, type=DeleteOptions) if text.strip() else DeleteOptions()
    except (msgspec.DecodeError, ValueError, LookupError) as error:
        raise bad_request(f"the object provided is unrecognized (must be of type DeleteOptions): {error}") from None
    grace = call.query.get("gracePeriodSeconds")
    if options.grace_period_seconds is None and grace is not None and grace.isdigit():
        options.grace_period_seconds = int(grace)
    options.propagation_policy = options.propagation_policy or call.query.get("propagationPolicy")
    _check_policy(options)
    return options


def _check_policy(options: DeleteOptions) -> None:
    policy, field = options.propagation_policy, "propagationPolicy"
    if policy and options.orphan_dependents is not None:
        why = f'Invalid value: "{policy}": orphanDependents and deletionPropagation cannot be both set'
        raise invalid("DeleteOptions", "", [Cause("FieldValueInvalid", why, field)], group="meta.k8s.io")
    if policy not in (None, "", "Foreground", "Background", "Orphan"):
        why = f'Unsupported value: "{policy}": supported values: "Foreground", "Background", "Orphan", "nil"'
        raise invalid("DeleteOptions", "", [Cause("FieldValueNotSupported", why, field)], group="meta.k8s.io")
