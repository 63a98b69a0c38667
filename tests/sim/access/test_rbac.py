"""Decisions from roles and bindings, in lists, reviews and impersonation."""

from __future__ import annotations

from typing import Any

from basefly.sim import Cluster
from tests.sim.asking import asking

RBAC = {"apiVersion": "rbac.authorization.k8s.io/v1"}
GROUP = "rbac.authorization.k8s.io"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


def bind(cluster: Cluster, role: str, user: str, namespace: str = "") -> None:
    kind = "RoleBinding" if namespace else "ClusterRoleBinding"
    held: dict[str, Any] = {**RBAC, "kind": kind, "metadata": {"name": f"{user}-{role}"}}
    held["roleRef"] = {"apiGroup": GROUP, "kind": "ClusterRole", "name": role}
    held["subjects"] = [{"apiGroup": GROUP, "kind": "User", "name": user}]
    cluster.api.create(held, namespace)


async def test_without_a_binding_the_refusal_names_everything(cluster: Cluster) -> None:
    async with asking(cluster, cluster.issue_token("jane")) as asker:
        status, answer = await asker.ask("/apis/apps/v1/namespaces/default/deployments")
    assert status == 403
    assert answer["message"] == (
        'deployments.apps is forbidden: User "jane" cannot list resource "deployments" '
        'in API group "apps" in the namespace "default"'
    )
    assert answer["details"] == {"group": "apps", "kind": "deployments"}


async def test_a_binding_holds_where_it_is_and_ends_with_it(cluster: Cluster) -> None:
    bind(cluster, "view", "jane", "default")
    async with asking(cluster, cluster.issue_token("jane")) as asker:
        await asker.get("/api/v1/namespaces/default/pods")
        assert (await asker.ask("/api/v1/namespaces/default/secrets"))[0] == 403
        assert (await asker.ask("/api/v1/pods"))[0] == 403
        cluster.api.delete("rolebindings.rbac.authorization.k8s.io", "jane-view", "default")
        assert (await asker.ask("/api/v1/namespaces/default/pods"))[0] == 403


async def test_reviews_answer_as_the_door_does(cluster: Cluster) -> None:
    bind(cluster, "view", "jane")
    async with asking(cluster, cluster.issue_token("jane")) as asker:
        answers = {}
        for resource in ("pods", "secrets"):
            spec = {"resourceAttributes": {"verb": "list", "resource": resource}}
            _, review = await asker.ask(REVIEWS, method="POST", body={"spec": spec})
            answers[resource] = review["status"]
        _, me = await asker.ask("/apis/authentication.k8s.io/v1/selfsubjectreviews", method="POST", body={})
    reason = 'RBAC: allowed by ClusterRoleBinding "jane-view" of ClusterRole "view" to User "jane"'
    assert answers == {"pods": {"allowed": True, "reason": reason}, "secrets": {"allowed": False}}
    assert me["status"]["userInfo"] == {"username": "jane", "groups": ["system:authenticated"]}


async def test_rules_of_a_namespace_are_told(cluster: Cluster) -> None:
    bind(cluster, "view", "jane", "default")
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    async with asking(cluster, cluster.issue_token("jane")) as asker:
        _, here = await asker.ask(path, method="POST", body={"spec": {"namespace": "default"}})
        _, there = await asker.ask(path, method="POST", body={"spec": {"namespace": "kube-system"}})
    rules = [rule for rule in here["status"]["resourceRules"] if "pods" in rule["resources"]]
    assert rules
    assert not [rule for rule in there["status"]["resourceRules"] if "pods" in rule["resources"]]


async def test_only_who_may_acts_as_another(cluster: Cluster) -> None:
    bind(cluster, "view", "jane")
    headers = {"Impersonate-User": "jane", "Impersonate-Group": "ops"}
    async with asking(cluster) as asker:
        await asker.get("/api/v1/pods", **headers)
        assert cluster.requests[-1].user == "jane"
        assert (await asker.ask("/api/v1/secrets", headers=headers))[0] == 403
    async with asking(cluster, cluster.issue_token("joe")) as asker:
        status, answer = await asker.ask("/api/v1/pods", headers=headers)
    assert status == 403
    assert answer["message"].startswith('pods is forbidden: User "joe" cannot impersonate-on:user-info:list resource')
