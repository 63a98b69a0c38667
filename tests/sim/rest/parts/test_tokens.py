"""Tokens of service accounts: they sign in until they or what they are bound to end; reviews tell whose they are."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from basefly.sim import Cluster, Fleet
from tests.sim.asking import asking
from tests.sim.rest.parts.pods import plant
from tests.sim.test_clients import Kubectl

ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"
NAME = "system:serviceaccount:default:default"


async def request(cluster: Cluster, **spec: Any) -> tuple[int, Any]:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    async with asking(cluster) as asker:
        return await asker.ask(f"{ACCOUNT}/token", method="POST", body=body)


async def who(cluster: Cluster, token: str) -> str:
    """The name that a token signs in as, or nothing."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    async with asking(cluster, token) as asker:
        await asker.ask("/apis/authentication.k8s.io/v1/selfsubjectreviews", method="POST", body=body)
    return cluster.requests[-1].user


async def review(cluster: Cluster, token: str, **spec: Any) -> Any:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": {"token": token} | spec}
    async with asking(cluster) as asker:
        status, told = await asker.ask("/apis/authentication.k8s.io/v1/tokenreviews", method="POST", body=body)
    assert status == 201, told
    return told["status"]


async def test_kubectl_makes_a_token_that_signs_in(cluster: Cluster, kubectl: Kubectl) -> None:
    token = (await kubectl("create", "token", "default", "--duration=20m")).strip()
    assert await who(cluster, token) == NAME
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert claims["exp"] - claims["iat"] == 1200
    assert claims["sub"] == NAME
    code, told = await kubectl.run("create", "token", "default", "--duration=9m")
    assert code == 1
    assert "spec.expirationSeconds: Invalid value: 540: may not specify a duration less than 10 minutes" in told
    assert 'serviceaccounts "nobody" not found' in (await kubectl.run("create", "token", "nobody"))[1]


async def test_a_token_ends_and_is_no_other_clusters(fleet: Fleet) -> None:
    cluster, other = fleet.clusters
    account = cluster.store.get("serviceaccounts", "default", "default")
    assert account
    assert await who(cluster, cluster.accounts.issue(account, seconds=60)) == NAME
    assert await who(cluster, cluster.accounts.issue(account, seconds=-1)) == ""
    token = cluster.accounts.issue(account)
    forged = token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")
    assert await who(cluster, forged) == ""
    assert (await who(cluster, token), await who(other, token)) == (NAME, "")


async def test_a_token_is_for_its_audiences(cluster: Cluster) -> None:
    _, told = await request(cluster, audiences=["vault"], expirationSeconds=600)
    assert told["spec"] == {"audiences": ["vault"], "expirationSeconds": 600, "boundObjectRef": None}
    token = told["status"]["token"]
    assert await who(cluster, token) == ""
    assert (await review(cluster, token, audiences=["vault"]))["audiences"] == ["vault"]
    assert "authenticated" not in await review(cluster, token)


async def test_a_bound_token_dies_with_its_pod(cluster: Cluster) -> None:
    pod = plant(cluster)
    pod["spec"]["serviceAccountName"] = "default"
    cluster.api.replace(pod)
    _, told = await request(cluster, boundObjectRef={"apiVersion": "v1", "kind": "Pod", "name": "web"})
    assert await who(cluster, told["status"]["token"]) == NAME
    cluster.api.delete("pods", "web")
    assert await who(cluster, told["status"]["token"]) == ""
    assert (await request(cluster, boundObjectRef={"apiVersion": "v1", "kind": "Pod", "name": "web"}))[0] == 404


async def test_a_token_dies_with_its_account(cluster: Cluster) -> None:
    _, told = await request(cluster)
    cluster.api.delete("serviceaccounts", "default")
    assert await who(cluster, told["status"]["token"]) == ""


async def test_reviews_tell_whose_a_token_is_and_are_not_kept(cluster: Cluster) -> None:
    told = await review(cluster, cluster.issue_token("mia", ("team",)))
    groups = ["team", "system:authenticated"]
    assert told == {"authenticated": True, "user": {"username": "mia", "groups": groups}}
    assert "authenticated" not in await review(cluster, "wrong")
    assert cluster.store.of("tokenreviews.authentication.k8s.io").page() == []


@pytest.mark.parametrize("filled", [True, False])
async def test_secrets_of_accounts_are_filled(cluster: Cluster, filled: bool) -> None:
    cluster.accounts.fills = filled
    meta = {"name": "long", "annotations": {"kubernetes.io/service-account.name": "default"}}
    kind = "kubernetes.io/service-account-token"
    cluster.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": kind})
    data = cluster.api.get("secrets", "long").get("data", {})
    assert set(data) == ({"ca.crt", "namespace", "token"} if filled else set())
    if filled:
        token = base64.b64decode(data["token"]).decode()
        assert base64.b64decode(data["ca.crt"]) == cluster.authority.pem
        assert await who(cluster, token) == NAME
        cluster.api.delete("secrets", "long")
        assert await who(cluster, token) == ""
