"""Seeded clusters: as many pods as asked, of real size, owned, placed, and the same for the same seed."""

from __future__ import annotations

import statistics
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from basefly.sim import Cluster
from basefly.sim.seeds.world import World


@pytest.fixture(scope="module")
def seeded() -> Cluster:
    cluster = Cluster("seeded")
    cluster.seed(nodes=5, pods=200, seed=7)
    return cluster


def test_there_are_as_many_nodes_and_pods_as_asked(seeded: Cluster) -> None:
    assert len(seeded.api.list("nodes")) == 5
    assert len(seeded.api.list("pods")) == 200


def test_pods_have_the_size_and_shape_of_real_ones(seeded: Cluster) -> None:
    records = seeded.store.of("pods").page()
    size = statistics.mean(len(record.body) for record in records)
    managed = [record.load()["metadata"]["managedFields"] for record in records]
    share = statistics.mean(len(msgspec.json.encode(held)) for held in managed) / size
    assert 5_500 < size < 7_500
    assert 0.38 < share < 0.48


def test_every_owner_exists_and_leads_to_a_workload(seeded: Cluster) -> None:
    workloads = ("deployments.apps", "replicasets.apps", "statefulsets.apps", "daemonsets.apps", "jobs.batch")
    uids = {obj["metadata"]["uid"] for resource in (*workloads, "cronjobs.batch") for obj in seeded.api.list(resource)}
    owned = [*seeded.api.list("pods"), *seeded.api.list("replicasets.apps"), *seeded.api.list("jobs.batch")]
    owners = [owner["uid"] for obj in owned for owner in obj["metadata"]["ownerReferences"]]
    assert set(owners) <= uids
    assert len(owners) == len(owned)


def test_placed_pods_are_on_nodes_that_exist(seeded: Cluster) -> None:
    nodes = {node["metadata"]["name"] for node in seeded.api.list("nodes")}
    placed = {pod["spec"].get("nodeName") for pod in seeded.api.list("pods")} - {None}
    assert placed <= nodes


def test_nodes_tell_their_cloud(seeded: Cluster) -> None:
    wanted = {"topology.kubernetes.io/region", "topology.kubernetes.io/zone", "node.kubernetes.io/instance-type"}
    for node in seeded.api.list("nodes"):
        assert wanted <= set(node["metadata"]["labels"])
        assert "://" in node["spec"]["providerID"]


def scrubbed(cluster: Cluster) -> list[Any]:
    return [(pod["metadata"]["name"], pod["metadata"]["uid"], pod["spec"]) for pod in cluster.api.list("pods")]


def test_the_same_seed_makes_the_same_objects(seeded: Cluster) -> None:
    again, other = Cluster("seeded"), Cluster("seeded")
    again.seed(nodes=5, pods=200, seed=7)
    other.seed(nodes=5, pods=200, seed=8)
    assert scrubbed(again) == scrubbed(seeded)
    assert scrubbed(other) != scrubbed(seeded)


def test_a_world_at_one_time_repeats_to_the_letter() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    first, second = World.of("s", at), World.of("s", at)
    assert [first.suffix(), first.uid()] == [second.suffix(), second.uid()]
