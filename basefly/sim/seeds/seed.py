"""A believable cluster from a seed: nodes, teams with their applications, and all that belongs to them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from basefly.sim.seeds.events import plant_events
from basefly.sim.seeds.managed import Writer
from basefly.sim.seeds.names import APPLICATIONS, STATEFUL, TEAMS
from basefly.sim.seeds.nodes import plant_nodes
from basefly.sim.seeds.surroundings import plant_surroundings
from basefly.sim.seeds.workloads import (
    App,
    app,
    batch_name,
    plant_cron_job,
    plant_daemon_set,
    plant_deployment,
    plant_stateful_set,
)
from basefly.sim.seeds.world import Object, World

if TYPE_CHECKING:
    from basefly.sim.cluster import Cluster

_AGE = timedelta(days=90)
_DAEMONS = ("kube-proxy", "node-exporter")
_RUNS = 3


def plant(cluster: Cluster, *, nodes: int, pods: int, seed: int) -> None:
    """Fill a cluster with `nodes` nodes and exactly `pods` pods, and with what they need and own."""
    world = World.of(f"{cluster.name}/{seed}")
    placed = plant_nodes(world, nodes, cluster.git_version)
    if placed:
        _storage_classes(world)
        _plant_pods(world, placed, pods)
    plant_events(world, most=max(pods, 10))
    for namespace in sorted({pod["metadata"]["namespace"] for pod in world.planted.get("pods", ())}):
        if not cluster.store.get("namespaces", "", namespace):
            _namespace(world, namespace, cluster.authority.pem.decode())
    for resource, objects in world.planted.items():
        cluster.store.load(resource, objects)


def _plant_pods(world: World, nodes: Sequence[Object], pods: int) -> None:
    left = pods
    for name in _DAEMONS:
        if left >= len(nodes):
            left -= len(plant_daemon_set(world, app(name, "kube-system", nodes)))
    if left >= 2:
        left -= len(_surrounded(world, app("coredns", "kube-system", nodes), 2))
    teams = TEAMS[: max(1, min(len(TEAMS), pods // 20))]
    number = 0
    while left > 0:
        team = teams[number % len(teams)]
        left -= len(_plant_app(world, team, number // len(teams), nodes, left))
        number += 1


def _plant_app(world: World, team: str, turn: int, nodes: Sequence[Object], left: int) -> list[Object]:
    """One more application of a team: mostly a deployment, sometimes a store or a batch job."""
    names = APPLICATIONS[team]
    again = f"-{turn // (len(names) + 2)}" if turn >= len(names) + 2 else ""
    place = turn % (len(names) + 2)
    if place < len(names):
        replicas = min(left, world.pick((1, 2, 2, 3, 3, 5, 8, 12)))
        return _surrounded(world, app(names[place] + again, team, nodes), replicas)
    if place == len(names):
        held = app(world.pick(STATEFUL) + again, team, nodes)
        stateful = plant_stateful_set(world, held, min(left, 3))
        plant_surroundings(world, held, "StatefulSet", stateful)
        return stateful
    return plant_cron_job(world, app(batch_name(world) + again, team, nodes), min(left, _RUNS))


def _surrounded(world: World, held: App, replicas: int) -> list[Object]:
    pods = plant_deployment(world, held, replicas)
    plant_surroundings(world, held, "Deployment", pods)
    return pods


def _namespace(world: World, name: str, authority: str) -> None:
    """A namespace with what controllers put into every one."""
    labels = {"kubernetes.io/metadata.name": name, "team": name}
    meta = world.metadata(name, age=_AGE, labels=labels)
    held = {"metadata": meta, "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    world.add("namespaces", held, Writer("kubectl-create", ("metadata.labels",), world.ago(_AGE)))
    world.add("serviceaccounts", {"metadata": world.metadata("default", name, age=_AGE)})
    bundle = {"metadata": world.metadata("kube-root-ca.crt", name, age=_AGE), "data": {"ca.crt": authority}}
    world.add("configmaps", bundle, Writer("kube-controller-manager", ("data",), world.ago(_AGE)))


def _storage_classes(world: World) -> None:
    for name, default in (("standard", "true"), ("fast", "false")):
        annotations = {"storageclass.kubernetes.io/is-default-class": default}
        held = {
            "metadata": world.metadata(name, age=_AGE, annotations=annotations),
            "provisioner": "csi.example.com",
            "reclaimPolicy": "Delete",
            "allowVolumeExpansion": True,
            "volumeBindingMode": "WaitForFirstConsumer",
        }
        writer = Writer("kubectl", ("provisioner", "reclaimPolicy"), world.ago(_AGE), "storage.k8s.io/v1")
        world.add("storageclasses.storage.k8s.io", held, writer)
