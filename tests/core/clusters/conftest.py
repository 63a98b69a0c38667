"""What the clusters' tests share: simulated clusters, and ways to give them to the hub."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest

from basefly.base.runtime.house import House
from basefly.core.clusters.connections import Connections
from basefly.sim import Cluster
from tests.people import Person
from tests.sim.fixtures import cluster, fleet

__all__ = ["cluster", "fleet"]

Register = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def register(owner: Person, cluster: Cluster, house: House) -> Register:
    """Registers the simulated cluster as its owner, over the API; from then on our process follows it."""

    async def call(**more: Any) -> dict[str, Any]:
        body = {"kubeconfig": cluster.kubeconfig(), **more}
        answer = await owner.http.post("/api/v1/clusters", json=body)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        house.get(Connections).followed.add(UUID(created["id"]))
        return created

    return call


async def acts(person: Person) -> list[str]:
    """What is on record, oldest first: "cluster.registered done"."""
    items = (await person.http.get("/api/v1/audit", params={"limit": 500})).json()["items"]
    return [f"{item['act']} {item['outcome']}" for item in reversed(items) if item["act"].startswith("cluster.")]
