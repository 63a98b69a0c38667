"""Who follows which cluster, and what happens when the ground shakes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import psycopg
import pytest

from basefly.base.resilience.relapses import Relapses
from basefly.base.runtime.controllers import supervise
from basefly.base.runtime.house import House
from basefly.core.sync.cluster import ClusterSync
from basefly.core.sync.controller import SyncController
from basefly.sim import Cluster, Fleet
from tests.base.resilience.clock import Clock
from tests.conftest import Urls
from tests.core.sync.conftest import Rows, eventually, running
from tests.core.sync.test_cluster import pod
from tests.people import Hub, Person, house, hub, listener, owner, port, stranger

__all__ = ["house", "hub", "listener", "owner", "port", "stranger"]


@pytest.fixture
def org(owner: Person) -> UUID:
    """The organization whose cluster is followed."""
    return owner.by.org_id


@pytest.fixture
async def cluster_id(cluster: Cluster, hub: Hub, owner: Person) -> UUID:
    """The simulated cluster, registered."""
    asked = {"name": "berlin", "kubeconfig": cluster.kubeconfig(), "context": cluster.name}
    answer = await owner.http.post("/api/v1/clusters", json=asked, headers={"Origin": hub.url})
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


@pytest.fixture
async def following(house: House, cluster_id: UUID) -> AsyncIterator[SyncController]:
    """A controller that runs, supervised as in the product."""
    controller = SyncController(house)
    async with running(supervise([controller], first=0.1)):
        yield controller


async def arrives(cluster: Cluster, rows: Rows, name: str, within: float = 20) -> None:
    """A new pod of the cluster reaches the inventory."""
    cluster.api.create(pod(name))

    async def there() -> bool:
        return f"default/{name}" in await rows("pods")

    await eventually(there, within)


class TestShaking:
    async def test_connections_to_the_database_may_break(
        self, cluster: Cluster, rows: Rows, following: SyncController, urls: Urls
    ) -> None:
        await arrives(cluster, rows, "before")
        async with await psycopg.AsyncConnection.connect(urls.superuser, autocommit=True) as superuser:
            await superuser.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            )
        await arrives(cluster, rows, "after")

    async def test_a_writer_that_died_is_buried_and_replaced(
        self, cluster: Cluster, rows: Rows, following: SyncController, org: UUID
    ) -> None:
        await arrives(cluster, rows, "before")
        _, task = following._writers[org]
        task.cancel()
        await arrives(cluster, rows, "after")

    async def test_a_cluster_that_fails_by_a_mistake_of_ours_begins_again_ever_later(
        self, house: House, cluster_id: UUID, org: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        begun, clock = 0, Clock()

        async def failing(*_: object) -> None:
            nonlocal begun
            begun += 1
            raise LookupError("not foreseen")

        monkeypatch.setattr(ClusterSync, "run", failing)
        controller = SyncController(house)
        controller._relapses = Relapses(clock=clock)

        async def looks() -> None:
            for _ in range(3):
                await controller._share_out(org, [controller._me])
                under_way = [*(one.task for one in controller._owned.values()), *controller._ending.values()]
                await asyncio.gather(*under_way, return_exceptions=True)

        try:
            await looks()
            assert begun == 1
            for rest in (5.0, 10.0):
                clock.go(rest - 1)
                before = begun
                await looks()
                assert begun == before
                clock.go(1)
                await looks()
                assert begun == before + 1
        finally:
            for _, task in controller._writers.values():
                task.cancel()

    async def test_a_stream_that_died_is_begun_again(
        self, cluster: Cluster, rows: Rows, following: SyncController
    ) -> None:
        await arrives(cluster, rows, "before")
        await cluster.restart()
        await arrives(cluster, rows, "after")

    async def test_new_credentials_are_taken_up(
        self, cluster: Cluster, rows: Rows, following: SyncController, hub: Hub, owner: Person, cluster_id: UUID
    ) -> None:
        await arrives(cluster, rows, "before")
        fresh = cluster.issue_token("rotated", ("system:masters",))
        asked = {"kubeconfig": cluster.kubeconfig(token=fresh), "context": cluster.name}
        answer = await owner.http.put(
            f"/api/v1/clusters/{cluster_id}/credentials", json=asked, headers={"Origin": hub.url}
        )
        assert answer.status_code == 200, answer.text
        del cluster.tokens[cluster.admin_token]
        cluster.faults.drop_watches()
        await arrives(cluster, rows, "after")
        assert "rotated" in {r.user for r in cluster.requests if r.is_watch}


class TestOwnership:
    async def test_clusters_of_two_organizations_are_followed_side_by_side(
        self, fleet: Fleet, house: House, hub: Hub, cluster_id: UUID, stranger: Person
    ) -> None:
        other = fleet.clusters[1]
        asked = {"name": "paris", "kubeconfig": other.kubeconfig(), "context": other.name}
        made = await stranger.http.post("/api/v1/clusters", json=asked, headers={"Origin": hub.url})
        both = {cluster_id, UUID(made.json()["id"])}
        controller = SyncController(house)

        async def followed() -> bool:
            return controller._owned.keys() == both

        async with running(controller.run()):
            await eventually(followed, 20)
            tasks = {owned.task for owned in controller._owned.values()}
            for _ in range(3):  # each look shares out the clusters of each organization anew
                controller._wake.set()
                await asyncio.sleep(0.3)
            assert {owned.task for owned in controller._owned.values()} == tasks
