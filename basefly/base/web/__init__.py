"""The web: routes with their permission, requests read strictly, pages, live updates, problem details."""

from __future__ import annotations

from litestar import Response
from litestar.datastructures import Cookie
from litestar.openapi.datastructures import ResponseSpec as Described
from litestar.params import QueryParameter
from litestar.response import Stream

from basefly.base.web.frame import with_inline_styles
from basefly.base.web.gate import (
    Plugs,
    adopt_session,
    form_token,
    pending_cookie,
    pending_token,
    session_cookie,
    session_token,
)
from basefly.base.web.requests import Form, Request
from basefly.base.web.routing import (
    PUBLIC,
    RECENT,
    RECENT_SESSION,
    SIGNED_IN,
    WITHOUT_FACTOR,
    Body,
    delete,
    get,
    patch,
    post,
    put,
    websocket,
)
from basefly.base.web.templates import render

__all__ = [
    "PUBLIC",
    "RECENT",
    "RECENT_SESSION",
    "SIGNED_IN",
    "WITHOUT_FACTOR",
    "Body",
    "Cookie",
    "Described",
    "Form",
    "Plugs",
    "QueryParameter",
    "Request",
    "Response",
    "Stream",
    "adopt_session",
    "delete",
    "form_token",
    "get",
    "patch",
    "pending_cookie",
    "pending_token",
    "post",
    "put",
    "redirect",
    "render",
    "session_cookie",
    "session_token",
    "websocket",
    "with_inline_styles",
]


def redirect(path: str) -> Response[None]:
    """Send the browser on with GET (303). Only to paths of ours: `//elsewhere` and the like become the first page."""
    safe = path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else "/"
    return Response(None, status_code=303, headers={"Location": safe}, media_type="text/plain")
