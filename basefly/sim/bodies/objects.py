"""Request bodies: objects in JSON or YAML, and the options that a delete carries."""

from __future__ import annotations

from typing import Any

import msgspec

from basefly.sim.bodies import protobuf
from basefly.sim.status import bad_request, unsupported_body
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
        wanted = f"the object provided is unrecognized (must be of type {call.kind.kind})"
        shown = text[:64].decode(errors="replace")
        raise bad_request(f"{wanted}: couldn't get version/kind; json parse error: {error} ({shown})") from None
    if not isinstance(value, dict):
        raise bad_request(f"the object provided is unrecognized (must be of type {call.kind.kind})")
    _check_labels(call.kind.kind, value)
    return value


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
    try:
        if call.request.content_type == protobuf.MEDIA_TYPE and text:
            options = msgspec.convert(protobuf.decode(text), DeleteOptions)
        else:
            options = msgspec.json.decode(text, type=DeleteOptions) if text.strip() else DeleteOptions()
    except (msgspec.DecodeError, ValueError, LookupError) as error:
        raise bad_request(f"the object provided is unrecognized (must be of type DeleteOptions): {error}") from None
    grace = call.query.get("gracePeriodSeconds")
    if options.grace_period_seconds is None and grace is not None and grace.isdigit():
        options.grace_period_seconds = int(grace)
    options.propagation_policy = options.propagation_policy or call.query.get("propagationPolicy")
    return options
