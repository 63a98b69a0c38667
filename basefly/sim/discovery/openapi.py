"""OpenAPI v3, as little as kubectl needs: which kinds there are, what may be patched, and custom schemas."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from aiohttp import web

from basefly.sim.kinds.kind import Kind
from basefly.sim.rest.negotiate import answer_value
from basefly.sim.status import no_such_path

if TYPE_CHECKING:
    from basefly.sim.cluster import Cluster

_VALIDATION = {"name": "fieldValidation", "in": "query", "schema": {"type": "string", "uniqueItems": True}}


async def answer_document(cluster: Cluster, request: web.BaseRequest, path: str) -> web.Response:
    """The index of documents, or the document of one group and version."""
    if not path:
        return await answer_value(request, {"paths": _index(cluster)})
    kinds = [kind for kind in cluster.catalog if _place(kind) == path]
    if not kinds:
        raise no_such_path()
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
    schemas, paths = {}, {}
    for kind in kinds:
        schemas[f"{kind.group or 'core'}.{kind.version}.{kind.kind}"] = _schema(kind)
        for suffix in ("", "/{name}"):
            paths[_path(kind) + suffix] = _operations(kind, suffix)
    info = {"title": "Kubernetes", "version": "v1.36.2"}
    return {"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}


def _path(kind: Kind) -> str:
    where = "namespaces/{namespace}/" if kind.namespaced else ""
    return f"/{_place(kind)}/{where}{kind.plural}"


def _operations(kind: Kind, suffix: str) -> dict[str, Any]:
    named = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    operation = {"x-kubernetes-group-version-kind": named, "parameters": [_VALIDATION]}
    methods = {"patch": "patch", "update": "put"} if suffix else {"create": "post"}
    return {method: operation for verb, method in methods.items() if verb in kind.verbs}


def _schema(kind: Kind) -> dict[str, Any]:
    named = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    known = dict(kind.schema) or {"type": "object", "description": f"{kind.kind}: the simulator keeps no schema."}
    properties = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    known["properties"] = properties | dict(known.get("properties", {}))
    return known | {"x-kubernetes-group-version-kind": [named]}
