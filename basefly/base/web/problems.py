"""Every error that leaves the house, in one shape: problem details (RFC 9457), or the same as a page."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE

from basefly.base.errors import BaseflyError, FieldError, Invalid, Malformed, NotFound
from basefly.base.telemetry import trace

MEDIA_TYPE = "application/problem+json"

_FIELD = re.compile(r"(?:required|unknown) field `([^`]+)`")
_PLACE = re.compile(r" - at `\$(.*)`$")
_STEP = re.compile(r"\.?([^.\[\]]+)|\[(\d+|\.\.\.)\]")


class NotAllowed(BaseflyError):
    """The path is right, the method is not; the Allow header names those that are."""

    code, status, title = "method_not_allowed", 405, "This path does not take this method"


class TooLarge(BaseflyError):
    """The request's body is larger than we read."""

    code, status, title = "too_large", 413, "The request is too large"


class WrongMedia(BaseflyError):
    """The body is in a form that this path does not read."""

    code, status, title = "wrong_media_type", 415, "The request's body has the wrong media type"


class Problem(msgspec.Struct, omit_defaults=True):
    """Problem details (RFC 9457). `code` is stable: programs branch on it; `cure` says what to do about it."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str = ""
    trace_id: str = ""
    cure: str = ""
    errors: tuple[FieldError, ...] = ()


def problem(error: BaseflyError) -> Problem:
    """What to tell about an error, with the ids under which our log has more."""
    here = trace.current()
    return Problem(
        type=getattr(error, "type_uri", "") or f"urn:basefly:problem:{error.code}",
        title=error.title,
        status=error.status,
        code=error.code,
        detail=error.detail or error.title,
        instance=f"urn:request:{here.request_id}" if here else "",
        trace_id=here.trace_id if here else "",
        cure=error.cure,
        errors=getattr(error, "errors", ()),
    )


def document(error: BaseflyError) -> bytes:
    """The problem as JSON, with the error's `extra` as extension members."""
    told: dict[str, Any] = msgspec.to_builtins(problem(error))
    return msgspec.json.encode({**error.extra, **told})


def known(error: Exception) -> BaseflyError | None:
    """Any exception as one that may be told; None for what can only be a mistake of ours."""
    match error:
        case BaseflyError():
            return error
        case ExceptionGroup():  # of what a route depends on, that is found at the same time: the first says enough
            return known(error.exceptions[0])
        case msgspec.ValidationError():
            return from_validation(error)
        case ValidationException():
            return _from_parameters(error)
        case NotFoundException():
            return NotFound("There is no page at this address.")
        case MethodNotAllowedException():
            return NotAllowed("This path does not take this method.", cure="The header Allow names those it takes.")
        case HTTPException(status_code=code) if code == HTTP_413_REQUEST_ENTITY_TOO_LARGE:
            return TooLarge(
                "What was sent is larger than 2 MiB, more than the hub reads at once.",
                cure="A kubeconfig this large: connect fewer contexts at a time. This prints the one in use alone: "
                "kubectl config view --minify --flatten --raw",
            )
        case ClientException():
            return Malformed(error.detail or "The request could not be read.")
    return None


def from_validation(error: msgspec.ValidationError) -> Invalid:
    """A body that does not fit its type, with the pointer to the field."""
    text = str(error)
    place = _PLACE.search(text)
    detail = text[: place.start()] if place else text
    pointer = _pointer(place[1] if place else "")
    if field := _FIELD.search(detail):
        pointer += f"/{_escape(field[1])}"
    return Invalid(
        f"{pointer or 'The body'}: {detail}",
        errors=(FieldError(pointer, detail),),
        cure="See /api/docs for what this path takes.",
    )


def _from_parameters(error: ValidationException) -> Invalid:
    extra = error.extra if isinstance(error.extra, list) else []
    found = [(str(each.get("key", "")), str(each.get("message", ""))) for each in extra if isinstance(each, dict)]
    if not found:
        return Invalid(re.sub(r" for path .*", "", error.detail))
    errors = tuple(FieldError(f"/{_escape(name)}" if name else "", message) for name, message in found)
    told = "; ".join(f"{name or 'body'}: {message}" for name, message in found)
    return Invalid(f"A parameter does not fit: {told}.", errors=errors)


def _pointer(path: str) -> str:
    """msgspec's `.labels[0].name` as a JSON Pointer."""
    return "".join(f"/{_escape(name or index)}" for name, index in _STEP.findall(path))


def _escape(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
