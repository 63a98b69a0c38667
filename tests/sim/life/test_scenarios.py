"""Each scenario shows what it is named for, and leaves the cluster whole."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from basefly.sim import Cluster
from basefly.sim.life.scenarios import SCENARIOS
from tests.sim.life.conftest import is_ready, until

Object = dict[str, Any]


def running(cluster: Cluster) -> list[Object]:
    return [pod for pod in cluster.api.list("pods") if is_ready(pod)]


def told(cluster: Cluster, reason: str) -> list[Object]:
    return [event for event in cluster.api.list("events") if event["reason"] == reason]


async def over(cluster: Cluster) -> None:
    await until(lambda: cluster.life.scenario == "steady")


async def test_a_cluster_has_to_live_to_have_a_story(cluster: Cluster) -> None:
    with pytest.raises(RuntimeError, match="start it first"):
        cluster.life.play("steady")


async def test_on_a_steady_day_pods_change_now_and_then(living: Cluster) -> None:
    before = living.store.version
    living.life.play("steady")
    await until(lambda: len(living.store.of("pods").since(before)) >= 20)
    assert living.life.scenario == "steady"


async def test_a_wave_of_deployments_renews_every_pod(living: Cluster) -> None:
    def of_sets() -> set[str]:
        owned = [pod["metadata"] for pod in living.api.list("pods") if pod["metadata"].get("ownerReferences")]
        return {meta["uid"] for meta in owned if meta["ownerReferences"][0]["kind"] == "ReplicaSet"}

    before = of_sets()
    living.life.play("deploy-wave")
    await until(lambda: not before & of_sets())
    await over(living)


async def test_a_crash_loop_is_undone(living: Cluster) -> None:
    def crashing() -> list[Object]:
        states = [
            s.get("state", {}) for pod in living.api.list("pods") for s in pod["status"].get("containerStatuses", ())
        ]
        return [held for held in states if held.get("waiting", {}).get("reason") == "CrashLoopBackOff"]

    before = len(crashing())
    images = {d["spec"]["template"]["spec"]["containers"][0]["image"] for d in living.api.list("deployments.apps")}
    living.life.play("crash-loop")
    await until(lambda: len(crashing()) > before)
    await over(living)
    assert {
        d["spec"]["template"]["spec"]["containers"][0]["image"] for d in living.api.list("deployments.apps")
    } == images
    await until(lambda: len(crashing()) <= before)


async def test_a_node_is_lost_and_replaced(living: Cluster) -> None:
    before = {node["metadata"]["name"] for node in living.api.list("nodes")}
    many = len(running(living))
    living.life.play("node-loss")
    await until(lambda: told(living, "NodeNotReady"))
    await over(living)
    after = {node["metadata"]["name"] for node in living.api.list("nodes")}
    assert (len(after), len(after - before)) == (6, 1)
    await until(lambda: len(running(living)) >= many)


async def test_a_zone_is_lost_and_comes_back(living: Cluster) -> None:
    before = {node["metadata"]["name"] for node in living.api.list("nodes") if is_ready(node)}
    many = len(running(living))
    living.life.play("zone-loss")
    await until(lambda: told(living, "NodeNotReady"))
    assert {node["metadata"]["name"] for node in living.api.list("nodes") if is_ready(node)} < before
    await over(living)
    await until(lambda: {node["metadata"]["name"] for node in living.api.list("nodes") if is_ready(node)} == before)
    await until(lambda: len(running(living)) >= many - 1)


async def test_a_full_disk_evicts_pods(living: Cluster) -> None:
    living.life.play("full-volume")
    await until(lambda: told(living, "NodeHasDiskPressure"))
    evicted = await until(lambda: [p for p in living.api.list("pods") if p["status"].get("reason") == "Evicted"])
    assert evicted[0]["status"]["phase"] == "Failed"
    living.life.play("steady")
    assert not [t for node in living.api.list("nodes") for t in node["spec"].get("taints", ()) if "disk" in t["key"]]


async def test_a_noisy_neighbour_is_killed_for_its_memory(living: Cluster) -> None:
    living.life.play("noisy-neighbour")
    assert max(living.life.load.values()) > 10
    noisy = max(living.life.load, key=lambda uid: living.life.load[uid])

    def ended() -> list[str]:
        [pod] = [pod for pod in living.api.list("pods") if pod["metadata"]["uid"] == noisy]
        return [
            held["lastState"].get("terminated", {}).get("reason", "") for held in pod["status"]["containerStatuses"]
        ]

    await until(lambda: ended() == ["OOMKilled"])
    await over(living)
    assert living.life.load == {}


async def test_churn_keeps_to_its_rate(living: Cluster) -> None:
    living.life.rate = 300
    before, began = living.store.version, asyncio.get_running_loop().time()
    living.life.play("churn")
    await until(lambda: living.store.version - before > 900)
    assert asyncio.get_running_loop().time() - began > 1


async def test_a_scenario_that_there_is_not_leaves_the_one_that_is(living: Cluster) -> None:
    living.life.play("steady")
    with pytest.raises(KeyError):
        living.life.play("stampede")
    assert living.life.scenario == "steady"
    assert "zone-loss" in SCENARIOS
