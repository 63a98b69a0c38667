"""What stands around a workload: service, endpoint slice, ingress, configuration, secrets, budgets, volumes."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import timedelta

from basefly.sim.seeds.managed import Writer
from basefly.sim.seeds.workloads import App
from basefly.sim.seeds.world import Object, World, owned_by

_AGE = timedelta(days=40)
_DISCOVERY = "discovery.k8s.io/v1"
_PORT = {"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}


def plant_surroundings(world: World, app: App, kind: str, pods: Sequence[Object]) -> None:
    """Plant what an application of this kind (Deployment or StatefulSet) usually comes with."""
    _configuration(world, app)
    service = _service(world, app, headless=kind == "StatefulSet")
    _endpoint_slice(world, app, service, pods)
    if kind == "StatefulSet":
        for pod in pods:
            _claim(world, app, pod["metadata"]["name"])
    elif world.happens(0.5):
        _ingress(world, app)
    if kind == "Deployment" and world.happens(0.6):
        _autoscaler(world, app, len(pods))
    if world.happens(0.7):
        _budget(world, app, len(pods))


def _add(world: World, resource: str, obj: Object, version: str = "v1") -> Object:
    paths = tuple(part for part in obj if part not in ("metadata", "status"))
    return world.add(resource, obj, Writer("helm", ("metadata.labels", *paths), world.ago(_AGE), version))


def _metadata(world: World, app: App, name: str) -> Object:
    return world.metadata(name, app.namespace, age=_AGE, labels=app.labels)


def _configuration(world: World, app: App) -> None:
    lines = "".join(f"{app.name}.option.{number}={world.suffix(12)}\n" for number in range(12))
    files = {"application.properties": lines, "log-level": "info"}
    _add(world, "configmaps", {"metadata": _metadata(world, app, f"{app.name}-config"), "data": files})
    held = {key: base64.b64encode(world.suffix(24).encode()).decode() for key in ("username", "password")}
    name = f"{app.name}-credentials"
    _add(world, "secrets", {"metadata": _metadata(world, app, name), "data": held, "type": "Opaque"})
    account = {"metadata": _metadata(world, app, app.name), "automountServiceAccountToken": True}
    _add(world, "serviceaccounts", account)


def _service(world: World, app: App, *, headless: bool) -> Object:
    number = world.chance.randint(256, 65_000)
    address = "None" if headless else f"10.96.{number >> 8}.{number & 255}"
    spec = {
        "ports": [_PORT],
        "selector": app.selector,
        "clusterIP": address,
        "clusterIPs": [address],
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "internalTrafficPolicy": "Cluster",
    }
    meta = _metadata(world, app, app.name)
    return _add(world, "services", {"metadata": meta, "spec": spec, "status": {"loadBalancer": {}}})


def _endpoint_slice(world: World, app: App, service: Object, pods: Sequence[Object]) -> None:
    owner = owned_by(service, "v1", "Service")
    labels = app.labels | {"kubernetes.io/service-name": app.name}
    name = f"{app.name}-{world.suffix()}"
    meta = world.metadata(name, app.namespace, age=_AGE, labels=labels, owner=owner) | {"generation": 1}
    found = [_endpoint(pod) for pod in pods if pod["status"].get("podIP")]
    ports = [{"name": "http", "protocol": "TCP", "port": 8080}]
    held = {"metadata": meta, "addressType": "IPv4", "endpoints": found, "ports": ports}
    writer = Writer("kube-controller-manager", ("addressType", "endpoints", "ports"), world.ago(_AGE), _DISCOVERY)
    world.add("endpointslices.discovery.k8s.io", held, writer)


def _endpoint(pod: Object) -> Object:
    meta, status = pod["metadata"], pod["status"]
    ready = any(held["type"] == "Ready" and held["status"] == "True" for held in status["conditions"])
    return {
        "addresses": [status["podIP"]],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
    }


def _ingress(world: World, app: App) -> None:
    host = f"{app.name}.{app.namespace}.example.com"
    backend = {"service": {"name": app.name, "port": {"name": "http"}}}
    rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    tls = [{"hosts": [host], "secretName": f"{app.name}-tls"}]
    point = {"ip": f"203.0.113.{world.chance.randint(1, 254)}"}
    ingress = {
        "metadata": _metadata(world, app, app.name) | {"generation": 1},
        "spec": {"ingressClassName": "nginx", "tls": tls, "rules": [rule]},
        "status": {"loadBalancer": {"ingress": [point]}},
    }
    _add(world, "ingresses.networking.k8s.io", ingress, "networking.k8s.io/v1")


def _autoscaler(world: World, app: App, replicas: int) -> None:
    used = world.chance.randint(15, 95)
    target = {"type": "Utilization", "averageUtilization": 80}
    current = {"averageUtilization": used, "averageValue": f"{used * 2}m"}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": app.name},
        "minReplicas": max(replicas // 2, 1),
        "maxReplicas": replicas * 3 + 1,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    status = {
        "currentReplicas": replicas,
        "desiredReplicas": replicas,
        "currentMetrics": [{"type": "Resource", "resource": {"name": "cpu", "current": current}}],
    }
    held = {"metadata": _metadata(world, app, app.name), "spec": spec, "status": status}
    _add(world, "horizontalpodautoscalers.autoscaling", held, "autoscaling/v2")


def _budget(world: World, app: App, replicas: int) -> None:
    held = {
        "metadata": _metadata(world, app, app.name) | {"generation": 1},
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": app.selector}},
        "status": {
            "currentHealthy": replicas,
            "desiredHealthy": max(replicas - 1, 0),
            "disruptionsAllowed": 1 if replicas else 0,
            "expectedPods": replicas,
            "observedGeneration": 1,
        },
    }
    _add(world, "poddisruptionbudgets.policy", held, "policy/v1")


def _claim(world: World, app: App, pod: str) -> None:
    size = world.pick(("10Gi", "50Gi", "200Gi"))
    name, volume = f"data-{pod}", f"pvc-{world.uid()}"
    shared = {"accessModes": ["ReadWriteOnce"], "storageClassName": "standard", "volumeMode": "Filesystem"}
    held = {
        "metadata": _metadata(world, app, name) | {"finalizers": ["kubernetes.io/pvc-protection"]},
        "spec": {**shared, "resources": {"requests": {"storage": size}}, "volumeName": volume},
        "status": {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}},
    }
    claim = _add(world, "persistentvolumeclaims", held)["metadata"]
    reference = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": app.namespace, "name": name}
    backing = {
        "metadata": world.metadata(volume, age=_AGE),
        "spec": {
            **shared,
            "capacity": {"storage": size},
            "csi": {"driver": "csi.example.com", "volumeHandle": world.uid()},
            "claimRef": reference | {"uid": claim["uid"]},
            "persistentVolumeReclaimPolicy": "Delete",
        },
        "status": {"phase": "Bound"},
    }
    _add(world, "persistentvolumes", backing)
