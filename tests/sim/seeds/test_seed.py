"""Seeded clusters: as many pods as asked, of real size, owned, placed, and the same for the same seed."""

from __future__ import annotations

import statistics
from typing import Any

import msgspec
import pytest

from basefly.sim import Cluster
from basefly.sim.seeds.chance import Chance
from basefly.sim.seeds.stencil import stencil


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


def test_what_is_not_changed_is_made_when_asked_and_always_the_same(seeded: Cluster) -> None:
    records = [record for resource in ("pods", "nodes", "events") for record in seeded.store.of(resource).page()]
    assert not any(isinstance(record.made, bytes) for record in records)
    assert [record.body for record in records] == [record.body for record in records]


def test_a_change_is_kept_and_its_neighbours_stay_recipes(seeded: Cluster) -> None:
    first, second = seeded.store.of("secrets").page()[:2]
    where = (first.name, first.namespace)
    seeded.api.change("secrets", *where, by=lambda secret: secret["metadata"]["labels"].update(changed="yes"))
    assert seeded.api.get("secrets", *where)["metadata"]["labels"]["changed"] == "yes"
    assert seeded.store.get("secrets", second.namespace, second.name) is second


def test_owners_are_known_and_forget_what_is_gone(seeded: Cluster) -> None:
    held = next(found for found in seeded.store.of("replicasets.apps").page() if seeded.store.owned_by(found.uid))
    pods = [record for _, record in seeded.store.owned_by(held.uid)]
    seeded.api.delete("pods", pods[0].name, pods[0].namespace)
    assert pods[0].uid not in [record.uid for _, record in seeded.store.owned_by(held.uid)]
    assert len(seeded.store.owned_by(held.uid)) == len(pods) - 1


def test_chance_follows_from_its_key() -> None:
    first, second, other = Chance("a", 1), Chance("a", 1), Chance("a", 2)
    assert [first.suffix(), first.uid()] == [second.suffix(), second.uid()]
    assert first.uid() != other.uid()


@pytest.mark.parametrize("name", ["pod", "node", "deployment", "event"])
def test_a_stencil_leaves_no_hole(seeded: Cluster, name: str) -> None:
    resource = stencil(name).resource
    assert all("$" not in record.body.decode() for record in seeded.store.of(resource).page())
