"""What a cluster needs to let people through: bindings of the hub's groups, and that the hub may name people."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import yaml

from basefly.core.access.impersonated import GROUPS, group_of
from basefly.core.gateway.model import ADMIN, EXEC, READ, SECRETS, WRITE

_API = "rbac.authorization.k8s.io/v1"
_ALL = ["*"]
_SEE = ["get", "list", "watch"]
# Cluster-wide things that the role `view` of Kubernetes leaves out, and that everybody needs to find their way.
_WIDE: list[dict[str, Any]] = [
    {"apiGroups": [""], "resources": ["nodes", "namespaces", "persistentvolumes", "events"], "verbs": _SEE},
    {"apiGroups": ["storage.k8s.io", "scheduling.k8s.io", "apiextensions.k8s.io", "metrics.k8s.io"],
     "resources": _ALL, "verbs": _SEE},
]  # fmt: skip
_INTO: list[dict[str, Any]] = [
    {
        "apiGroups": [""],
        "resources": ["pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "services/proxy"],
        "verbs": ["get", "create"],
    },
    {"apiGroups": [""], "resources": ["pods/ephemeralcontainers"], "verbs": ["get", "patch", "update"]},
]
_NODES: list[dict[str, Any]] = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["patch", "update"]}]
_SECRETS: list[dict[str, Any]] = [
    {"apiGroups": [""], "resources": ["secrets"], "verbs": _SEE},
    {"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]},
]


def render(org_id: UUID) -> str:
    """The manifest as YAML, with what it is for in its first lines."""
    return _HEAD + yaml.safe_dump_all(_objects(org_id), sort_keys=False, explicit_start=True, width=110)


def _objects(org_id: UUID) -> list[dict[str, Any]]:
    names = [*GROUPS.values(), group_of(org_id)]
    impersonating: list[dict[str, Any]] = [
        {"apiGroups": [""], "resources": ["users"], "verbs": ["impersonate"]},
        {"apiGroups": [""], "resources": ["groups"], "verbs": ["impersonate"], "resourceNames": names},
        {
            "apiGroups": ["authentication.k8s.io"],
            "resources": ["uids", "userextras/basefly.io/request-id", "userextras/basefly.io/email"],
            "verbs": ["impersonate"],
        },
    ]
    accounts = [
        {"kind": "ServiceAccount", "name": f"basefly-{profile}", "namespace": "basefly"}
        for profile in ("view", "operate", "admin")
    ]
    return [
        _role("basefly-gateway", impersonating),
        {**_binding("basefly-gateway", "basefly-gateway"), "subjects": accounts},
        _role("basefly-people-view", _WIDE),
        _grant("basefly-people-view", "basefly-people-view", READ),
        _grant("basefly-people-view-namespaced", "view", READ),
        _role("basefly-people-edit", _NODES),
        _grant("basefly-people-edit", "basefly-people-edit", WRITE),
        _grant("basefly-people-edit-namespaced", "edit", WRITE),
        _role("basefly-people-exec", _INTO),
        _grant("basefly-people-exec", "basefly-people-exec", EXEC),
        _role("basefly-people-secrets", _SECRETS),
        _grant("basefly-people-secrets", "basefly-people-secrets", SECRETS),
        _grant("basefly-people-admin", "cluster-admin", ADMIN),
    ]


def _role(name: str, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {"apiVersion": _API, "kind": "ClusterRole", "metadata": {"name": name}, "rules": rules}


def _binding(name: str, role: str) -> dict[str, Any]:
    return {
        "apiVersion": _API,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
    }


def _grant(name: str, role: str, permission: str) -> dict[str, Any]:
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": GROUPS[permission]}
    return {**_binding(name, role), "subjects": [subject]}


_HEAD = """\
# Lets people use this cluster through Basefly, each under their own name.
#
#   kubectl apply -f basefly-gateway.yaml
#
# The hub says who someone is (impersonation) and in which of its groups: basefly:view, basefly:edit, basefly:exec,
# basefly:secrets, basefly:admin. What each group may is said here, and is yours to change. Remove a binding, and the
# cluster refuses what the hub would have let through.
"""
