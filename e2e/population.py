"""One of everything: the objects that a test cluster is filled with."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from e2e.plane.cluster import Cluster

Object = dict[str, Any]
POD_SPEC = {
    "containers": [{"name": "main", "image": "registry.example/main:1", "resources": {"requests": {"cpu": "10m"}}}]
}
TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": POD_SPEC}
SELECTOR = {"matchLabels": {"app": "web"}}


def populate(cluster: Cluster, *, namespaces: int = 3, config_maps: int = 40) -> None:
    """Nodes, and in each namespace one of every kind with what the controllers make of it."""
    cluster.apply(*(node(f"node-{number}") for number in range(3)))
    for number in range(3):
        cluster.kubectl("patch", "node", f"node-{number}", "--subresource=status", "--type=merge", "-p", _NODE_READY)
    cluster.apply(*cluster_wide())
    cluster.apply(
        *({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"shop-{n}"}} for n in range(namespaces))
    )
    for number in range(namespaces):
        cluster.apply(*namespaced(f"shop-{number}"), *many(f"shop-{number}", config_maps))


def node(name: str) -> Object:
    labels = {"topology.kubernetes.io/region": "eu-west-1", "kubernetes.io/hostname": name}
    return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}


_NODE_READY = (
    '{"status":{"capacity":{"cpu":"8","memory":"32Gi","pods":"110"},"allocatable":{"cpu":"7500m","memory":"30Gi",'
    '"pods":"110"},"conditions":[{"type":"Ready","status":"True","reason":"KubeletReady"}],'
    '"nodeInfo":{"kubeletVersion":"v1.36.2","osImage":"Debian","kernelVersion":"6.1","containerRuntimeVersion":'
    '"containerd://2.0","architecture":"amd64","operatingSystem":"linux","bootID":"b","machineID":"m",'
    '"systemUUID":"s","kubeProxyVersion":"v1.36.2"}}}'
)


def cluster_wide() -> Iterator[Object]:
    yield {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "fast"},
        "provisioner": "example.com/disk",
    }
    yield {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": "disk-1"},
        "spec": {
            "capacity": {"storage": "5Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "fast",
            "hostPath": {"path": "/disk"},
        },
    }
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "reader"},
        "rules": [rule],
    }
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "readers"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "reader"},
        "subjects": [{"kind": "Group", "name": "readers", "apiGroup": "rbac.authorization.k8s.io"}],
    }
    yield {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "urgent"}, "value": 1000}


def namespaced(namespace: str) -> Iterator[Object]:
    """One of each namespaced kind; every owner makes its children through the real controllers."""
    here = {"namespace": namespace}
    for kind, extra in (
        ("Deployment", {"replicas": 3}),
        ("StatefulSet", {"replicas": 1, "serviceName": "web"}),
        ("DaemonSet", {}),
    ):
        spec = {"selector": SELECTOR, "template": TEMPLATE, **extra}
        yield {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": kind.lower(), **here}, "spec": spec}
    once = {"template": {"spec": {**POD_SPEC, "restartPolicy": "Never"}}}
    yield {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once", **here}, "spec": once}
    nightly = {"schedule": "0 3 * * *", "jobTemplate": {"spec": once}}
    yield {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly", **here}, "spec": nightly}
    ports = [{"port": 80, "targetPort": 8080}]
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", **here},
        "spec": {"selector": {"app": "web"}, "ports": ports},
    }
    yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", **here}, "data": {"key": "value"}}
    secret = base64.b64encode(b"never to be seen").decode()
    yield {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "password", **here}, "data": {"password": secret}}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "robot", **here}}
    yield from _networking(here)
    yield from _policies(here)


def _networking(here: dict[str, str]) -> Iterator[Object]:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    rules = [{"host": "shop.example.com", "http": {"paths": paths}}]
    yield {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "web", **here},
        "spec": {"rules": rules},
    }
    yield {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "closed", **here},
        "spec": {"podSelector": {}, "policyTypes": ["Ingress"]},
    }


def _policies(here: dict[str, str]) -> Iterator[Object]:
    yield {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", **here},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "fast",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    yield {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", **here},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "deployment"},
            "minReplicas": 3,
            "maxReplicas": 9,
        },
    }
    yield {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "web", **here},
        "spec": {"minAvailable": 1, "selector": SELECTOR},
    }
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "reader", **here},
        "rules": [rule],
    }
    yield {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "readers", **here},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", **here}],
    }


def many(namespace: str, count: int) -> Iterator[Object]:
    for number in range(count):
        metadata = {"name": f"many-{number}", "namespace": namespace, "labels": {"batch": str(number % 5)}}
        yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"n": str(number)}}


def definition(plural: str = "widgets", group: str = "shop.example.com") -> Object:
    """A custom resource definition with a status and a printer column."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    columns = [{"name": "Size", "type": "string", "jsonPath": ".spec.size"}]
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": columns,
    }
    kind = plural.removesuffix("s").capitalize()
    names = {"plural": plural, "singular": plural.removesuffix("s"), "kind": kind}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }


def custom(name: str, *, kind: str = "Widget", group: str = "shop.example.com") -> Object:
    return {
        "apiVersion": f"{group}/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"size": "large"},
    }
