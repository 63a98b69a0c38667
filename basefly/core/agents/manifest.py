"""The manifest that runs an agent in a cluster: its account and rights, its Secret, and one pod without privileges."""

from __future__ import annotations

from typing import Any

import yaml

from basefly import __version__
from basefly.core.agents.model import Profile
from basefly.core.clusters import manifest as accounts
from basefly.core.clusters.manifest import NAMESPACE

NAME = "basefly-agent"
IMAGE = f"basefly/basefly:{__version__}"
TOKEN_LIFE = 86400  # s that the agent's own token is good for; Kubernetes renews it after four fifths of it
_LABELS = {"app.kubernetes.io/name": NAME}


def render(profile: Profile, hub: str, hub_key: str, token: str = "") -> str:
    """The manifest as YAML, with how to use it in its first lines. Without a token it says where that goes."""
    objects = [*accounts.account(profile), *_own(profile), _secret(token), _deployment(profile, hub, hub_key)]
    head = _HEAD.format(says=accounts.SAYS[profile])
    return head + yaml.safe_dump_all(objects, sort_keys=False, explicit_start=True, width=110)


def rules(profile: Profile) -> list[dict[str, Any]]:
    """Every permission that the agent's account gets, as rules of RBAC."""
    return accounts.rules(profile)


def _own(profile: str) -> list[dict[str, Any]]:
    """The right to keep its keys in its own Secret, and in no other."""
    rules = [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": [NAME], "verbs": ["get", "update"]}]
    meta = {"name": NAME, "namespace": NAMESPACE}
    api = "rbac.authorization.k8s.io"
    return [
        {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": meta, "rules": rules},
        {
            "apiVersion": f"{api}/v1",
            "kind": "RoleBinding",
            "metadata": meta,
            "roleRef": {"apiGroup": api, "kind": "Role", "name": NAME},
            "subjects": [{"kind": "ServiceAccount", "name": f"basefly-{profile}", "namespace": NAMESPACE}],
        },
    ]


def _secret(token: str) -> dict[str, Any]:
    meta = {"name": NAME, "namespace": NAMESPACE, "labels": _LABELS}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": {"token": token or "TOKEN"}}


def _deployment(profile: str, hub: str, hub_key: str) -> dict[str, Any]:
    meta = {"name": NAME, "namespace": NAMESPACE, "labels": _LABELS}
    template = {"metadata": {"labels": _LABELS}, "spec": _pod(profile, hub, hub_key)}
    spec = {
        "replicas": 1,
        "strategy": {"type": "Recreate"},  # the newest session wins: two at once would take turns
        "selector": {"matchLabels": _LABELS},
        "template": template,
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta, "spec": spec}


def _pod(profile: str, hub: str, hub_key: str) -> dict[str, Any]:
    account = "/var/run/secrets/kubernetes.io/serviceaccount"
    sources = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": TOKEN_LIFE}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
    ]
    return {
        "serviceAccountName": f"basefly-{profile}",
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(hub, hub_key, account)],
        "volumes": [{"name": "account", "projected": {"sources": sources}}],
    }


def _container(hub: str, hub_key: str, account: str) -> dict[str, Any]:
    return {
        "name": "agent",
        "image": IMAGE,
        "args": ["agent"],
        "env": [
            {"name": "BASEFLY_AGENT_HUB", "value": hub},
            {"name": "BASEFLY_AGENT_HUB_KEY", "value": hub_key},
            {"name": "BASEFLY_AGENT_STATE", "value": f"secret/{NAMESPACE}/{NAME}"},
        ],
        "ports": [{"name": "probes", "containerPort": 8081}],
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "probes"}, "periodSeconds": 20},
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "probes"}, "periodSeconds": 10},
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "192Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "account", "mountPath": account, "readOnly": True}],
    }


_HEAD = """\
# Runs Basefly's agent in this cluster, which dials out to the hub. Its account may {says}.
#
#   kubectl apply -f basefly-agent.yaml
#
# The agent logs the fingerprint of its key; whoever approves it at the hub compares it:
#
#   kubectl -n basefly logs deploy/basefly-agent
#
# To let people use the cluster under their own names, apply `basefly kubeconfig-manifest` as well. To disconnect the
# cluster, delete the namespace.
"""
