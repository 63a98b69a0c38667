"""Many clusters in one process, each at a port of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import yaml

from basefly.sim.clock import Clock
from basefly.sim.cluster import Cluster, kubeconfig_of


class Fleet:
    """`async with Fleet.start(clusters=2, nodes=3, pods=50) as fleet: fleet.clusters[0].kubeconfig()`."""

    def __init__(self, clusters: list[Cluster]) -> None:
        self.clusters = clusters

    @classmethod
    @asynccontextmanager
    async def start(
        cls, *, clusters: int = 1, nodes: int = 0, pods: int = 0, seed: int = 0, scenario: str = ""
    ) -> AsyncIterator[Fleet]:
        """Start clusters named sim-1, sim-2, …, each filled, once somebody asks, if `nodes` or `pods` are given."""
        made = planned(clusters, nodes=nodes, pods=pods, seed=seed, scenario=scenario)
        async with cls.listening(made) as fleet:
            yield fleet

    @classmethod
    @asynccontextmanager
    async def listening(
        cls, clusters: list[Cluster], *, host: str = "127.0.0.1", port: int = 0
    ) -> AsyncIterator[Fleet]:
        """A fleet of these clusters: with `port` they listen on that port and those that follow it."""
        fleet = cls(clusters)
        try:
            for number, cluster in enumerate(clusters):
                await cluster.start(host=host, port=port + number if port else 0)
            yield fleet
        finally:
            await asyncio.gather(*(cluster.stop() for cluster in clusters))

    def __getitem__(self, name: str) -> Cluster:
        return next(cluster for cluster in self.clusters if cluster.name == name)

    def kubeconfig(self) -> str:
        """One kubeconfig with a context for each cluster, each as its administrator."""
        held = [(cluster, {"token": cluster.admin_token}) for cluster in self.clusters]
        return yaml.safe_dump(kubeconfig_of(held), sort_keys=False)


def planned(clusters: int, *, nodes: int, pods: int, seed: int = 0, scenario: str = "") -> list[Cluster]:
    """Clusters of one size and one clock, each made from a seed of its own."""
    clock = Clock()
    made = [Cluster(f"sim-{number}", seed=seed, clock=clock) for number in range(1, clusters + 1)]
    for number, cluster in enumerate(made if nodes or pods else ()):
        cluster.plan(nodes=nodes, pods=pods, seed=seed + number, scenario=scenario)
    return made
