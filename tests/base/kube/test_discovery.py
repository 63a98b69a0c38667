"""What a server serves is learnt in every form in which servers tell it, and one group that is down hides no other."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.base.kube.discovery import Resource, survey
from basefly.base.kube.errors import ConnectError, ServerError
from tests.base.kube.apiserver import Answer, Apiserver, Asked

VERBS = ["get", "list", "watch"]


def aggregated(
    *groups: tuple[str, list[tuple[str, list[tuple[str, str]]]]], stale: str | None = None
) -> dict[str, Any]:
    """An APIGroupDiscoveryList of groups, versions and (plural, kind)."""
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "items": [
            {
                "metadata": {"name": group},
                "versions": [
                    {
                        "version": version,
                        "freshness": "Stale" if group == stale else "Current",
                        "resources": [
                            {
                                "resource": plural,
                                "responseKind": {"group": "", "version": "", "kind": kind},
                                "scope": "Cluster" if kind == "Node" else "Namespaced",
                                "verbs": VERBS,
                                "shortNames": [plural[:2]],
                            }
                            for plural, kind in resources
                        ],
                    }
                    for version, resources in versions
                ],
            }
            for group, versions in groups
        ],
    }


async def test_aggregated_discovery_takes_two_requests_and_the_preferred_versions() -> None:
    core = aggregated(("", [("v1", [("pods", "Pod"), ("nodes", "Node")])]))
    groups = aggregated(
        ("apps", [("v1", [("deployments", "Deployment")])]),
        ("autoscaling", [("v2", [("hpas", "HPA")]), ("v1", [("hpas", "HPA"), ("olds", "Old")])]),
        ("metrics.k8s.io", [("v1beta1", [])]),
        stale="metrics.k8s.io",
    )

    async def serve(asked: Asked, out: Answer) -> None:
        await out.json(core if asked.path == "/api" else groups)

    async with Apiserver.start(serve) as server, server.client() as client:
        found = await survey(client)
    assert [asked.path for asked in server.asked] == ["/api", "/apis"]
    assert {r.name: r.api_version for r in found.resources} == {
        "pods": "v1", "nodes": "v1", "deployments.apps": "apps/v1", "hpas.autoscaling": "autoscaling/v2",
        "olds.autoscaling": "autoscaling/v1",
    }  # fmt: skip
    assert found.unavailable == {"metrics.k8s.io"}
    assert {r.name for r in found.resources if not r.namespaced} == {"nodes"}


def served(plural: str, kind: str) -> dict[str, Any]:
    return {"name": plural, "kind": kind, "namespaced": True, "verbs": VERBS}


def classic(asked: Asked) -> Any:
    """How servers before 1.26 answer."""
    beta = {"version": "v1beta1"}
    return {
        "/api": {"kind": "APIVersions", "versions": ["v1"]},
        "/api/v1": {"kind": "APIResourceList", "resources": [served("pods", "Pod"), served("pods/log", "Pod")]},
        "/apis": {
            "kind": "APIGroupList",
            "groups": [
                {"name": "apps", "versions": [beta, {"version": "v1"}], "preferredVersion": {"version": "v1"}},
                {"name": "metrics.k8s.io", "versions": [beta]},
            ],
        },
        "/apis/apps/v1": {"kind": "APIResourceList", "resources": [served("deployments", "Deployment")]},
        "/apis/apps/v1beta1": {"kind": "APIResourceList", "resources": [served("deployments", "Deployment")]},
    }.get(asked.path)


async def test_classic_discovery_survives_a_group_whose_server_is_down() -> None:
    async def serve(asked: Asked, out: Answer) -> None:
        answer = classic(asked)
        await (out.json(answer) if answer else out.status(503, "ServiceUnavailable", "no endpoints available"))

    async with Apiserver.start(serve) as server, server.client() as client:
        found = await survey(client)
    assert {r.name: r.api_version for r in found.resources} == {"pods": "v1", "deployments.apps": "apps/v1"}
    assert found.unavailable == {"metrics.k8s.io"}


async def test_a_server_that_fails_altogether_is_an_error_and_no_empty_cluster() -> None:
    async def fail(asked: Asked, out: Answer) -> None:
        await out.status(503, "ServiceUnavailable")

    async with Apiserver.start(fail) as server, server.client() as client:
        with pytest.raises(ServerError):
            await survey(client)


@pytest.mark.parametrize(
    "body", [{"kind": "Welcome"}, [], {"kind": "APIGroupDiscoveryList", "items": [{"versions": 7}]}]
)
async def test_what_is_no_discovery_is_said_to_be_no_kubernetes(body: Any) -> None:
    async with Apiserver.start(lambda _asked, out: out.json(body)) as server, server.client() as client:
        with pytest.raises(ConnectError, match="not a Kubernetes API"):
            await survey(client)


def test_paths() -> None:
    core, apps = Resource("", "v1", "pods", "Pod", True), Resource("apps", "v1", "deployments", "Deployment", True)
    assert core.path() == "/api/v1/pods"
    assert core.path("shop", "a/b?c") == "/api/v1/namespaces/shop/pods/a%2Fb%3Fc"
    assert apps.path("shop") == "/apis/apps/v1/namespaces/shop/deployments"
