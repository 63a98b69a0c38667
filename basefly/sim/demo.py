"""The fleet of the demo: twelve clusters in four regions, to which something happens now and then."""

from __future__ import annotations

import asyncio
import random
from typing import Any

from basefly.sim.clock import Clock
from basefly.sim.cluster import Cluster
from basefly.sim.life.scenarios import SCENARIOS
from basefly.sim.seeds.names import CLOUDS

PACE = 4.0
"""Simulated seconds in a real one: enough to see something move, slow enough to follow it."""
_STAGES = {"prod": (12, 220, "v1.35.4"), "staging": (5, 80, "v1.36.2"), "dev": (3, 40, "v1.36.2")}
"""Nodes, pods and version."""
_PEOPLE = {"view": "view", "edit": "edit", "exec": "edit", "secrets": "edit", "admin": "cluster-admin"}
"""What the hub's groups may, so that whoever tries kubectl through the hub is let in."""
_PAUSE = (20.0, 60.0)
"""Real seconds from one story to the next."""
_QUIET = ("steady", "churn")


def clusters(seed: int = 0) -> list[Cluster]:
    """The clusters, planned but not made yet."""
    clock, made = Clock(PACE), []
    for cloud in CLOUDS:
        for stage, (nodes, pods, version) in _STAGES.items():
            cluster = Cluster(f"{stage}-{cloud.region}", seed=seed, version=version, clock=clock)
            cluster.plan(nodes=nodes, pods=pods, seed=seed, cloud=cloud)
            for group, role in _PEOPLE.items():
                cluster.api.create(_binding(group, role))
            made.append(cluster)
    return made


def _binding(group: str, role: str) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": f"basefly-people-{group}"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": f"basefly:{group}"}],
    }


async def tell(held: list[Cluster], seed: int = 0) -> None:
    """Let every cluster live, and let one after the other have its story, until cancelled."""
    chance = random.Random(seed)  # noqa: S311  # which story comes next is no secret
    stories = [name for name in SCENARIOS if name not in _QUIET]
    for cluster in held:
        cluster.life.start()
        cluster.life.play("steady")
    while True:
        await asyncio.sleep(chance.uniform(*_PAUSE))
        chance.choice(held).life.play(chance.choice(stories))
