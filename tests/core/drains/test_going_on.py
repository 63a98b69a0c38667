"""Drains that are cancelled, resumed, or whose person or cluster is gone; answers that never came."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from basefly.sim import Cluster
from tests.core.drains.conftest import (
    OWNER,
    acts,
    budget,
    cordoned,
    draining,
    evictions,
    held_back,
    look,
    order,
    ordered,
    plant,
    pods,
    resume,
    until,
)
from tests.core.gateway.test_proxy import allow
from tests.core.sync.conftest import eventually
from tests.people import Hub, Person, join

EVICTION = "/api/v1/namespaces/default/pods/*/eviction"


async def cancel(person: Person, drain: str) -> httpx.Response:
    return await person.http.post(f"/api/v1/drains/{drain}/cancellations")


@pytest.fixture
async def operator(hub: Hub, owner: Person, cluster: Cluster) -> AsyncIterator[Person]:
    """Otto of Acme, who acts on clusters, and whose group the cluster lets in."""
    allow(cluster, "basefly:edit", "cluster-admin")
    async with join(hub, "otto", "operator", owner.by.org_id) as person:
        yield person


@pytest.fixture
def guarded(prod: str, cluster: Cluster) -> str:
    """A cluster with a pod on node-1 that a budget holds back."""
    plant(cluster, "a", owner=OWNER)
    budget(cluster, minAvailable=2, allowed=0)
    return prod


async def paused(hub: Hub, person: Person) -> bool:
    """Whether the operation has paused, and says why."""
    async with hub.house.db.transaction(person.by.org_id) as tx:
        found = await tx.all(str, "select error from operations where kind = 'drain' and state = 'paused'")
    return [error.startswith("Authorisation withdrawn") for error in found] == [True]


def unguard(cluster: Cluster) -> None:
    cluster.api.delete("poddisruptionbudgets.policy", "guard", "default")


class TestCancel:
    async def test_stops_and_uncordons_if_asked(self, hub: Hub, owner: Person, guarded: str, cluster: Cluster) -> None:
        async with draining(hub):
            drain = await ordered(owner, "node-1", uncordon_on_cancel=True)
            await held_back(owner, drain, "budget")
            assert cordoned(cluster)
            assert (await cancel(owner, drain)).status_code == 202
            found = await until(owner, drain, "cancelled")
        assert found["nodes"][0]["state"] == "cancelled"
        assert not cordoned(cluster)
        uncordoned = [each for each in cluster.requests if each.is_write and each.target.resource == "nodes"]
        assert len(uncordoned) == 2
        assert await acts(owner) == ["drain.started started", "drain.cancelled started", "drain.cancelled done"]

    async def test_keeps_it_cordoned_otherwise_and_where_it_was(
        self, hub: Hub, owner: Person, guarded: str, cluster: Cluster
    ) -> None:
        cluster.api.change("nodes", "node-2", by=lambda node: node.setdefault("spec", {}).update(unschedulable=True))
        plant(cluster, "b", owner=OWNER, node="node-2")
        async with draining(hub):
            kept = await ordered(owner, "node-1")
            was = await ordered(owner, "node-2", uncordon_on_cancel=True)
            for drain in (kept, was):
                await held_back(owner, drain, "budget")
                await cancel(owner, drain)
                await until(owner, drain, "cancelled")
        assert cordoned(cluster, "node-1")
        assert cordoned(cluster, "node-2")

    async def test_before_anybody_took_it_up(self, hub: Hub, owner: Person, guarded: str, cluster: Cluster) -> None:
        drain = await ordered(owner, "node-1", uncordon_on_cancel=True)
        assert (await cancel(owner, drain)).status_code == 202
        async with draining(hub):
            await until(owner, drain, "cancelled")
        assert not cordoned(cluster)
        assert evictions(cluster) == {}

    async def test_a_cluster_that_does_not_answer_keeps_it_from_nothing(
        self, hub: Hub, owner: Person, guarded: str, cluster: Cluster
    ) -> None:
        async with draining(hub):
            drain = await ordered(owner, "node-1", uncordon_on_cancel=True)
            await held_back(owner, drain, "budget")
            with cluster.faults.inject("error", resource="nodes"):
                await cancel(owner, drain)
                found = await until(owner, drain, "cancelled")
        assert "node-1" in found["drain"]["why"]
        assert (await acts(owner))[-1] == "drain.cancelled failed"

    async def test_a_reader_is_refused(self, owner: Person, viewer: Person, guarded: str) -> None:
        drain = await ordered(owner, "node-1")
        assert (await viewer.http.get(f"/api/v1/drains/{drain}")).status_code == 200
        assert (await cancel(viewer, drain)).status_code == 403
        assert (await look(owner, drain))["drain"]["state"] == "running"

    async def test_a_stranger_cannot_tell_that_it_exists(self, owner: Person, stranger: Person, guarded: str) -> None:
        drain = await ordered(owner, "node-1")
        for act in (cancel, resume):
            assert (await act(stranger, drain)).status_code == 404
        assert (await stranger.http.get(f"/api/v1/drains/{drain}")).status_code == 404
        assert (await stranger.http.get("/api/v1/drains")).json() == {"items": [], "next": ""}

    async def test_what_has_ended_is_a_conflict_on_record(self, hub: Hub, owner: Person, prod: str) -> None:
        async with draining(hub):
            drain = await ordered(owner, "node-1")
            await until(owner, drain, "done")
        assert (await cancel(owner, drain)).status_code == 409
        assert (await resume(owner, drain)).status_code == 409
        failed = (await owner.http.get("/api/v1/audit", params={"act": "request.failed"})).json()["items"]
        assert {each["object"] for each in failed} >= {f"drains/{drain}/cancellations", f"drains/{drain}/resumptions"}


class TestWithdrawn:
    async def test_who_may_no_longer_drain_stops_it(
        self, hub: Hub, owner: Person, operator: Person, guarded: str, cluster: Cluster
    ) -> None:
        async with draining(hub):
            drain = await ordered(operator, "node-1")
            await held_back(owner, drain, "budget")
            assert (await owner.http.delete(f"/api/v1/members/{operator.by.user_id}")).is_success
            unguard(cluster)
            found = await until(owner, drain, "paused")
            assert found["drain"]["why"].startswith("Authorisation withdrawn")
            assert evictions(cluster) == {}
            await eventually(lambda: paused(hub, owner), 10)
            assert (await order(owner, "node-1")).status_code == 409
            assert (await resume(owner, drain)).status_code == 202
            await until(owner, drain, "done")
        (evicted,) = [each for each in cluster.requests if each.target.subresource == "eviction" and each.status == 201]
        assert evicted.headers["impersonate-user"] == f"basefly:{owner.by.user_id}"
        assert "drain.paused refused" in await acts(owner)

    async def test_who_resumes_needs_the_right(
        self, hub: Hub, owner: Person, operator: Person, viewer: Person, guarded: str
    ) -> None:
        async with draining(hub):
            drain = await ordered(operator, "node-1")
            await held_back(owner, drain, "budget")
            await owner.http.delete(f"/api/v1/members/{operator.by.user_id}")
            await until(owner, drain, "paused")
            await eventually(lambda: paused(hub, owner), 10)
            assert (await resume(viewer, drain)).status_code == 403
            assert (await cancel(owner, drain)).status_code == 202
            await until(owner, drain, "cancelled")

    async def test_it_has_no_more_rights_than_it_was_ordered_with(
        self, hub: Hub, owner: Person, prod: str, cluster: Cluster
    ) -> None:
        allow(cluster, "basefly:edit", "cluster-admin")
        plant(cluster, "a", owner=OWNER)
        wish = {"name": "ci", "permissions": ["gateway:read", "gateway:write"]}
        token = (await owner.http.post("/api/v1/tokens", json=wish)).json()["token"]
        async with hub.browser() as http, draining(hub):
            answer = await http.post(
                "/api/v1/drains", json={"cluster": "prod", "nodes": ["node-1"]}, headers=owner.bearer(token)
            )
            await until(owner, answer.json()["id"], "done")
        (evicted,) = [each for each in cluster.requests if each.target.subresource == "eviction"]
        assert "basefly:admin" not in evicted.headers["impersonate-group"]


class TestUnknown:
    async def test_an_answer_that_was_lost_is_not_asked_for_again(
        self, hub: Hub, owner: Person, prod: str, cluster: Cluster
    ) -> None:
        plant(cluster, "a", owner=OWNER)
        cluster.api.change("pods", "a", by=lambda pod: pod["metadata"].update(finalizers=["example.com/keep"]))
        cluster.faults.add("truncated", path=EVICTION, after=3, times=1)
        async with draining(hub):
            drain = await ordered(owner, "node-1")
            while pods(await look(owner, drain)).get("a") != "leaving":
                pass
            cluster.api.change("pods", "a", by=lambda pod: pod["metadata"].update(finalizers=[]))
            await until(owner, drain, "done")
        assert len([each for each in cluster.requests if each.target.subresource == "eviction"]) == 1

    async def test_a_request_that_was_lost_is_sent_again(
        self, hub: Hub, owner: Person, prod: str, cluster: Cluster
    ) -> None:
        plant(cluster, "a", owner=OWNER)
        cluster.faults.add("reset", path=EVICTION, times=2)
        async with draining(hub):
            found = await until(owner, await ordered(owner, "node-1"), "done")
        assert evictions(cluster) == {"a": 1}
        assert found["pods"][0]["tries"] == 3

    async def test_what_the_cluster_refuses_is_told(self, hub: Hub, owner: Person, prod: str, cluster: Cluster) -> None:
        plant(cluster, "a", owner=OWNER)
        plant(cluster, "b", owner=OWNER)
        cluster.faults.add("forbidden", path="/api/v1/namespaces/default/pods/a/eviction")
        async with draining(hub):
            drain = await ordered(owner, "node-1")
            found = await until(owner, drain, "blocked")
            assert pods(found) == {"a": "failed refused", "b": "gone"}
            cluster.faults.clear()
            await resume(owner, drain)
            await until(owner, drain, "done")
        assert evictions(cluster) == {"a": 1, "b": 1}


class TestPages:
    async def test_plan_order_follow_and_cancel(
        self, hub: Hub, owner: Person, viewer: Person, guarded: str, cluster: Cluster
    ) -> None:
        node = (await owner.http.get(f"/clusters/{guarded}/drains/new", params={"node": "node-1"})).text
        assert "Waits for its budget" in node
        csrf = token(node)
        made = await owner.http.post(f"/clusters/{guarded}/drains", data={"csrf": csrf, "node": "node-1"})
        assert made.status_code == 303
        async with draining(hub):
            await held_back(owner, made.headers["location"].rpartition("/")[2], "budget")
        page = (await viewer.http.get(made.headers["location"])).text
        assert "The budget guard (minAvailable 2) needs 2" in page
        assert "Cancel the drain" not in page
        again = await owner.http.post(f"/clusters/{guarded}/drains", data={"csrf": csrf, "node": "node-1"})
        assert again.status_code == 409
        assert made.headers["location"] in again.text
        assert "node-1" in (await viewer.http.get(f"/clusters/{guarded}/drains")).text
        done = await owner.http.post(made.headers["location"], data={"csrf": csrf, "act": "cancel"})
        assert done.status_code == 303
        assert "Being cancelled" in (await owner.http.get(made.headers["location"])).text
        resumed = await owner.http.post(made.headers["location"], data={"csrf": csrf, "act": "resume"})
        assert resumed.status_code == 409

    async def test_what_was_typed_wrongly_is_told(self, owner: Person, prod: str, cluster: Cluster) -> None:
        plant(cluster, "alone")
        page = (await owner.http.get(f"/clusters/{prod}/drains/new", params={"node": "node-1"})).text
        assert "One pod needs your word." in page
        for given, told in (
            ({}, "These pods need your word"),
            ({"grace": "soon"}, "whole number"),
            ({"timeout": "1"}, "timeout"),
        ):
            form = {"csrf": token(page), "node": "node-1", **given}
            answer = await owner.http.post(f"/clusters/{prod}/drains", data=form)
            assert answer.status_code == 422
            assert told in answer.text
        nowhere = await owner.http.get(f"/clusters/{prod}/drains/new", params={"node": "nowhere"})
        assert nowhere.status_code == 422
        assert "There is no node nowhere" in nowhere.text

    async def test_only_who_may_is_offered_it(self, owner: Person, viewer: Person, prod: str) -> None:
        assert (await viewer.http.get(f"/clusters/{prod}/drains/new")).status_code == 403
        assert "Drain nodes" in (await owner.http.get(f"/clusters/{prod}/drains")).text
        assert "Drain nodes" not in (await viewer.http.get(f"/clusters/{prod}/drains")).text


def token(page: str) -> str:
    """The token of a page's forms."""
    return page.partition('name="csrf" value="')[2].partition('"')[0]
