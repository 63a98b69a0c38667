"""Drains over the API: ordered, followed, cancelled, resumed; refused, hidden and failing, on record."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from basefly.sim import Cluster
from tests.core.drains.conftest import (
    DAEMON,
    OWNER,
    acts,
    budget,
    cordoned,
    draining,
    evictions,
    held_back,
    order,
    ordered,
    plant,
    pods,
    resume,
    until,
)
from tests.people import Hub, Person

NOWHERE = "00000000-0000-4000-8000-000000000000"


class TestStart:
    async def test_empties_the_node_and_leaves_a_record(
        self, hub: Hub, owner: Person, prod: str, cluster: Cluster
    ) -> None:
        for name in ("a", "b"):
            plant(cluster, name, owner=OWNER)
        plant(cluster, "agent", owner=DAEMON)
        plant(cluster, "over", phase="Succeeded")
        plant(cluster, "elsewhere", owner=OWNER, node="node-2")
        async with draining(hub):
            done = await until(owner, await ordered(owner, "node-1"), "done")
        assert pods(done) == {"a": "gone", "b": "gone", "agent": "skipped daemonset", "over": "skipped completed"}
        assert {pod["metadata"]["name"] for pod in cluster.api.list("pods")} == {"agent", "over", "elsewhere"}
        assert evictions(cluster) == {"a": 1, "b": 1}
        assert cordoned(cluster)
        assert await acts(owner) == ["drain.started started", "drain.finished done"]
        user = f"basefly:{owner.by.user_id}"
        evicted = [each for each in cluster.requests if each.target.subresource == "eviction"]
        assert {each.headers["impersonate-user"] for each in evicted} == {user}

    async def test_each_eviction_is_on_record_before_and_after(
        self, hub: Hub, owner: Person, prod: str, cluster: Cluster
    ) -> None:
        plant(cluster, "a", owner=OWNER)
        async with draining(hub):
            drain = await ordered(owner, "node-1")
            done = await until(owner, drain, "done")
        answer = await owner.http.get("/api/v1/audit", params={"act": "pod.evicted"})
        records = answer.json()["items"]
        assert [each["outcome"] for each in records] == ["done", "started"]
        assert {each["object"] for each in records} == {f"clusters/{prod}/pods/default/a/eviction"}
        assert {each["request_id"] for each in records} == {done["drain"]["operation"]}

    async def test_a_reader_is_refused(self, owner: Person, viewer: Person, prod: str) -> None:
        assert (await order(viewer, "node-1")).status_code == 403
        plan = await viewer.http.get("/api/v1/drain-plan", params={"cluster": prod, "node": "node-1"})
        assert plan.status_code == 403

    async def test_a_stranger_cannot_tell_that_it_exists(self, owner: Person, stranger: Person, prod: str) -> None:
        theirs = await stranger.http.post("/api/v1/drains", json={"cluster": prod, "nodes": ["node-1"]})
        nowhere = await stranger.http.post("/api/v1/drains", json={"cluster": NOWHERE, "nodes": ["node-1"]})
        told = [{key: each.json()[key] for key in ("code", "detail", "status")} for each in (theirs, nowhere)]
        assert told[0] == told[1]
        assert theirs.status_code == 404

    async def test_what_needs_a_word_is_named(self, owner: Person, prod: str, cluster: Cluster) -> None:
        plant(cluster, "alone")
        answer = await order(owner, "node-1")
        assert answer.status_code == 422
        problem = answer.json()
        assert "default/alone" in problem["detail"]
        assert [each["pointer"] for each in problem["errors"]] == ["/force"]
        assert not cordoned(cluster)
        assert (await order(owner, "node-1", force=True)).status_code == 202

    async def test_what_is_not_asked_right_is_told(self, owner: Person, prod: str) -> None:
        for nodes in ((), ("no-such-node",), ("node-1",) * 1 + ("no-such-node",)):
            answer = await order(owner, *nodes)
            assert answer.status_code == 422
        assert (await order(owner, "node-1", timeout=1)).status_code in (400, 422)
        assert (await order(owner, "node-1", grace=-1)).status_code in (400, 422)

    async def test_a_node_has_one_drain_at_a_time(self, owner: Person, prod: str) -> None:
        first = await ordered(owner, "node-1")
        second = await order(owner, "node-2", "node-1")
        assert second.status_code == 409
        assert second.json()["drain"] == first
        assert second.json()["href"] == f"/clusters/{prod}/drains/{first}"
        answers = await asyncio.gather(*(order(owner, "node-2") for _ in range(5)))
        assert sorted(each.status_code for each in answers) == [202, 409, 409, 409, 409]

    async def test_several_nodes_one_after_another(self, hub: Hub, owner: Person, prod: str, cluster: Cluster) -> None:
        for name, where in (("a", "node-1"), ("b", "node-2")):
            plant(cluster, name, owner=OWNER, node=where)
        async with draining(hub):
            done = await until(owner, await ordered(owner, "node-2", "node-1"), "done")
        assert [(each["name"], each["state"]) for each in done["nodes"]] == [("node-2", "done"), ("node-1", "done")]
        evicted = [each.target.name for each in cluster.requests if each.target.subresource == "eviction"]
        assert evicted == ["b", "a"]

    async def test_a_plan_says_what_would_happen(self, owner: Person, prod: str, cluster: Cluster) -> None:
        plant(cluster, "web", owner=OWNER)
        plant(cluster, "alone", labels={"app": "other"})
        plant(cluster, "agent", owner=DAEMON, labels={"app": "agent"})
        budget(cluster, minAvailable=1, allowed=0)
        answer = await owner.http.get("/api/v1/drain-plan", params={"cluster": "prod", "node": "node-1"})
        told = [(each["name"], each["verdict"], each["reason"], each["budget"]) for each in answer.json()["items"]]
        assert told == [
            ("alone", "ask", "unmanaged", ""),
            ("web", "evict", "", "guard"),
            ("agent", "stay", "daemonset", ""),
        ]


class TestBlocked:
    async def test_a_budget_is_named_with_its_figures_and_waited_for(
        self, hub: Hub, owner: Person, prod: str, cluster: Cluster
    ) -> None:
        for name in ("a", "b"):
            plant(cluster, name, owner=OWNER)
        budget(cluster, minAvailable=2, allowed=0)
        async with draining(hub):
            drain = await ordered(owner, "node-1")
            pod = await held_back(owner, drain, "budget")
            assert pod["budget"] == "guard"
            assert pod["why"] == "The budget guard (minAvailable 2) needs 2 healthy pods and has 2."
            await asyncio.sleep(1)
            asked = [each for each in cluster.requests if each.target.subresource == "eviction"]
            assert len(asked) == 2  # a budget that is sure to say no is read, not asked
            cluster.api.delete("poddisruptionbudgets.policy", "guard", "default")
            await until(owner, drain, "done")
        assert evictions(cluster) == {"a": 1, "b": 1}

    async def test_a_drain_ends_in_time_and_can_be_resumed(
        self, hub: Hub, owner: Person, prod: str, cluster: Cluster
    ) -> None:
        plant(cluster, "a", owner=OWNER)
        plant(cluster, "free", owner=OWNER, labels={"app": "other"})
        budget(cluster, minAvailable=1)
        async with draining(hub):
            drain = await ordered(owner, "node-1", timeout=10)
            await held_back(owner, drain, "budget")
            async with hub.house.db.transaction(owner.by.org_id) as tx:
                await tx.execute("update drain_nodes set deadline_at = now()")
            found = await until(owner, drain, "blocked")
            assert found["nodes"][0]["why"] == "Not all of its pods left within the time that was given."
            assert pods(found) == {"a": "blocked budget", "free": "gone"}
            cluster.api.delete("poddisruptionbudgets.policy", "guard", "default")
            assert (await resume(owner, drain)).status_code == 202
            await until(owner, drain, "done")
        assert evictions(cluster) == {"a": 1, "free": 1}
        assert await acts(owner) == [
            "drain.started started",
            "drain.finished failed",
            "drain.resumed started",
            "drain.finished done",
        ]

    async def test_what_finalizers_keep_is_named(
        self, hub: Hub, owner: Person, prod: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("basefly.core.drains.work.emptying.SLACK", timedelta(minutes=-1))
        plant(cluster, "a", owner=OWNER)
        cluster.api.change("pods", "a", by=lambda pod: pod["metadata"].update(finalizers=["example.com/keep"]))
        async with draining(hub):
            drain = await ordered(owner, "node-1")
            pod = await held_back(owner, drain, "finalizers")
            assert "example.com/keep" in pod["why"]
            cluster.api.change("pods", "a", by=lambda pod: pod["metadata"].update(finalizers=[]))
            await until(owner, drain, "done")
        assert evictions(cluster) == {"a": 1}

    async def test_a_node_that_vanishes_is_done(self, hub: Hub, owner: Person, prod: str, cluster: Cluster) -> None:
        plant(cluster, "a", owner=OWNER)
        budget(cluster, minAvailable=1)
        async with draining(hub):
            drain = await ordered(owner, "node-1")
            await held_back(owner, drain, "budget")
            cluster.api.delete("nodes", "node-1")
            done = await until(owner, drain, "done")
        assert done["nodes"][0]["why"] == "The node is gone, and its pods with it."
        assert pods(done) == {"a": "gone"}

    async def test_whoever_uncordons_the_node_means_it(
        self, hub: Hub, owner: Person, prod: str, cluster: Cluster
    ) -> None:
        plant(cluster, "a", owner=OWNER)
        budget(cluster, minAvailable=1)
        async with draining(hub):
            drain = await ordered(owner, "node-1")
            await held_back(owner, drain, "budget")
            cluster.api.change("nodes", "node-1", by=lambda node: node["spec"].pop("unschedulable"))
            found = await until(owner, drain, "failed")
            assert "uncordoned" in found["nodes"][0]["why"]
            assert not cordoned(cluster)
            cluster.api.delete("poddisruptionbudgets.policy", "guard", "default")
            assert (await resume(owner, drain)).status_code == 202
            await until(owner, drain, "done")
        assert cordoned(cluster)

    async def test_a_namesake_is_left_alone(self, hub: Hub, owner: Person, prod: str, cluster: Cluster) -> None:
        plant(cluster, "web-0", owner=OWNER)
        budget(cluster, minAvailable=1)
        async with draining(hub):
            drain = await ordered(owner, "node-1")
            await held_back(owner, drain, "budget")
            cluster.api.delete("pods", "web-0", "default")
            plant(cluster, "web-0", owner=OWNER, node="node-2")
            await until(owner, drain, "done")
        assert evictions(cluster) == {}
        assert len(cluster.api.list("pods")) == 1
