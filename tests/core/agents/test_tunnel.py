"""What works directly works through the tunnel, and through another process of the hub: lists, watches, shells."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from basefly.app import furnished
from basefly.base.db.changes import Changes
from basefly.base.kube.client import Client
from basefly.base.kube.errors import ConnectError, Unauthorized
from basefly.base.runtime.controllers import supervise
from basefly.base.runtime.house import House
from basefly.base.tunnel.identity import Key
from basefly.core.agents.keys import HubKeys
from basefly.core.agents.ways.held import Sessions
from basefly.core.clusters.connections import Connections
from basefly.core.clusters.controller import ProbeController
from basefly.core.sync.controller import SyncController
from basefly.sim import Cluster
from tests.core.agents.conftest import Issue, agent, approved, config, eventually, running, working
from tests.core.gateway.conftest import Client as Gateway
from tests.core.gateway.conftest import client, gateway
from tests.core.gateway.test_proxy import POD, allow
from tests.people import Hub, Person

__all__ = ["client", "gateway"]


@pytest.fixture
async def behind(attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path) -> AsyncIterator[UUID]:
    """A cluster that has an agent."""
    async with working(agent(config(attentive.url, await issue(), cluster, tmp_path / "a"))):
        yield UUID(await approved(owner))


async def reached(house: House, org_id: UUID, cluster_id: UUID) -> Client:
    """The hub's client of a cluster."""
    async with house.db.transaction(org_id) as tx:
        return await house.get(Connections).client(tx, cluster_id)


async def test_it_is_probed_and_followed(attentive: Hub, owner: Person, behind: UUID, cluster: Cluster) -> None:
    house = attentive.house
    async with running(supervise([ProbeController(house), SyncController(house)], first=0.1)):
        cluster.api.create({**POD, "metadata": {"name": "web", "namespace": "default"}})

        async def there() -> bool:
            items = (await owner.http.get("/api/v1/objects/pods")).json()["items"]
            return [each["name"] for each in items] == ["web"]

        await eventually(there, 30)
        cluster.api.delete("pods", "web", "default")

        async def gone() -> bool:
            return not (await owner.http.get("/api/v1/objects/pods")).json()["items"]

        await eventually(gone, 30)


async def test_people_reach_it_through_the_gateway(
    attentive: Hub, owner: Person, behind: UUID, cluster: Cluster, client: Gateway
) -> None:
    allow(cluster, "basefly:admin", "cluster-admin")
    http = await client(owner)
    made = await http.post(f"/clusters/{behind}/api/v1/namespaces/default/pods", json=POD)
    assert made.status_code == 201, made.text
    assert (await http.get(f"/clusters/{behind}/api/v1/namespaces/default/pods/web")).status_code == 200
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = f"/clusters/{behind}/apis/authentication.k8s.io/v1/selfsubjectreviews"
    who = (await http.post(path, json=review)).json()["status"]["userInfo"]["username"]
    assert who == f"basefly:{owner.by.user_id}"


async def test_large_answers_come_whole_and_beside_each_other(
    attentive: Hub, owner: Person, behind: UUID, cluster: Cluster
) -> None:
    for number in range(40):
        data = {"big": f"{number}" * 100_000}
        meta = {"name": f"c{number}", "namespace": "default"}
        cluster.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data})
    found = await reached(attentive.house, owner.by.org_id, behind)
    answers = await asyncio.gather(*[found.get_json("/api/v1/configmaps") for _ in range(6)])
    assert [len(answer["items"]) for answer in answers] == [len(answers[0]["items"])] * 6
    assert len(answers[0]["items"]) >= 40


async def test_a_stream_that_nobody_reads_holds_no_other_up(
    attentive: Hub, owner: Person, behind: UUID, cluster: Cluster
) -> None:
    for number in range(60):
        meta = {"name": f"c{number}", "namespace": "default"}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {"big": "x" * 200_000}}
        cluster.api.create(body)
    found = await reached(attentive.house, owner.by.org_id, behind)
    async with found.stream("/api/v1/configmaps"):  # its head is read, and nothing more
        await asyncio.sleep(0.3)
        async with asyncio.timeout(5):
            assert "items" in await found.get_json("/api/v1/namespaces")


