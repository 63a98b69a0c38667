"""Paths that are no resource: discovery in both its forms, version and health."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from basefly.sim.discovery import openapi
from basefly.sim.kinds.kind import Kind, Subresource
from basefly.sim.status import no_such_path, not_allowed
from basefly.sim.wire.negotiate import answer_value

if TYPE_CHECKING:
    from basefly.sim.cluster import Cluster

_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_HEALTH = ("readyz", "livez", "healthz")
_CHECKS = ("ping", "log", "etcd")
_HOOKS = (
    "start-apiserver-admission-initializer", "generic-apiserver-start-informers", "start-apiextensions-informers",
    "start-apiextensions-controllers", "crd-informer-synced", "start-system-namespaces-controller",
    "rbac/bootstrap-roles", "scheduling/bootstrap-system-priority-classes", "priority-and-fairness-config-consumer",
    "start-kube-aggregator-informers", "apiservice-registration-controller", "apiservice-discovery-controller",
)  # fmt: skip  # some of those that an API server has


async def answer_path(cluster: Cluster, request: web.BaseRequest, path: str) -> web.Response:
    """Answer a GET outside the resources, or 404."""
    parts = [part for part in path.split("/") if part]
    if request.method not in ("GET", "HEAD") and parts[:1] in (["version"], ["api"], ["apis"]):
        raise not_allowed()
    match parts:
        case [health, *_] if health in _HEALTH:
            text = _checks(health) if "verbose" in request.query else "ok"
            return web.Response(text=text, headers={"X-Content-Type-Options": "nosniff"})
        case ["version"]:
            return await answer_value(request, version(cluster.git_version))
        case ["api"] | ["apis"] if _wants_aggregated(request):
            return _aggregated(cluster, request, core=parts == ["api"])
        case ["openapi", "v3", *rest]:
            return await openapi.answer_document(cluster, request, "/".join(rest))
        case ["api"] | ["apis"] | ["api", _] | ["apis", _] | ["apis", _, _]:
            if told := _plain(cluster, parts):
                return await answer_value(request, told)
            if parts[1:2] and (parts[0] == "api" or parts[1] in cluster.catalog.versions()):
                raise no_such_path()
        case []:
            return await answer_value(request, {"paths": _paths(cluster)})
    return web.Response(text="404 page not found\n", status=404)


def _checks(health: str) -> str:
    names = [*_CHECKS, *(f"poststarthook/{name}" for name in _HOOKS), *(["shutdown"] if health == "readyz" else [])]
    return "".join(f"[+]{name} ok\n" for name in names) + f"{health} check passed\n"


def version(git_version: str) -> dict[str, str]:
    major, minor, _ = git_version.removeprefix("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": git_version,
        "gitCommit": hashlib.sha1(git_version.encode(), usedforsecurity=False).hexdigest(),
        "gitTreeState": "clean",
        "buildDate": "2026-06-09T00:00:00Z",
        "goVersion": "go1.26.8",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def _wants_aggregated(request: web.BaseRequest) -> bool:
    wanted = request.headers.get("Accept", "").replace(" ", "").split(",")
    return any(choice.split(";q=")[0] == _AGGREGATED for choice in wanted)


def _aggregated(cluster: Cluster, request: web.BaseRequest, *, core: bool) -> web.Response:
    groups = [
        _group_discovery(group, versions)
        for group, versions in cluster.catalog.versions().items()
        if (group == "") is core
    ]
    head: dict[str, Any] = {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}}
    body = msgspec.json.encode(head | {"items": groups})
    tag = f'"{hashlib.sha256(body).hexdigest().upper()}"'
    headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": "public"}
    if request.headers.get("If-None-Match") == tag:
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers | {"Content-Type": _AGGREGATED})


def _group_discovery(group: str, versions: dict[str, list[Kind]]) -> dict[str, Any]:
    listed = [
        {"version": name, "resources": [_resource_discovery(kind) for kind in kinds], "freshness": "Current"}
        for name, kinds in versions.items()
    ]
    return {"metadata": {"name": group} if group else {}, "versions": listed}


def _resource_discovery(kind: Kind) -> dict[str, Any]:
    told: dict[str, Any] = {
        "resource": kind.plural,
        "responseKind": _response_kind(kind),
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": kind.verbs,
    }
    told |= _names(kind)
    if kind.subresources:
        told["subresources"] = [_part_discovery(kind, part) for part in kind.subresources]
    return told


def _response_kind(kind: Kind) -> dict[str, str]:
    """The real server names group and version of custom kinds alone."""
    named = {"group": kind.group, "version": kind.version} if kind.definition else {"group": "", "version": ""}
    return named | {"kind": kind.kind}


def _names(kind: Kind) -> dict[str, Any]:
    names = {"shortNames": kind.short_names, "categories": kind.categories}
    return {key: value for key, value in names.items() if value}


def _part_discovery(kind: Kind, part: Subresource) -> dict[str, Any]:
    group, version = (part.group, part.version) if part.version else (kind.group, kind.version)
    own = not part.version and not kind.definition
    response = {"group": "" if own else group, "version": "" if own else version, "kind": part.kind}
    return {"subresource": part.name, "responseKind": response, "verbs": part.verbs}


def _plain(cluster: Cluster, parts: list[str]) -> dict[str, Any] | None:
    """Unaggregated discovery, or None where nothing is served."""
    tree = cluster.catalog.versions()
    match parts:
        case ["api"]:
            address = {"clientCIDR": "0.0.0.0/0", "serverAddress": cluster.address}
            return {"kind": "APIVersions", "versions": list(tree[""]), "serverAddressByClientCIDRs": [address]}
        case ["apis"]:
            groups = [_group(group, versions) for group, versions in tree.items() if group]
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}
        case ["apis", group] if group in tree and group:
            return {"kind": "APIGroup", "apiVersion": "v1"} | _group(group, tree[group])
        case ["api", version] if version in tree[""]:
            return _resource_list(version, tree[""][version])
        case ["apis", group, version] if version in tree.get(group, {}):
            return _resource_list(f"{group}/{version}", tree[group][version])
    return None


def _group(group: str, versions: dict[str, list[Kind]]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{group}/{version}", "version": version} for version in versions]
    return {"name": group, "versions": listed, "preferredVersion": listed[0]}


def _resource_list(group_version: str, kinds: list[Kind]) -> dict[str, Any]:
    resources: list[dict[str, Any]] = []
    for kind in kinds:
        resources.append(
            {
                "name": kind.plural,
                "singularName": kind.singular,
                "namespaced": kind.namespaced,
                "kind": kind.kind,
                "verbs": kind.verbs,
                **_names(kind),
                **_storage(kind),
            }
        )
        resources += [_part(kind, part) for part in kind.subresources]
    version = {"apiVersion": "v1"} if kinds[0].group else {}
    return {"kind": "APIResourceList"} | version | {"groupVersion": group_version, "resources": resources}


def _storage(kind: Kind) -> dict[str, str]:
    """The fingerprint of the version in which a kind is stored, for those that are."""
    if "list" not in kind.verbs:
        return {}
    digest = hashlib.sha256(f"{kind.group}/{kind.version}/{kind.kind}".encode()).digest()
    return {"storageVersionHash": base64.b64encode(digest[:8]).decode()}


def _part(kind: Kind, part: Subresource) -> dict[str, Any]:
    told: dict[str, Any] = {"name": f"{kind.plural}/{part.name}", "singularName": "", "namespaced": kind.namespaced}
    if part.version:
        told |= {"group": part.group, "version": part.version}
    return told | {"kind": part.kind, "verbs": part.verbs}


def _paths(cluster: Cluster) -> list[str]:
    paths = {"/api", "/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"}
    for kind in cluster.catalog:
        paths |= {f"/apis/{kind.group}", f"/apis/{kind.api_version}"} if kind.group else {f"/api/{kind.version}"}
    return sorted(paths)
