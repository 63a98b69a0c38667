"""The OpenAPI 3.1 document: every route, with its permission and with problem details for what may go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, License, SecurityScheme
from litestar.routes import HTTPRoute

import basefly
from basefly.base.web.problems import MEDIA_TYPE, Problem
from basefly.base.web.requests import Request
from basefly.base.web.routing import PUBLIC, SIGNED_IN, get, permission_of

METHODS = ("get", "put", "post", "patch", "delete")
_DESCRIPTION = """The control room for fleets of Kubernetes clusters.

Every error is a problem document (RFC 9457) with a stable `code`. Lists are keyset pages: give `next` of one page as
`cursor` of the following one. Times are RFC 3339 in UTC."""

CONFIG = OpenAPIConfig(
    title="Basefly",
    version=basefly.__version__,
    description=_DESCRIPTION,
    license=License(name="Apache-2.0", identifier="Apache-2.0"),
    use_handler_docstrings=True,
    operation_id_creator=lambda handler, _method, _path: handler.handler_name,
    components=Components(
        security_schemes={
            "token": SecurityScheme(type="http", scheme="bearer", description="An API token: `basefly_…`"),
            "session": SecurityScheme(type="apiKey", name="basefly", security_scheme_in="cookie"),
        }
    ),
    openapi_router=None,
)

_CAUSES = {
    "400": "The request could not be read",
    "401": "Nobody is signed in",
    "403": "The permission is missing, or a proof of oneself: `code` tells them apart",
    "404": "There is no such thing for whoever asks",
    "408": "The body did not arrive in time",
    "409": "It does not fit what is there",
    "413": "The request is too large",
    "415": "The body has the wrong media type",
    "422": "The request is not valid; `errors` names each field",
    "429": "Too many requests; see Retry-After",
    "default": "Anything else that failed",
}

_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A key of your own: a repetition within a day does nothing again and is answered alike",
    "required": False,
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:~+/=-]{1,255}$"},
}


@get("/api/openapi.json", permission=SIGNED_IN, include_in_schema=False)
async def openapi_json(request: Request) -> Response[bytes]:
    """The document."""
    return Response(encoded(request.app), media_type="application/json")


@lru_cache(4)
def encoded(app: Litestar) -> bytes:
    """The document as JSON."""
    return msgspec.json.encode(document(app))


def document(app: Litestar) -> dict[str, Any]:
    """The framework's document, corrected: its errors are not ours, and it knows no permissions."""
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema()))
    schemas, components = msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")
    made["components"]["schemas"].update(components)
    for path, method, handler in _handlers(app):
        if operation := made["paths"].get(path, {}).get(method):
            operation.setdefault("tags", [_subject(handler.fn.__module__)])
            _correct(operation, method, permission_of(handler), schemas[0])
    return made


def _subject(module: str) -> str:
    """What a module's operations are about: a slice's face is the file or the folder `api` in the slice's own."""
    parts = module.split(".")
    return parts[parts.index("api") - 1] if "api" in parts else parts[-2]


def _correct(operation: dict[str, Any], method: str, permission: str, schema: dict[str, Any]) -> None:
    operation["x-permission"] = permission
    if method == "post" and permission != PUBLIC:
        operation.setdefault("parameters", []).append(_IDEMPOTENCY_KEY)
    operation["security"] = [] if permission == PUBLIC else [{"token": []}, {"session": []}]
    responses = {code: answer for code, answer in operation["responses"].items() if int(code) < 400}
    if "204" in responses:
        responses["204"].pop("content", None)
    for code in sorted(_possible(operation, method, permission)):
        responses[code] = {"description": _CAUSES[code], "content": {MEDIA_TYPE: {"schema": schema}}}
    operation["responses"] = responses


def _possible(operation: dict[str, Any], method: str, permission: str) -> Iterator[str]:
    """The failures that this operation may tell of."""
    yield from ("429", "default")
    if method != "get" or permission != PUBLIC:
        yield "401"
    if method != "get" or permission != PUBLIC:
        yield "403"
    if any(parameter["in"] == "path" for parameter in operation.get("parameters", ())):
        yield "404"
    if method != "get":
        yield "409"
    if "requestBody" in operation:
        yield from ("400", "408", "413", "415")
    elif _IDEMPOTENCY_KEY in operation.get("parameters", ()):
        yield from ("400", "408")  # the body is read for the key's sake
    if "requestBody" in operation or operation.get("parameters"):
        yield "422"


def _handlers(app: Litestar) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                yield from ((route.path_format, method.lower(), handler) for method in handler.http_methods)
