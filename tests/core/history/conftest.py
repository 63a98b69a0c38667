"""A hub that follows a simulated cluster and keeps what its objects were like."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from basefly.base.runtime.controllers import supervise
from basefly.core.sync.controller import SyncController
from basefly.sim import Cluster
from tests.core.clusters.conftest import Register, register
from tests.core.gateway.test_proxy import allow
from tests.core.sync.conftest import cluster_id, eventually, running
from tests.people import Hub, Person
from tests.sim.fixtures import cluster, fleet

__all__ = ["cluster", "cluster_id", "fleet", "register"]

History = Callable[..., Awaitable[list[dict[str, Any]]]]


def deployment(name: str = "web", replicas: int = 2, **labels: str) -> dict[str, Any]:
    """A deployment as somebody writes it."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "labels": {"app": name, **labels}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
        },
    }


@pytest.fixture
async def berlin(hub: Hub, owner: Person, register: Register, cluster: Cluster) -> AsyncIterator[str]:
    """The id of a cluster that is followed, with a deployment `old` from before."""
    allow(cluster, "basefly:admin", "cluster-admin")
    cluster.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
    cluster.api.create(deployment("old"))
    made = await register(name="berlin")

    async def there() -> bool:
        asked = {"cluster": made["id"], "q": "old"}
        return bool((await owner.http.get("/api/v1/objects/deployments.apps", params=asked)).json()["items"])

    async with running(supervise([SyncController(hub.house)], first=0.1)):
        await eventually(there, 30)
        yield made["id"]


@pytest.fixture
def history(owner: Person, berlin: str) -> History:
    """The life of an object, once it has so many entries, latest first."""

    async def call(kind: str, name: str, namespace: str = "shop", *, entries: int = 1) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []

        async def told() -> bool:
            path = f"/api/v1/clusters/{berlin}/objects/{kind}/{name}/history"
            answer = await owner.http.get(path, params={"namespace": namespace})
            items[:] = answer.json()["items"] if answer.status_code == 200 else []
            return len(items) >= entries

        await eventually(told, 15)
        return items

    return call
