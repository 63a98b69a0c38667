"""Refusals in the server's own words: what is not there, not allowed, not understood, not acceptable."""

from __future__ import annotations

from e2e.conformance.sides import Side

APPS = "/apis/apps/v1/namespaces/conform-errors/deployments"


def refusals(side: Side) -> None:
    space = side.namespace("conform-errors")
    maps = f"{space}/configmaps"
    _not_there(side, space)
    _not_allowed(side, space)
    _not_understood(side, maps)
    _not_acceptable(side, maps)


def _not_there(side: Side, space: str) -> None:
    for path in (
        f"{space}/configmaps/none", f"{space}/pods/none", f"{APPS}/none", "/api/v1/nodes/none",
        "/api/v1/namespaces/none",
        f"{space}/nothings", f"{space}/nothings/x", "/apis/apps/v7/deployments", "/apis/none.example.com/v1/things",
        "/apis/apps/v1/nothings", "/api/v2/pods", "/api/v1/namespaces/none/pods", "/api/v1/namespaces/none/pods/x",
        f"{space}/configmaps/none/status", f"{space}/pods/none/log", f"{space}/pods/none/status", "/api/v1/pods/x",
        f"{space}/nodes", f"{space}/nodes/x", "/apis/apps/v1/namespaces/conform-errors/pods",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/none", "/apiss", "/api/v1/", "/", "/openapi/v3/nothing",
    ):  # fmt: skip
        side.ask(f"GET {path}", "GET", path)
    side.ask("DELETE what is not there", "DELETE", f"{space}/pods/none")


def _not_allowed(side: Side, space: str) -> None:
    for method, path in (
        ("POST", f"{space}/configmaps/one"), ("PUT", f"{space}/configmaps"), ("PATCH", f"{space}/configmaps"),
        ("POST", "/api/v1/configmaps"), ("DELETE", "/api/v1/configmaps"), ("PUT", "/api/v1/nodes"),
        ("DELETE", f"{space}/services"), ("GET", f"{space}/bindings"), ("POST", "/version"), ("DELETE", "/api"),
        ("GET", f"{space}/pods/none/eviction"), ("POST", f"{space}/pods/none/status"), ("DELETE", "/api/v1/namespaces"),
        ("GET", f"{space}/serviceaccounts/default/token"), ("DELETE", f"{APPS}/none/scale"),
        ("OPTIONS", f"{space}/configmaps"), ("TRACE", f"{space}/configmaps"),
    ):  # fmt: skip
        side.ask(f"{method} {path}", method, path, {} if method in ("POST", "PUT", "PATCH") else None)


def _not_understood(side: Side, maps: str) -> None:
    for title, body in {
        "nothing": "", "no JSON": "{", "a list": "[]", "text": '"x"', "a number": "7", "null": "null",
        "an empty object": "{}", "a wrong type": '{"metadata":{"name":7}}',
        "data of a wrong type": '{"metadata":{"name":"x"},"data":[]}',
        "a number in data": '{"metadata":{"name":"x"},"data":{"a":1}}', "metadata of a wrong type": '{"metadata":[]}',
        "another kind": '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"x"}}',
        "a kind that is not there": '{"kind":"Nothing","apiVersion":"v1","metadata":{"name":"x"}}',
        "another version": '{"kind":"ConfigMap","apiVersion":"v2","metadata":{"name":"x"}}',
        "another group": '{"kind":"ConfigMap","apiVersion":"apps/v1","metadata":{"name":"x"}}',
        "a version alone": '{"apiVersion":"v1","metadata":{"name":"x1"}}',
    }.items():  # fmt: skip
        side.ask(f"POST {title}", "POST", maps, body)
    side.ask("POST no YAML", "POST", maps, "a: b: c", Content_Type="application/yaml")
    side.ask("POST replicas that are text", "POST", APPS, '{"metadata":{"name":"x"},"spec":{"replicas":"x"}}')
    side.ask("POST an empty deployment", "POST", APPS, '{"metadata":{"name":"x"}}')
    side.ask("POST an empty pod", "POST", maps.replace("configmaps", "pods"), '{"metadata":{"name":"x"}}')
    side.ask(
        "POST an empty role binding",
        "POST",
        "/apis/rbac.authorization.k8s.io/v1/namespaces/conform-errors/rolebindings",
        '{"metadata":{"name":"x"}}',
    )


def _not_acceptable(side: Side, maps: str) -> None:
    for accept in (
        "text/html", "application/xml", "application/json;as=Table;v=v1beta1;g=meta.k8s.io", "application/*", "*/*",
        "application/json;as=Table;v=v2;g=meta.k8s.io", "application/json;as=Nothing;v=v1;g=meta.k8s.io",
        "text/html,application/json", "application/yaml", "application/json;q=0.5,application/yaml",
        "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    ):  # fmt: skip
        side.ask(f"one as {accept}", "GET", f"{maps}/none", Accept=accept)
        side.ask(f"many as {accept}", "GET", f"{maps}?labelSelector=none", Accept=accept)
    side.ask("POST as text", "POST", maps, "x", Content_Type="text/plain")
    side.ask("POST as a form", "POST", maps, "x=y", Content_Type="application/x-www-form-urlencoded")
    side.ask("PATCH as text", "PATCH", f"{maps}/none", "x", Content_Type="text/plain")
    side.ask("DELETE with text", "DELETE", f"{maps}/none", "x", Content_Type="text/plain")
    side.ask(
        "GET with an option of no kind",
        "GET",
        f"{maps}?includeObject=Some",
        Accept="application/json;as=Table;v=v1;g=meta.k8s.io",
    )
