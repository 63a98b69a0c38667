"""OpenAPI v3: the kinds, their members and types, what may be patched, and custom schemas. No descriptions."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from aiohttp import web

from basefly.sim.bodies.messages import Field, Form, messages
from basefly.sim.kinds.kind import Kind
from basefly.sim.wire.negotiate import answer_value

if TYPE_CHECKING:
    from basefly.sim.cluster import Cluster

VERSION = "v1.36.2"
_SCALARS: dict[str, dict[str, Any]] = {"b": {"type": "boolean"}, "i": {"type": "integer"}, "d": {"type": "number"}}
_LEAVES: dict[str, dict[str, Any]] = {
    "FieldsV1": {"type": "object"},
    "RawExtension": {"type": "object"},
    "IntOrString": {"format": "int-or-string"},
    "Any": {},
    "Quantity": {"oneOf": [{"type": "string"}, {"type": "number"}]},
    "ExtraValue": {"type": "array", "items": {"type": "string"}},
}
_VALIDATION = {"name": "fieldValidation", "in": "query", "schema": {"type": "string", "uniqueItems": True}}


async def answer_document(cluster: Cluster, request: web.BaseRequest, path: str) -> web.Response:
    """The index of documents, or the document of one group and version."""
    if not path:
        answered = await answer_value(request, {"paths": _index(cluster)})
        answered.headers["Content-Type"] = "text/plain; charset=utf-8"  # so does the real server
        return answered
    kinds = [kind for kind in cluster.catalog if _place(kind) == path]
    if not kinds:
        return web.Response(status=404)
    return await answer_value(request, _document(kinds))


def _place(kind: Kind) -> str:
    return f"apis/{kind.group}/{kind.version}" if kind.group else f"api/{kind.version}"


def _index(cluster: Cluster) -> dict[str, Any]:
    places: dict[str, str] = {}
    for kind in cluster.catalog:
        places[_place(kind)] = places.get(_place(kind), "") + kind.name + str(kind.schema)
    return {
        place: {"serverRelativeURL": f"/openapi/v3/{place}?hash={hashlib.sha256(held.encode()).hexdigest().upper()}"}
        for place, held in places.items()
    }


def _document(kinds: list[Kind]) -> dict[str, Any]:
    schemas: dict[str, Any] = {}
    paths = {}
    for kind in kinds:
        schemas[f"{kind.group or 'core'}.{kind.version}.{kind.kind}"] = _schema(kind, schemas)
        for suffix in ("", "/{name}"):
            paths[_path(kind) + suffix] = _operations(kind, suffix)
    info = {"title": "Kubernetes", "version": VERSION}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _path(kind: Kind) -> str:
    where = "namespaces/{namespace}/" if kind.namespaced else ""
    return f"/{_place(kind)}/{where}{kind.plural}"


def _operations(kind: Kind, suffix: str) -> dict[str, Any]:
    named = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    operation = {"x-kubernetes-group-version-kind": named, "parameters": [_VALIDATION]}
    methods = {"patch": "patch", "update": "put"} if suffix else {"create": "post"}
    return {method: operation for verb, method in methods.items() if verb in kind.verbs}


def _schema(kind: Kind, schemas: dict[str, Any]) -> dict[str, Any]:
    """The schema of a kind: a custom one's own, otherwise its members and their types without descriptions."""
    message = messages().of(kind.api_version, kind.kind)
    known = dict(kind.schema) or {"type": "object"}
    if message:
        known = _message(message, schemas)
    properties = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": _ref("meta.ObjectMeta")}
    if "meta.ObjectMeta" not in schemas:
        schemas["meta.ObjectMeta"] = _message("meta.ObjectMeta", schemas)
    known["properties"] = properties | dict(known.get("properties", {}))
    named = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    return known | {"x-kubernetes-group-version-kind": [named]}


def _ref(message: str) -> dict[str, Any]:
    return {"allOf": [{"$ref": f"#/components/schemas/{message}"}]}


def _message(message: str, schemas: dict[str, Any]) -> dict[str, Any]:
    """A message's schema; those it refers to are added to `schemas`."""
    schemas.setdefault(message, {})
    properties: dict[str, Any] = {}
    for field in messages().messages[message].values():
        if field.name:
            properties[field.name] = _member(field, schemas)
        else:
            properties |= _message(field.type, schemas)["properties"]
    if message in messages().kinds.values():
        properties = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}} | properties
    schemas[message] = {"type": "object", "properties": properties}
    return dict(schemas[message])


def _member(field: Field, schemas: dict[str, Any]) -> dict[str, Any]:
    leaf = _SCALARS.get(field.type) or _LEAVES.get(field.type.rpartition(".")[2])
    is_message = leaf is None and field.type in messages().messages
    if is_message and field.type not in schemas:
        _message(field.type, schemas)
    one = _ref(field.type) if is_message else {"type": "string"} if leaf is None else leaf
    if field.form is Form.LIST:
        return {"type": "array", "items": one}
    return {"type": "object", "additionalProperties": one} if field.form is Form.MAP else one
