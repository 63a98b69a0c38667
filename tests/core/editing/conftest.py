"""A hub and a simulated cluster that lets its people in, with a deployment that somebody else applies."""

from __future__ import annotations

from typing import Any

import pytest

from basefly.sim import Cluster
from tests.core.clusters.conftest import Register
from tests.core.gateway.conftest import followed, register
from tests.core.gateway.test_proxy import allow
from tests.core.gateway.test_verbs import DEPLOYMENT
from tests.people import Person
from tests.sim.fixtures import cluster, fleet

__all__ = ["cluster", "fleet", "followed", "register"]

WEB = "clusters/prod/objects/deployments.apps/web"


@pytest.fixture
async def prod(register: Register, cluster: Cluster, followed: Any) -> str:
    """The id of a cluster with the deployment web in default, made by kubectl."""
    for group, role in (("basefly:admin", "cluster-admin"), ("basefly:view", "view")):
        allow(cluster, group, role)
    cluster.api.create(DEPLOYMENT)
    made = await register(name="prod")
    await followed(made["id"])
    return str(made["id"])


async def draft(person: Person, path: str = WEB) -> str:
    answer = await person.http.get(f"/api/v1/{path}/draft", params={"namespace": "default"})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["text"])
