"""Paths to targets: which resource, which object, which verb (apiserver's RequestInfo)."""

from __future__ import annotations

from collections.abc import Mapping

from basefly.sim.requests import Target

_VERBS = {"GET": "get", "HEAD": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_TRUE = ("1", "true", "True", "TRUE", "t", "T")
_NAMESPACE_PARTS = ("status", "finalize")


def truthy(value: str | None) -> bool:
    return value in _TRUE


def read(method: str, path: str, query: Mapping[str, str]) -> Target:
    """The target of a request; a path outside /api and /apis, or one above a resource, names no resource."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) >= 3:
        return _resource(method, query, path, group="", version=parts[1], rest=parts[2:])
    if parts[:1] == ["apis"] and len(parts) >= 4:
        return _resource(method, query, path, group=parts[1], version=parts[2], rest=parts[3:])
    return Target(verb=method.lower(), path=path)


def _resource(method: str, query: Mapping[str, str], path: str, *, group: str, version: str, rest: list[str]) -> Target:
    namespace, watched = "", rest[0] == "watch" and len(rest) > 1
    if watched:
        rest = rest[1:]
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in _NAMESPACE_PARTS:
        namespace, rest = rest[1], rest[2:]
    resource, name, subresource = (*rest, "", "")[:3]
    if rest[0] == "namespaces":
        namespace = name
    verb = _VERBS.get(method, method.lower())
    if watched:
        verb = "watch"
    elif not name:
        verb = {"get": "watch" if truthy(query.get("watch")) else "list", "delete": "deletecollection"}.get(verb, verb)
    return Target(
        verb=verb,
        group=group,
        version=version,
        resource=resource,
        namespace=namespace,
        name=name,
        subresource="/".join([subresource, *rest[3:]]) if subresource else "",
        path=path,
    )
