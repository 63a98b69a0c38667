"""A cluster that lives a thousand times faster than ours, and the real kubectl pointed at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from basefly.sim import Cluster
from basefly.sim.clock import Clock
from tests.sim.test_clients import Kubectl

Object = dict[str, Any]


@pytest.fixture
async def living(caplog: pytest.LogCaptureFixture) -> AsyncIterator[Cluster]:
    """A seeded cluster with three zones, a stateful set and room on its nodes; alive, without a scenario."""
    cluster = Cluster("living", clock=Clock(pace=1000))
    cluster.seed(nodes=6, pods=39, seed=2)
    await cluster.start()
    cluster.life.start()
    yield cluster
    await cluster.stop()
    assert [record.message for record in caplog.records if record.name.startswith("basefly")] == []


@pytest.fixture
def kubectl(living: Cluster, tmp_path: Path) -> Kubectl:
    return Kubectl(living, tmp_path)


async def until(met: Callable[[], Any]) -> Any:
    """Wait until something is so, and give it."""
    async with asyncio.timeout(30):
        while not (found := met()):
            await asyncio.sleep(0.01)
    return found


def deployment(name: str = "web", replicas: int = 3, image: str = "nginx:1", **more: Any) -> Object:
    container = {"name": "main", "image": image, "resources": {"requests": {"cpu": "10m", "memory": "10Mi"}}}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec | more}


def pods(cluster: Cluster, name: str = "web", namespace: str = "default") -> list[Object]:
    """The pods labelled as an application's that are not on their way out."""
    found = cluster.api.list("pods", namespace)
    mine = [pod for pod in found if pod["metadata"].get("labels", {}).get("app") == name]
    return [pod for pod in mine if "deletionTimestamp" not in pod["metadata"]]


def is_ready(pod: Object) -> bool:
    conditions = pod["status"].get("conditions", ())
    return any(held["type"] == "Ready" and held["status"] == "True" for held in conditions)


def reasons(cluster: Cluster, namespace: str = "default") -> set[str]:
    return {event["reason"] for event in cluster.api.list("events", namespace)}
