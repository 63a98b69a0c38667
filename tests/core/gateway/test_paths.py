"""From a request line to an act: as an API server reads it, and refused where it could be read otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basefly.core.gateway.model import EXEC, READ, SECRETS, WRITE, Act
from basefly.core.gateway.paths import Unclear, parse

CASES = {
    ("GET", "/api/v1/pods"): ("list", "", "pods", "", "", ""),
    ("GET", "/api/v1/pods?watch=true"): ("watch", "", "pods", "", "", ""),
    ("GET", "/api/v1/pods?watch=1&resourceVersion=7"): ("watch", "", "pods", "", "", ""),
    ("GET", "/api/v1/namespaces/shop/pods/web"): ("get", "", "pods", "shop", "web", ""),
    ("HEAD", "/api/v1/namespaces/shop/pods/web"): ("get", "", "pods", "shop", "web", ""),
    ("GET", "/api/v1/namespaces/shop/pods/web/log?follow=true"): ("get", "", "pods", "shop", "web", "log"),
    ("POST", "/api/v1/namespaces/shop/pods/web/exec?command=sh"): ("create", "", "pods", "shop", "web", "exec"),
    ("GET", "/api/v1/namespaces/shop/pods/web/exec?command=sh"): ("get", "", "pods", "shop", "web", "exec"),
    ("POST", "/api/v1/namespaces/shop/pods"): ("create", "", "pods", "shop", "", ""),
    ("DELETE", "/api/v1/namespaces/shop/pods"): ("deletecollection", "", "pods", "shop", "", ""),
    ("GET", "/api/v1/namespaces"): ("list", "", "namespaces", "", "", ""),
    ("GET", "/api/v1/namespaces/shop"): ("get", "", "namespaces", "shop", "shop", ""),
    ("PUT", "/api/v1/namespaces/shop/finalize"): ("update", "", "namespaces", "shop", "shop", "finalize"),
    ("PATCH", "/api/v1/nodes/n1"): ("patch", "", "nodes", "", "n1", ""),
    ("PATCH", "/apis/apps/v1/namespaces/shop/deployments/web/scale"):
        ("patch", "apps", "deployments", "shop", "web", "scale"),
    ("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node"):
        ("get", "rbac.authorization.k8s.io", "clusterroles", "", "system:node", ""),
    ("GET", "/api/v1/namespaces/shop/services/https:web:443/proxy/a/b"):
        ("get", "", "services", "shop", "https:web:443", "proxy"),
}  # fmt: skip


@pytest.mark.parametrize(("asked", "meant"), CASES.items(), ids=[" ".join(asked) for asked in CASES])
def test_reads_what_an_api_server_reads(asked: tuple[str, str], meant: tuple[str, ...]) -> None:
    act = parse(*asked)
    assert (act.verb, act.group, act.resource, act.namespace, act.name, act.subresource) == meant


@pytest.mark.parametrize(
    "target",
    ["/api", "/apis", "/apis/apps", "/apis/apps/v1", "/api/v1", "/version", "/openapi/v3/apis/apps/v1", "/livez"],
)
def test_documents_are_no_resources(target: str) -> None:
    act = parse("GET", target)
    assert (act.resource, act.permission, act.anywhere) == ("", READ, True)
    with pytest.raises(Unclear):
        parse("POST", target)


@pytest.mark.parametrize(
    "target",
    [
        "/api/v1/namespaces/shop%2Fpods",
        "/api/v1/namespaces/%2e%2e/secrets",
        "/api/v1/namespaces/../secrets",
        "/api/v1//secrets",
        "/api/v1/namespaces/shop/pods;a=b",
        "/api/v1/namespaces/shop/pods%00",
        "/api/v1/namespaces/shop\\pods",
        "/api/v1/namespaces/sh%252Fop/pods",
        "http://other/api/v1/pods",
        "/api/v1/watch/pods",
        "/api/v1/proxy/nodes/n1",
        "/metrics",
        "/logs/kubelet.log",
        "/debug/pprof",
        "/",
        "",
        "/api/v1/pods?a=\x00",
        "/api/v1/" + "a" * 9000,
    ],
)
def test_what_could_be_read_otherwise_is_refused(target: str) -> None:
    with pytest.raises(Unclear):
        parse("GET", target)


def test_other_methods_are_refused() -> None:
    for method in ("OPTIONS", "TRACE", "CONNECT", "get"):
        with pytest.raises(Unclear):
            parse(method, "/api/v1/pods")


@pytest.mark.parametrize(
    ("method", "target", "permission"),
    [
        ("GET", "/api/v1/namespaces/shop/pods", READ),
        ("GET", "/api/v1/namespaces/shop/pods/web/log", READ),
        ("DELETE", "/api/v1/namespaces/shop/pods/web", WRITE),
        ("GET", "/api/v1/namespaces/shop/secrets", SECRETS),
        ("GET", "/api/v1/secrets?watch=1", SECRETS),
        ("POST", "/api/v1/namespaces/shop/secrets", WRITE),
        ("POST", "/api/v1/namespaces/shop/serviceaccounts/ci/token", SECRETS),
        ("GET", "/api/v1/namespaces/shop/pods/web/exec", EXEC),
        ("POST", "/api/v1/namespaces/shop/pods/web/portforward", EXEC),
        ("GET", "/api/v1/nodes/n1/proxy/logs/", EXEC),
        ("PATCH", "/api/v1/namespaces/shop/pods/web/ephemeralcontainers", EXEC),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", READ),
        ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", WRITE),
    ],
)
def test_each_act_has_its_permission(method: str, target: str, permission: str) -> None:
    assert parse(method, target).permission == permission


@given(st.lists(st.text(alphabet="ab/.%25;:-", max_size=6), max_size=8).map(lambda parts: "/" + "/".join(parts)))
def test_no_path_is_read_as_a_namespace_that_it_does_not_name(path: str) -> None:
    target = f"/api/v1/namespaces/own{path}"
    try:
        act = parse("GET", target)
    except Unclear:
        return
    assert isinstance(act, Act)
    assert act.namespace == "own" or act.namespace == target.split("/")[4]
