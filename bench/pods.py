"""Pods of real size: a container with probe and volumes, a full status, the managed fields of those who wrote them."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import aiohttp
import msgspec

WRITERS = 48
CHANGERS = 8
COUNTED = "/status/containerStatuses/0/restartCount"
MANAGERS = ("kube-controller-manager", "kubelet")


def pod(number: int) -> dict[str, Any]:
    """The pod that a deployment's replica set would make, bound to a node; about 6 KB once the API server has it."""
    app = f"app-{number // 20}"
    labels = {
        "app.kubernetes.io/name": app,
        "app.kubernetes.io/instance": f"{app}-production",
        "app.kubernetes.io/version": "2.14.3",
        "app.kubernetes.io/part-of": "storefront",
        "pod-template-hash": f"{number // 20:010x}",
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{app}-{number // 20:010x}-{number:05x}",
            "namespace": "default",
            "labels": labels,
            "annotations": {
                "prometheus.io/scrape": "true",
                "prometheus.io/port": "9090",
                "checksum/config": f"{number // 20:064x}",
                "kubectl.kubernetes.io/restartedAt": "2026-11-01T08:00:00Z",
            },
        },
        "spec": {
            "nodeName": f"node-{number % 200:03d}",
            "serviceAccountName": app,
            "containers": [_container("main", 8080)],
            "volumes": [
                {"name": "config", "configMap": {"name": f"{app}-config"}},
                {"name": "cache", "emptyDir": {"sizeLimit": "1Gi"}},
            ],
        },
    }


def status(number: int) -> dict[str, Any]:
    """What the kubelet reports of it."""
    since = "2026-11-20T10:00:00Z"
    conditions = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
    return {
        "phase": "Running",
        "conditions": [{"type": name, "status": "True", "lastTransitionTime": since} for name in conditions],
        "hostIP": f"10.0.{number % 200}.1",
        "hostIPs": [{"ip": f"10.0.{number % 200}.1"}],
        "podIP": f"10.{number // 65536 + 1}.{number // 256 % 256}.{number % 256}",
        "podIPs": [{"ip": f"10.{number // 65536 + 1}.{number // 256 % 256}.{number % 256}"}],
        "startTime": since,
        "qosClass": "Burstable",
        "containerStatuses": [
            {
                "name": name,
                "image": f"registry.example.com/storefront/{name}:2.14.3",
                "imageID": f"registry.example.com/storefront/{name}@sha256:{number:064x}",
                "containerID": f"containerd://{number:064x}",
                "ready": True,
                "started": True,
                "restartCount": number % 7,
                "state": {"running": {"startedAt": since}},
                "lastState": {},
            }
            for name in ("main",)
        ],
    }


async def create(server: str, ca: str, token: str, count: int) -> int:
    """Create `count` pods through plain HTTP, as their two managers; returns the bytes of one as the API shows it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ca)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=WRITERS, ssl=context)
    numbers = iter(range(count))
    async with aiohttp.ClientSession(
        f"{server}/api/v1/namespaces/default/", connector=connector, headers=headers
    ) as api:
        async with asyncio.TaskGroup() as writers:
            for _ in range(WRITERS):
                writers.create_task(_write(api, numbers))
        async with api.get(f"pods/{pod(0)['metadata']['name']}") as answer:
            return len(await answer.read())


async def change(server: str, ca: str, token: str, numbers: range, restarts: int) -> None:
    """Let a container of each of these pods have restarted so often."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ca)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json-patch+json"}
    told = msgspec.json.encode([{"op": "replace", "path": COUNTED, "value": restarts}])
    left = iter(numbers)

    async def some() -> None:
        for number in left:
            async with api.patch(f"pods/{pod(number)['metadata']['name']}/status", data=told) as answer:
                answer.raise_for_status()

    connector = aiohttp.TCPConnector(limit=CHANGERS, ssl=context)
    async with aiohttp.ClientSession(
        f"{server}/api/v1/namespaces/default/", connector=connector, headers=headers
    ) as api:
        await asyncio.gather(*(some() for _ in range(CHANGERS)))


async def _write(api: aiohttp.ClientSession, numbers: Any) -> None:
    for number in numbers:
        made = pod(number)
        async with api.post("pods", params={"fieldManager": MANAGERS[0]}, data=msgspec.json.encode(made)) as answer:
            answer.raise_for_status()
        made["status"] = status(number)
        path = f"pods/{made['metadata']['name']}/status"
        async with api.put(path, params={"fieldManager": MANAGERS[1]}, data=msgspec.json.encode(made)) as answer:
            answer.raise_for_status()


def _container(name: str, port: int) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/healthz", "port": port}, "periodSeconds": 10, "timeoutSeconds": 2}
    secret = {"secretKeyRef": {"name": "database", "key": "password"}}
    return {
        "name": name,
        "image": f"registry.example.com/storefront/{name}:2.14.3",
        "args": ["--listen", f":{port}", "--log-format", "json"],
        "ports": [{"name": "http", "containerPort": port}, {"name": "metrics", "containerPort": port + 1}],
        "env": [
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "DATABASE_PASSWORD", "valueFrom": secret},
            {"name": "LOG_LEVEL", "value": "info"},
        ],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "512Mi"}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}, {"name": "cache", "mountPath": "/var/cache/app"}],
        "readinessProbe": probe,
    }
