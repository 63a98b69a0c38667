"""Manifests of service accounts for the hub, with no more rights than each profile needs."""

from __future__ import annotations

from typing import Any

import yaml

NAMESPACE = "basefly"
# Operators that come with custom resources often say with this label who may view them.
_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-view"

_SEE = ["get", "list", "watch"]
_CORE = [
    "componentstatuses", "configmaps", "endpoints", "events", "limitranges", "namespaces", "nodes",
    "persistentvolumeclaims", "persistentvolumes", "pods", "pods/log", "pods/status", "podtemplates",
    "replicationcontrollers", "resourcequotas", "serviceaccounts", "services",
]  # fmt: skip
_GROUPS = [
    "admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io", "apps", "autoscaling", "batch",
    "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io",
    "gateway.networking.k8s.io", "metrics.k8s.io", "networking.k8s.io", "node.k8s.io", "policy",
    "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "snapshot.storage.k8s.io", "storage.k8s.io",
]  # fmt: skip
_VIEW: list[dict[str, Any]] = [
    {"apiGroups": [""], "resources": _CORE, "verbs": _SEE},
    {"apiGroups": _GROUPS, "resources": ["*"], "verbs": _SEE},
    # A question, which changes nothing: whether the cluster would let someone see something.
    {"apiGroups": ["authorization.k8s.io"], "resources": ["subjectaccessreviews"], "verbs": ["create"]},
    {"nonResourceURLs": ["/version", "/readyz", "/api", "/api/*", "/apis", "/apis/*"], "verbs": ["get"]},
]
_OPERATE: list[dict[str, Any]] = [
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["delete"]},
    {"apiGroups": [""], "resources": ["pods/eviction", "pods/exec", "pods/portforward"], "verbs": ["create"]},
    {"apiGroups": [""], "resources": ["nodes"], "verbs": ["patch"]},
    {
        "apiGroups": ["apps"],
        "resources": ["deployments", "statefulsets", "daemonsets", "replicasets"],
        "verbs": ["patch", "update"],
    },
    {
        "apiGroups": ["apps"],
        "resources": ["deployments/scale", "statefulsets/scale", "replicasets/scale"],
        "verbs": ["get", "patch", "update"],
    },
    {"apiGroups": ["autoscaling"], "resources": ["horizontalpodautoscalers"], "verbs": ["patch", "update"]},
    {"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "delete"]},
    {"apiGroups": ["batch"], "resources": ["cronjobs"], "verbs": ["patch", "update"]},
]
SAYS = {  # what each profile may do
    "view": "see everything but secrets, and change nothing",
    "operate": "see everything but secrets; restart, scale, evict, cordon, and open terminals",
    "admin": "do everything (it is bound to cluster-admin)",
}


def render(profile: str) -> str:
    """The manifest of a profile (a key of SAYS) as YAML, with how to use it in its first lines."""
    return _HEAD.format(profile=profile, says=SAYS[profile], namespace=NAMESPACE) + yaml.safe_dump_all(
        _objects(profile), sort_keys=False, default_flow_style=False, explicit_start=True, width=110
    )


def rules(profile: str) -> list[dict[str, Any]]:
    """Every permission that the account of a profile gets, as rules of RBAC."""
    if profile == "admin":
        return [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    return _VIEW if profile == "view" else _VIEW + _OPERATE


def _objects(profile: str) -> list[dict[str, Any]]:
    name = f"basefly-{profile}"
    meta = {
        "name": f"{name}-token",
        "namespace": NAMESPACE,
        "annotations": {"kubernetes.io/service-account.name": name},
    }
    token = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token", "metadata": meta}
    return [*account(profile), token]


def account(profile: str) -> list[dict[str, Any]]:
    """The account of a profile with its rights, and without a token that lasts for ever."""
    name = f"basefly-{profile}"
    account = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": NAMESPACE}},
    ]
    if profile == "admin":
        return [*account, _binding(name, name, "cluster-admin")]
    extensions = f"{name}-extensions"
    selector = {"clusterRoleSelectors": [{"matchLabels": {_AGGREGATE: "true"}}]}
    return [
        *account,
        {**_role(name), "rules": rules(profile)},
        {**_role(extensions), "aggregationRule": selector, "rules": []},
        _binding(name, name, name),
        _binding(extensions, name, extensions),
    ]


def _role(name: str) -> dict[str, Any]:
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": name}}


def _binding(name: str, account: str, role: str) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}],
    }


_HEAD = """\
# An account for Basefly, which may {says}.
#
#   kubectl apply -f basefly-{profile}.yaml
#
# Then give Basefly these three:
#
#   server  kubectl config view --minify -o jsonpath='{{.clusters[0].cluster.server}}'
#   ca      kubectl -n {namespace} get secret basefly-{profile}-token -o jsonpath='{{.data.ca\\.crt}}' | base64 -d
#   token   kubectl -n {namespace} get secret basefly-{profile}-token -o jsonpath='{{.data.token}}' | base64 -d
#
# Names and keys of secrets are shown only if the account may list them. Kubernetes cannot allow that without their
# values too, so it is left to you: add "secrets" to the first rule. To revoke the account, delete the namespace.
"""
