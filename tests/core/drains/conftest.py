"""A simulated cluster with nodes and pods, a hub that drains, and what became of a drain."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from basefly.base.runtime.operations import Operations, Pace
from basefly.core.drains.work import evicting
from basefly.core.drains.work import operation as work
from basefly.core.drains.work.operation import works
from basefly.sim import Cluster
from tests.core.clusters.conftest import Register, register
from tests.core.gateway.test_proxy import allow
from tests.core.sync.conftest import running
from tests.people import Hub, Person
from tests.sim.fixtures import cluster, fleet
from tests.sim.rest.parts.pods import plant

__all__ = ["cluster", "fleet", "plant", "register"]

QUICK = Pace(timedelta(seconds=2), pause=timedelta(milliseconds=20), look=timedelta(milliseconds=50))
OWNER = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "set", "controller": True}
DAEMON = {**OWNER, "kind": "DaemonSet", "name": "agent", "uid": "daemon"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "QUICK", 0.05)
    monkeypatch.setattr(work, "CALM", 0.1)
    monkeypatch.setattr(work, "REST", 0.05)
    monkeypatch.setattr(evicting, "FIRST", 0.05)
    monkeypatch.setattr(evicting, "LOOK", 0.1)


@pytest.fixture
async def prod(register: Register, cluster: Cluster) -> str:
    """A cluster with two nodes, whose administrators the hub's are."""
    allow(cluster, "basefly:admin", "cluster-admin")
    for name in ("node-1", "node-2"):
        node(cluster, name)
    return str((await register(name="prod"))["id"])


def node(cluster: Cluster, name: str) -> None:
    cluster.api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})


def budget(cluster: Cluster, *, allowed: int | None = None, **spec: Any) -> None:
    """A budget over the pods of app=web; with figures as its controller keeps them, where `allowed` is given."""
    held: dict[str, Any] = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "guard"}}
    held["spec"] = {"selector": {"matchLabels": {"app": "web"}}, **spec}
    if allowed is not None:
        figures = {"currentHealthy": 2, "desiredHealthy": 2 - allowed, "expectedPods": 2}
        held["status"] = {**figures, "disruptionsAllowed": allowed, "observedGeneration": 1}
    cluster.api.create(held)


@asynccontextmanager
async def draining(hub: Hub) -> AsyncIterator[None]:
    """A process that works on drains."""
    house = hub.house
    async with running(Operations(house.db, house.changes, works(house), pace=QUICK).run()):
        yield


async def order(person: Person, *nodes: str, **more: Any) -> httpx.Response:
    return await person.http.post("/api/v1/drains", json={"cluster": "prod", "nodes": list(nodes), **more})


async def ordered(person: Person, *nodes: str, **more: Any) -> str:
    """The id of a drain that was taken."""
    answer = await order(person, *nodes, **more)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def look(person: Person, drain: str) -> dict[str, Any]:
    answer = await person.http.get(f"/api/v1/drains/{drain}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def until(person: Person, drain: str, *states: str, within: float = 20) -> dict[str, Any]:
    """The drain once it is in one of these states."""
    found: dict[str, Any] = {}
    try:
        async with asyncio.timeout(within):
            while (found := await look(person, drain))["drain"]["state"] not in states:
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"the drain is {found}")
    return found


async def resume(person: Person, drain: str) -> httpx.Response:
    return await person.http.post(f"/api/v1/drains/{drain}/resumptions")


async def held_back(person: Person, drain: str, reason: str, within: float = 20) -> dict[str, Any]:
    """The first pod that is where it is for this reason, once there is one."""
    async with asyncio.timeout(within):
        while True:
            for pod in (await look(person, drain))["pods"]:
                if pod["reason"] == reason:
                    return dict(pod)
            await asyncio.sleep(0.05)


def pods(found: dict[str, Any]) -> dict[str, str]:
    """The state of each pod, with its reason if it has one."""
    return {pod["name"]: f"{pod['state']} {pod['reason']}".strip() for pod in found["pods"]}


def evictions(cluster: Cluster) -> Counter[str]:
    """How often each pod was evicted, as the cluster saw it."""
    asked = [each for each in cluster.requests if each.target.subresource == "eviction" and each.status == 201]
    return Counter(each.target.name for each in asked)


def cordoned(cluster: Cluster, name: str = "node-1") -> bool:
    return bool(cluster.api.get("nodes", name)["spec"].get("unschedulable"))


async def acts(person: Person) -> list[str]:
    """What is on record of drains, oldest first."""
    items = (await person.http.get("/api/v1/audit", params={"limit": 500})).json()["items"]
    told = [f"{item['act']} {item['outcome']}" for item in reversed(items)]
    return [each for each in told if each.startswith("drain.")]
