"""Who may: reviews, roles at work, refusals, and acting as someone else."""

from __future__ import annotations

from typing import Any

from e2e.conformance.sides import LIMITED, NOBODY, Side

Object = dict[str, Any]
RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1"
_RULES = [
    {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]},
    {"apiGroups": ["apps"], "resources": ["deployments", "deployments/scale"], "verbs": ["*"]},
    {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"], "verbs": ["get"]},
]


def rights(side: Side) -> None:
    space = side.namespace("conform-access")
    _refused(side, space)
    role = {"metadata": {"name": "reader"}, "rules": _RULES}
    side.ask("a role", "POST", f"{RBAC}/namespaces/conform-access/roles", role)
    subjects = [{"kind": "User", "name": LIMITED, "apiGroup": "rbac.authorization.k8s.io"}]
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    binding = {"metadata": {"name": "readers"}, "subjects": subjects, "roleRef": reference}
    side.ask("a binding", "POST", f"{RBAC}/namespaces/conform-access/rolebindings", binding)
    changed = {"roleRef": reference | {"name": "other"}}
    side.ask(
        "a binding to another role",
        "PATCH",
        f"{RBAC}/namespaces/conform-access/rolebindings/readers",
        changed,
        Content_Type="application/merge-patch+json",
    )
    _allowed(side, space)
    _reviews(side)
    _impersonation(side, space)


def _refused(side: Side, space: str) -> None:
    eve = {"user": LIMITED}
    side.ask("refused: list", "GET", f"{space}/configmaps", **eve)
    side.ask("refused: list everywhere", "GET", "/api/v1/configmaps", **eve)
    side.ask("refused: get", "GET", f"{space}/secrets/mine", **eve)
    side.ask("refused: watch", "GET", f"{space}/pods?watch=true", **eve)
    side.ask("refused: create", "POST", "/apis/apps/v1/namespaces/conform-access/deployments", {}, **eve)
    side.ask("refused: delete", "DELETE", f"{space}/pods/x", **eve)
    side.ask("refused: delete many", "DELETE", f"{space}/pods", **eve)
    side.ask("refused: patch", "PATCH", f"{space}/pods/x", {}, **eve)
    side.ask("refused: a part", "GET", f"{space}/pods/x/log", **eve)
    side.ask("refused: a cluster's kind", "GET", "/api/v1/nodes", **eve)
    side.ask("refused: one namespace", "GET", space, **eve)
    side.ask("refused: a custom kind that is not there", "GET", "/apis/none.example.com/v1/things", **eve)
    side.ask("refused: a path", "GET", "/metrics", **eve)
    side.ask("refused: a path by POST", "POST", "/metrics", {}, **eve)
    side.ask("allowed: discovery", "GET", "/api", **eve)
    side.ask("nobody", "GET", "/api", user=NOBODY)


def _allowed(side: Side, space: str) -> None:
    eve = {"user": LIMITED}
    side.ask("allowed: list", "GET", f"{space}/configmaps?labelSelector=none", **eve)
    side.ask("allowed: what is not there", "GET", f"{space}/secrets/mine", **eve)
    side.ask("by name: another", "GET", f"{space}/secrets/other", **eve)
    side.ask("by name: all", "GET", f"{space}/secrets", **eve)
    side.ask("still refused: watch", "GET", f"{space}/configmaps?watch=true", **eve)
    side.ask("allowed: scale", "GET", "/apis/apps/v1/namespaces/conform-access/deployments/none/scale", **eve)
    side.ask("not allowed: status", "GET", "/apis/apps/v1/namespaces/conform-access/deployments/none/status", **eve)


def _reviews(side: Side) -> None:
    here = {"namespace": "conform-access"}
    asked: dict[str, Object] = {
        "list": {"verb": "list", "resource": "configmaps", **here},
        "list elsewhere": {"verb": "list", "resource": "configmaps", "namespace": "default"},
        "delete": {"verb": "delete", "resource": "deployments", "group": "apps", **here},
        "a part": {"verb": "update", "resource": "deployments", "subresource": "scale", "group": "apps", **here},
        "by name": {"verb": "get", "resource": "secrets", "name": "mine", **here},
        "by another name": {"verb": "get", "resource": "secrets", "name": "other", **here},
        "everything": {"verb": "*", "resource": "*"},
    }
    for title, attributes in asked.items():
        spec = {"resourceAttributes": attributes}
        side.ask(f"may I {title}", "POST", f"{REVIEWS}/selfsubjectaccessreviews", {"spec": spec}, user=LIMITED)
        side.ask(f"may eve {title}", "POST", f"{REVIEWS}/subjectaccessreviews", {"spec": spec | {"user": LIMITED}})
        side.ask(f"may the administrator {title}", "POST", f"{REVIEWS}/selfsubjectaccessreviews", {"spec": spec})
    local = {"metadata": here, "spec": {"user": LIMITED, "resourceAttributes": asked["list"]}}
    side.ask("a local review", "POST", f"{REVIEWS}/namespaces/conform-access/localsubjectaccessreviews", local)
    path = {"nonResourceAttributes": {"path": "/metrics", "verb": "get"}}
    side.ask("a review of a path", "POST", f"{REVIEWS}/selfsubjectaccessreviews", {"spec": path}, user=LIMITED)
    side.ask("a review of nothing", "POST", f"{REVIEWS}/selfsubjectaccessreviews", {"spec": {}}, user=LIMITED)
    side.ask(
        "a review of nobody", "POST", f"{REVIEWS}/subjectaccessreviews", {"spec": {"resourceAttributes": asked["list"]}}
    )
    side.ask("what may I", "POST", f"{REVIEWS}/selfsubjectrulesreviews", {"spec": here}, user=LIMITED)
    side.ask("what may I nowhere", "POST", f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {}}, user=LIMITED)
    side.ask("who am I", "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, user=LIMITED)
    side.ask("a token of nobody", "POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": "wrong"}})
    side.ask("reviews are not listed", "GET", f"{REVIEWS}/selfsubjectaccessreviews")


def _impersonation(side: Side, space: str) -> None:
    where = f"{space}/configmaps?labelSelector=none"
    side.ask("as a user", "GET", where, Impersonate_User=LIMITED)
    side.ask("as a user without rights", "GET", where, Impersonate_User="mallory")
    side.ask("as a group", "GET", where, Impersonate_User="mallory", Impersonate_Group="system:masters")
    side.ask("as a service account", "GET", where, Impersonate_User="system:serviceaccount:default:default")
    side.ask(
        "who am I as another",
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        {},
        Impersonate_User="mallory",
        Impersonate_Group="g",
        Impersonate_Extra_Color="red",
    )
    side.ask("a group without a user", "GET", where, Impersonate_Group="system:masters")
    for title, headers in {
        "a user": {"Impersonate_User": "olive"},
        "a group": {"Impersonate_User": LIMITED, "Impersonate_Group": "system:masters"},
        "a service account": {"Impersonate_User": "system:serviceaccount:default:default"},
    }.items():
        side.ask(f"refused: to act as {title}", "GET", where, user=LIMITED, **headers)
