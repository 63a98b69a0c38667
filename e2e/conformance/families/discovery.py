"""What a server tells of itself, for what both serve: discovery in all its forms, and the shape of its schemas."""

from __future__ import annotations

from typing import Any

from basefly.sim.kinds.catalog import built_in
from e2e.conformance.sides import Side

Object = dict[str, Any]
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_KINDS = [kind for kind in built_in() if kind.group != "metrics.k8s.io"]
"""What an API server serves by itself; metrics come from a server of their own."""
_DEEP = 9
"""How deep the schema of a kind is compared."""


def documents(side: Side) -> None:
    for path in ("/version", "/api", "/api/v1", "/apis", "/healthz", "/livez", "/readyz"):
        side.ask(path, "GET", path)
    for path in ("/api", "/apis"):
        side.ask(f"{path}, aggregated", "GET", path, Accept=AGGREGATED)
    for group in sorted({kind.group for kind in _KINDS} - {""}):
        side.ask(f"/apis/{group}", "GET", f"/apis/{group}")
    for version in sorted({kind.api_version for kind in _KINDS if kind.group}):
        side.ask(f"/apis/{version}", "GET", f"/apis/{version}")
    side.ask("a group that is not there", "GET", "/apis/none.example.com")
    side.ask("a version that is not there", "GET", "/apis/apps/v7")
    side.ask("a path that is not there", "GET", "/nowhere")


def schemas(side: Side) -> None:
    side.ask("the index", "GET", "/openapi/v3")
    for version in sorted({kind.api_version for kind in _KINDS}):
        place = f"apis/{version}" if "/" in version else f"api/{version}"
        side.ask(place, "GET", f"/openapi/v3/{place}")
        answer = side.answers[side.title(place)]
        if answer.status == 200:
            answer.body = _shapes(answer.body, {kind.kind for kind in _KINDS if kind.api_version == version})


def _shapes(document: Object, kinds: set[str]) -> Object:
    """Every member of every kind with its type, by its path."""
    held = document["components"]["schemas"]
    found = {}
    for schema in held.values():
        for named in schema.get("x-kubernetes-group-version-kind", ()):
            if named["kind"] in kinds and len(schema["x-kubernetes-group-version-kind"]) == 1:
                members: Object = {}
                _walk(schema, named["kind"], held, members, 0)
                found[named["kind"]] = members
    return found


def _walk(schema: Object, path: str, held: Object, members: Object, depth: int) -> None:
    for part in schema.get("allOf", ()):
        schema = schema | part
    if "$ref" in schema:
        schema = held[schema["$ref"].rpartition("/")[2]]
    if depth > _DEEP:
        return
    members[path] = schema.get("type", "any")
    for name, member in schema.get("properties", {}).items():
        _walk(member, f"{path}.{name}", held, members, depth + 1)
    for more in ("items", "additionalProperties"):
        if isinstance(schema.get(more), dict):
            _walk(schema[more], f"{path}.*", held, members, depth + 1)