async def test_an_agent_that_is_away_is_told_at_once(attentive: Hub, owner: Person, issue: Issue, cluster: Cluster,
                                                     tmp_path: Path) -> None:  # fmt: skip
    async with working(agent(config(attentive.url, await issue(), cluster, tmp_path / "a"))):
        cluster_id = UUID(await approved(owner))
    house = attentive.house

    async def away() -> bool:
        return not house.get(Sessions).all

    await eventually(away)
    with pytest.raises(ConnectError, match="agent"):
        await (await reached(house, owner.by.org_id, cluster_id)).get_json("/version")


async def test_a_token_that_kubernetes_renewed_is_used(
    attentive: Hub, owner: Person, issue: Issue, cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("basefly.agent.program.TICK", 0.1)
    setup = config(attentive.url, await issue(), cluster, tmp_path / "a")
    async with working(agent(setup)):
        cluster_id = UUID(await approved(owner))
        before = await reached(attentive.house, owner.by.org_id, cluster_id)
        good = setup.api_token.read_text()
        setup.api_token.write_text("too old")

        async def renewed() -> bool:
            return await reached(attentive.house, owner.by.org_id, cluster_id) is not before

        await eventually(renewed)
        setup.api_token.write_text(good)

        async def works() -> bool:
            try:
                await (await reached(attentive.house, owner.by.org_id, cluster_id)).get_json("/api/v1/pods")
            except (ConnectError, Unauthorized):
                return False
            return True

        await eventually(works)


@asynccontextmanager
async def process(hub: Hub, database_url: str, **settings: Any) -> AsyncIterator[House]:
    """Another process of the hub, with these settings of its own."""
    first, changes = hub.house, Changes(database_url)
    house = House(msgspec.structs.replace(first.settings, **settings), first.db, changes, first.vault)
    async with furnished(house):
        yield house
    await changes.close()


class TestAnotherProcess:
    @pytest.fixture
    async def second(self, attentive: Hub, database_url: str, tmp_path: Path) -> AsyncIterator[House]:
        """Another process of the hub: its own house on the same database."""
        async with process(attentive, database_url, data_dir=tmp_path / "second", port=1) as house:
            yield house

    async def test_that_only_follows_clusters_may_have_the_same_address(
        self, attentive: Hub, database_url: str, owner: Person, behind: UUID
    ) -> None:
        async with process(attentive, database_url, role=("sync",)) as follower:
            assert follower.settings.peer_at == attentive.house.settings.peer_at
            found = await reached(follower, owner.by.org_id, behind)
            assert "items" in await found.get_json("/api/v1/pods")

    async def test_serves_a_cluster_whose_agent_is_elsewhere(self, second: House, owner: Person, behind: UUID) -> None:
        found = await reached(second, owner.by.org_id, behind)
        assert "items" in await found.get_json("/api/v1/pods")
        answers = await asyncio.gather(*[found.get_json("/api/v1/namespaces") for _ in range(20)])
        assert len({str(len(answer["items"])) for answer in answers}) == 1

    async def test_a_process_that_has_died_is_told(
        self, second: House, owner: Person, behind: UUID, attentive: Hub
    ) -> None:
        async with second.db.transaction(owner.by.org_id) as tx:
            await tx.execute("update agents set holder = 'http://127.0.0.1:9' where org_id = %s", [owner.by.org_id])
        with pytest.raises(ConnectError):
            await (await reached(second, owner.by.org_id, behind)).get_json("/api/v1/pods")

    async def test_a_stranger_is_no_peer(self, second: House, owner: Person, behind: UUID) -> None:
        second.get(HubKeys)[owner.by.org_id] = Key.create()
        with pytest.raises(ConnectError, match="no process of this hub"):
            await (await reached(second, owner.by.org_id, behind)).get_json("/api/v1/pods")
