"""Our own refusals as kubectl reads them: objects of the kind Status (Kubernetes API conventions)."""

from __future__ import annotations

import h11
import msgspec

from basefly.base.errors import BaseflyError

_REASONS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    408: "Timeout",
    413: "RequestEntityTooLarge",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


def answer(error: BaseflyError, *, close: bool = False) -> tuple[h11.Response, bytes]:
    """The head and the body of a refusal; `close` says that the connection ends with it."""
    message = f"{error.detail or error.title} {error.cure}".strip()
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": _REASONS.get(error.status, "InternalError"),
        "code": error.status,
    }
    body = msgspec.json.encode(status)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
    if wait := getattr(error, "retry_after", 0):
        headers.append(("Retry-After", str(max(1, round(wait)))))
    if close:
        headers.append(("Connection", "close"))
    if error.status == 401:
        headers.append(("WWW-Authenticate", 'Bearer realm="basefly"'))
    return h11.Response(status_code=error.status, headers=headers), body
