"""The API's documentation as pages of our own: find an operation, read it, and try it with the rights that you have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from litestar import Litestar, Response

from basefly.base.errors import NotFound
from basefly.base.web.openapi.document import METHODS, encoded
from basefly.base.web.requests import Request
from basefly.base.web.routing import PUBLIC, SIGNED_IN, get
from basefly.base.web.templates import render

_DEEPEST = 4  # levels of a schema that an example unfolds


@get("/api/docs", permission=SIGNED_IN, include_in_schema=False)
async def index(request: Request) -> Response[str]:
    """Every operation by subject."""
    document = _document(request.app)
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, method, operation in _operations(document):
        groups.setdefault(_subject(operation), []).append(_named(path, method, operation))
    return render(request, "web/docs.html", info=document["info"], groups=sorted(groups.items()))


@get("/api/docs/{operation:str}", permission=SIGNED_IN, include_in_schema=False)
async def page(request: Request, operation: str) -> Response[str]:
    """One operation, with a form that tries it."""
    document = _document(request.app)
    for path, method, found in _operations(document):
        if found["operationId"] == operation:
            shown = _shown(path, method, found, document["components"]["schemas"])
            return render(request, "web/operation.html", operation=shown)
    raise NotFound(f"The API has no operation {operation!r}.", cure="Choose one on /api/docs.")


@lru_cache(4)
def _document(app: Litestar) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.json.decode(encoded(app))
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method in METHODS:
            if operation := methods.get(method):
                yield path, method, operation


def _subject(operation: dict[str, Any]) -> str:
    return str((operation.get("tags") or ["other"])[0])


def _named(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": operation["operationId"],
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
    }


def _shown(path: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    permission = operation["x-permission"]
    return _named(path, method, operation) | {
        "subject": _subject(operation),
        "description": operation.get("description", ""),
        "permission": {PUBLIC: "none: anyone may", SIGNED_IN: "none: anyone signed in may"}.get(permission, permission),
        "parameters": [_parameter(parameter, schemas) for parameter in operation.get("parameters", ())],
        "body": _body(operation, schemas),
        "answers": sorted((code, answer["description"]) for code, answer in operation["responses"].items()),
    }


def _parameter(parameter: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "in": parameter["in"],
        "required": parameter.get("required", False),
        "description": parameter.get("description", ""),
        "type": _type(_resolved(parameter.get("schema", {}), schemas)),
    }


def _body(operation: dict[str, Any], schemas: dict[str, Any]) -> str:
    """An example of the body as indented JSON; empty when the operation takes none."""
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return ""
    return json.dumps(_example(content["application/json"]["schema"], schemas, _DEEPEST), indent=2)


def _example(schema: dict[str, Any], schemas: dict[str, Any], depth: int) -> Any:
    schema = _resolved(schema, schemas)
    if "default" in schema:
        return schema["default"]
    kind = _type(schema).split(" | ")[0]
    if kind == "object" and depth:
        return {name: _example(inner, schemas, depth - 1) for name, inner in schema.get("properties", {}).items()}
    if kind == "array" and depth:
        return [_example(schema.get("items", {}), schemas, depth - 1)]
    return {"integer": 0, "number": 0, "boolean": False, "array": [], "object": {}, "null": None}.get(kind, "")


def _resolved(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    for inner in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())):
        if inner.get("type") != "null":
            return _resolved(inner, schemas)
    if "$ref" in schema:
        return _resolved(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    return schema


def _type(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "any")
    return " | ".join(kind) if isinstance(kind, list) else str(kind)
