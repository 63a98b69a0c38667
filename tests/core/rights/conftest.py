"""A hub that follows a simulated cluster with some objects, and a way to bind people in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from basefly.base.runtime.controllers import supervise
from basefly.core.sync.controller import SyncController
from basefly.sim import Cluster
from tests.core.clusters.conftest import register
from tests.core.sync.conftest import eventually, running
from tests.people import Hub, Person
from tests.sim.fixtures import cluster, fleet

__all__ = ["cluster", "eventually", "fleet", "register"]

RBAC = "rbac.authorization.k8s.io/v1"
Object = dict[str, Any]


def configmap(namespace: str, name: str) -> Object:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}}


def role(name: str, *rules: Object, namespace: str = "") -> Object:
    """A Role, or without a namespace a ClusterRole, of rules that get pods unless they say otherwise."""
    meta = {"name": name} | ({"namespace": namespace} if namespace else {})
    kept = [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]} | rule for rule in rules]
    return {"apiVersion": RBAC, "kind": "Role" if namespace else "ClusterRole", "metadata": meta, "rules": kept}


def binding(name: str, role: str, *subjects: str, namespace: str = "", kind: str = "ClusterRole") -> Object:
    """A binding of groups, or of users where they begin with `basefly:` and an id."""
    meta = {"name": name} | ({"namespace": namespace} if namespace else {})
    named = [
        {"apiGroup": "rbac.authorization.k8s.io", "kind": "User" if "-" in each else "Group", "name": each}
        for each in subjects
    ]
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role}
    whole = "RoleBinding" if namespace else "ClusterRoleBinding"
    return {"apiVersion": RBAC, "kind": whole, "metadata": meta, "roleRef": reference, "subjects": named}


@pytest.fixture
async def prod(hub: Hub, owner: Person, register: Any, cluster: Cluster) -> AsyncIterator[str]:
    """A cluster that is followed, with config maps a and b in the namespaces shop and bank."""
    for namespace in ("shop", "bank"):
        cluster.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        for name in ("a", "b"):
            cluster.api.create(configmap(namespace, name))
    made = await register(name="prod")
    async with running(supervise([SyncController(hub.house)], first=0.1)):
        await eventually(lambda: _has(owner, 4), 30)
        yield str(made["id"])


@pytest.fixture
def listed() -> Callable[[Person], Awaitable[list[str]]]:
    """The config maps that someone sees, as namespace/name."""

    async def call(person: Person) -> list[str]:
        return await names(person)

    return call


async def choose(owner: Person, choice: str) -> None:
    """Let the clusters' rules count, or no more."""
    answer = await owner.http.put("/api/v1/rights", json={"choice": choice})
    assert answer.status_code == 200, answer.text
    await asyncio.sleep(0.2)


async def names(person: Person, resource: str = "configmaps", **asked: str) -> list[str]:
    answer = await person.http.get(f"/api/v1/objects/{resource}", params=asked)
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    return sorted(f"{item['namespace']}/{item['name']}" for item in items if item["name"] != "kube-root-ca.crt")


async def sees(person: Person, *wanted: str, within: float = 10.0) -> None:
    """Wait until someone sees exactly these config maps; within ten seconds it must be so."""

    async def so() -> bool:
        return await names(person) == sorted(wanted)

    try:
        await eventually(so, within)
    except TimeoutError:
        assert await names(person) == sorted(wanted)


async def _has(person: Person, count: int) -> bool:
    return len(await names(person)) >= count
