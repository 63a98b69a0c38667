"""Refusals worded as a real API server words them (apimachinery's pkg/api/errors): Status objects as exceptions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from basefly.sim.kinds.kind import Kind


class Refusal(Exception):
    """A Status with `status: Failure`; `retry_after` is in seconds and also becomes the Retry-After header."""

    def __init__(self, code: int, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.code, self.reason, self.message, self.details = code, reason, message, details
        self.retry_after: int | None = details.get("retryAfterSeconds")
        self.metadata: dict[str, Any] = {}

    def status(self) -> dict[str, Any]:
        """The Status object, its members in the order in which the real server writes them."""
        body: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": self.metadata}
        body |= {"status": "Failure", "message": self.message}
        if self.reason:
            body["reason"] = self.reason
        if self.details:
            body["details"] = {key: value for key, value in self.details.items() if value is not None}
        return body | {"code": self.code}

    def encode(self) -> bytes:
        return msgspec.json.encode(self.status())


def _about(kind: Kind, name: str | None) -> dict[str, Any]:
    return {"name": name or None, "group": kind.group or None, "kind": kind.plural}


def no_such_path() -> Refusal:
    return Refusal(404, "NotFound", "the server could not find the requested resource", name=None)


def not_found(kind: Kind, name: str) -> Refusal:
    return Refusal(404, "NotFound", f'{kind.name} "{name}" not found', **_about(kind, name))


def already_exists(kind: Kind, name: str) -> Refusal:
    return Refusal(409, "AlreadyExists", f'{kind.name} "{name}" already exists', **_about(kind, name))


def conflict(kind: Kind, name: str, why: str) -> Refusal:
    message = f'Operation cannot be fulfilled on {kind.name} "{name}": {why}'
    return Refusal(409, "Conflict", message, **_about(kind, name))


def modified(kind: Kind, name: str) -> Refusal:
    why = "the object has been modified; please apply your changes to the latest version and try again"
    return conflict(kind, name, why)


def precondition(kind: Kind, name: str, why: str) -> Refusal:
    """A delete's precondition failed; here the real server names the kind, not the resource."""
    title = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    message = f'Operation cannot be fulfilled on {title} "{name}": {why}'
    return Refusal(409, "Conflict", message, name=name, group=kind.group or None, kind=kind.kind)


def bad_request(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


def unauthorized() -> Refusal:
    return Refusal(401, "Unauthorized", "Unauthorized")


def not_allowed() -> Refusal:
    message = "the server does not allow this method on the requested resource"
    return Refusal(405, "MethodNotAllowed", message, name=None)


_MEDIA = "application/json, application/yaml, application/vnd.kubernetes.protobuf"


def not_acceptable(*, known: bool, many: bool = False) -> Refusal:
    """Nothing that is accepted can be served; `known`: a media type could, but not in the form that is wanted."""
    if known:
        return Refusal(406, "NotAcceptable", f"only the following media types are accepted: {_MEDIA}")
    streams = ", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch" if many else ""
    message = f"406: Not Acceptable\n\nAvailable representations: {_MEDIA}{streams}"
    return Refusal(406, "NotAcceptable", message, name=None)


def unsupported_media(message: str) -> Refusal:
    return Refusal(415, "UnsupportedMediaType", message)


def unsupported_body() -> Refusal:
    return unsupported_media(
        f"the body of the request was in an unknown format - accepted media types include: {_MEDIA}"
    )


def not_simulated(what: str) -> Refusal:
    """The honest edge: what only a real API server says rightly is refused, never pretended."""
    message = f"the simulated cluster does not implement {what}; ask a real API server"
    return Refusal(501, "NotImplemented", message)


def expired(message: str) -> Refusal:
    return Refusal(410, "Expired", message)


def too_old(version: int, oldest: int) -> Refusal:
    return expired(f"too old resource version: {version} ({oldest})")


def too_large(version: int, current: int) -> Refusal:
    causes = [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}]
    message = f"Timeout: Too large resource version: {version}, current: {current}"
    return Refusal(504, "Timeout", message, causes=causes, retryAfterSeconds=1)


def too_many(retry_after: int) -> Refusal:
    message = "Too many requests, please try again later."
    return Refusal(429, "TooManyRequests", message, retryAfterSeconds=retry_after)


class Cause(msgspec.Struct, frozen=True):
    """One wrong field: `reason` is a field error's type, such as FieldValueInvalid."""

    reason: str
    message: str
    field: str


def invalid(kind: str, name: str, causes: Sequence[Cause], *, group: str = "") -> Refusal:
    """422 with a cause for each wrong field; `kind` is the Kind, not the resource."""
    title = f"{kind}.{group}" if group else kind
    said = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    text = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
    message = f'{title} "{name}" is invalid: {text}'
    listed = [msgspec.to_builtins(cause) for cause in causes]
    return Refusal(422, "Invalid", message, name=name or None, group=group or None, kind=kind or None, causes=listed)
