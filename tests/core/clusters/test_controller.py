"""Dead clusters are known, living ones are back, refused credentials are not tried again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from basefly.base.errors import Unavailable
from basefly.base.resilience.breaker import Breaker
from basefly.base.resilience.deadlines import Deadlines
from basefly.base.resilience.ending import end
from basefly.base.runtime.house import House
from basefly.core.clusters import actions, probe, store
from basefly.core.clusters.connections import Connections
from basefly.core.clusters.controller import (
    AT_ONCE_SICK,
    EVERY,
    REFUSED,
    SOON,
    VERSION_EVERY,
    ProbeController,
    Recovery,
)
from basefly.sim import Cluster, Effect
from tests.base.resilience.clock import Clock
from tests.core.clusters.conftest import Register
from tests.people import Person


class Prober:
    """A controller whose time we let pass."""

    def __init__(self, house: House) -> None:
        self.clock = Clock()
        self.controller = ProbeController(house, clock=self.clock)

    async def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Look every `step` seconds, and wait for what that begins."""
        for _ in range(round(seconds / step)):
            self.clock.go(step)
            await self.controller.look()
            asking = [watched.asking for watched in self.controller._watched.values() if watched.asking]
            await asyncio.gather(*asking)


@pytest.fixture
async def prober(house: House) -> AsyncIterator[Prober]:
    made = Prober(house)
    yield made
    await made.controller._stop()


async def shown(owner: Person, made: dict[str, Any]) -> tuple[str, str]:
    cluster = (await owner.http.get(f"/api/v1/clusters/{made['id']}")).json()
    return cluster["health"], cluster["health_reason"]


def _state(breaker: Breaker) -> str:
    return breaker.state


async def test_a_dead_cluster_is_known_within_30_seconds_and_back_within_10(
    owner: Person, cluster: Cluster, register: Register, prober: Prober
) -> None:
    made = await register()
    await prober.pass_time(EVERY)
    assert await shown(owner, made) == ("healthy", "")
    await cluster.stop()
    await prober.pass_time(30)
    health, reason = await shown(owner, made)
    assert health == "unreachable"
    assert "refused" in reason
    await cluster.start()
    await prober.pass_time(10)
    assert await shown(owner, made) == ("healthy", "")


async def test_whoever_wants_something_of_a_dead_cluster_is_told_at_once(
    house: House, cluster: Cluster, register: Register, prober: Prober
) -> None:
    made = await register()
    await prober.pass_time(EVERY)
    breaker = house.get(Connections).policy(UUID(made["id"])).breaker
    await cluster.stop()
    await prober.pass_time(30)
    assert _state(breaker) == "open"
    await cluster.start()
    await prober.pass_time(10)
    assert _state(breaker) == "closed"


async def test_probes_of_dead_clusters_delay_none_of_the_living(
    owner: Person, cluster: Cluster, register: Register, prober: Prober
) -> None:
    made = await register()
    gate = prober.controller._gates[False]
    for _ in range(AT_ONCE_SICK):
        await gate.acquire()  # as many as may at once are hanging
    await prober.pass_time(EVERY)
    assert await shown(owner, made) == ("healthy", "")


async def test_one_of_which_only_a_trickle_comes_through_is_known_as_soon_as_one_that_hangs(
    owner: Person, cluster: Cluster, register: Register, prober: Prober, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "DEADLINES", Deadlines(connect=0.4, tls=0.4, first_byte=0.4, idle=0.4, total=0.4))
    made = await register()
    await prober.pass_time(EVERY)
    assert await shown(owner, made) == ("healthy", "")
    with cluster.faults.inject(Effect.TRICKLE, rate=100.0):
        await prober.pass_time(EVERY + 2 * SOON)  # sooner than its version is asked for again
        assert (await shown(owner, made))[0] == "unreachable"


async def busy(*_: object) -> None:
    raise Unavailable("All database connections are busy.")


async def test_what_could_not_be_kept_is_asked_again_soon(
    house: House, owner: Person, prober: Prober, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register()
    async with house.db.transaction(owner.by.org_id) as tx:
        await tx.execute("update clusters set version = 'v1.0.0'")  # what is found of it is news
    with monkeypatch.context() as full:
        full.setattr(actions, "keep_probe", busy)
        await prober.pass_time(SOON + 1)
    (watched,) = prober.controller._watched.values()
    assert watched.asking
    assert watched.asking.exception() is None
    assert watched.due <= prober.clock() + SOON


async def test_an_answer_of_a_cluster_that_is_well_is_kept_once_it_can_be(
    house: House, owner: Person, prober: Prober, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    await register()
    async with house.db.transaction(owner.by.org_id) as tx:
        await tx.execute("update clusters set answered_at = null, probed_at = null")
    with monkeypatch.context() as full:
        full.setattr(store, "update_well", busy)
        with pytest.raises(Unavailable):
            await prober.pass_time(EVERY)
    await prober.pass_time(1)
    async with house.db.transaction(owner.by.org_id) as tx:
        since = await tx.value("select extract(epoch from now() - answered_at) from clusters")
    assert since is not None
    assert 1 <= since <= EVERY, "by the moment at which it answered"


async def test_one_failed_probe_is_no_outage(
    owner: Person, cluster: Cluster, register: Register, prober: Prober
) -> None:
    made = await register()
    await prober.pass_time(2 * SOON)
    with cluster.faults.inject(Effect.RESET, times=1) as fault:
        await prober.pass_time(EVERY + SOON)
        assert fault.struck == 1
    assert await shown(owner, made) == ("healthy", "")


async def test_one_that_is_well_is_asked_for_its_version_once_a_minute(
    owner: Person, cluster: Cluster, register: Register, prober: Prober
) -> None:
    made = await register()
    await prober.pass_time(EVERY)
    cluster.requests.clear()
    await prober.pass_time(2 * VERSION_EVERY)
    asked = [request.path for request in cluster.requests if request.path in ("/version", "/readyz")]
    assert 1 <= asked.count("/version") <= 2
    assert asked.count("/readyz") >= 12
    cluster.git_version = "v1.99.0"
    await prober.pass_time(VERSION_EVERY + EVERY)
    found = (await owner.http.get(f"/api/v1/clusters/{made['id']}")).json()
    assert found["version"] == "v1.99.0"


async def test_refused_credentials_are_said_and_tried_once_a_minute(
    owner: Person, cluster: Cluster, register: Register, prober: Prober
) -> None:
    made = await register()
    await prober.pass_time(2 * SOON)
    with cluster.faults.inject(Effect.UNAUTHORIZED) as fault:
        await prober.pass_time(5 * REFUSED)
        assert 4 <= fault.struck <= 6
    health, reason = await shown(owner, made)
    assert health == "degraded"
    assert "credentials" in reason


async def test_new_credentials_are_tried_at_once(
    owner: Person, cluster: Cluster, register: Register, prober: Prober
) -> None:
    made = await register()
    await prober.pass_time(2 * SOON)
    del cluster.tokens[cluster.admin_token]
    await prober.pass_time(EVERY)
    assert (await shown(owner, made))[0] == "degraded"
    body = {"kubeconfig": cluster.kubeconfig(token=cluster.issue_token("robot", ("system:masters",)))}
    await owner.http.put(f"/api/v1/clusters/{made['id']}/credentials", json=body)
    await prober.pass_time(2 * SOON)
    assert await shown(owner, made) == ("healthy", "")
    assert cluster.requests[-1].user == "robot"


async def test_a_failing_api_server_is_degraded_and_one_that_is_back_is_asked_again(
    owner: Person, house: House, cluster: Cluster, register: Register, prober: Prober
) -> None:
    made = await register()
    breaker = house.get(Connections).policy(UUID(made["id"])).breaker
    breaker.force("open")
    with cluster.faults.inject(Effect.ERROR, code=503):
        await prober.pass_time(EVERY)
        health, reason = await shown(owner, made)
        assert health == "degraded"
        assert "503" in reason
        assert _state(breaker) != "closed"
    await prober.pass_time(10)
    assert await shown(owner, made) == ("healthy", "")
    assert _state(breaker) == "closed"


async def test_a_hanging_cluster_keeps_none_of_the_others_waiting(
    owner: Person, cluster: Cluster, register: Register, house: House
) -> None:
    await register(name="hangs")
    controller = ProbeController(house)
    with cluster.faults.inject(Effect.HANG):
        running = asyncio.create_task(controller.run())
        try:
            await asyncio.sleep(4)
            async with asyncio.timeout(1):
                await controller.look()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def test_a_removed_cluster_is_left_in_peace(
    owner: Person, cluster: Cluster, register: Register, prober: Prober
) -> None:
    made = await register()
    await prober.pass_time(EVERY)
    await owner.http.delete(f"/api/v1/clusters/{made['id']}")
    await prober.pass_time(1)
    before = len(cluster.requests)
    await prober.pass_time(2 * EVERY)
    assert len(cluster.requests) == before


async def test_it_reads_where_the_nodes_are(
    owner: Person, cluster: Cluster, register: Register, prober: Prober
) -> None:
    made = await register()
    assert made["region"] == ""
    cluster.seed(nodes=2, pods=1)
    await prober.pass_time(2 * SOON)
    assert (await owner.http.get(f"/api/v1/clusters/{made['id']}")).json()["region"]


async def test_only_who_follows_a_cluster_probes_it(
    owner: Person, cluster: Cluster, register: Register, house: House, prober: Prober
) -> None:
    made = await register()
    house.get(Connections).followed.clear()
    cluster.requests.clear()
    await prober.pass_time(EVERY)
    assert not cluster.requests
    house.get(Connections).followed.add(UUID(made["id"]))
    await prober.pass_time(EVERY)
    assert "/version" in [request.path for request in cluster.requests]


async def test_another_process_hears_that_a_cluster_is_back(
    owner: Person, cluster: Cluster, register: Register, house: House, prober: Prober
) -> None:
    made = await register()
    others = Connections(house.vault, private=True)
    async with house.db.transaction(owner.by.org_id) as tx:
        await others.client(tx, UUID(made["id"]))
    breaker = others.policy(UUID(made["id"])).breaker
    other = House(house.settings, house.db, house.changes, house.vault)
    other.put(others)
    await cluster.stop()
    await prober.pass_time(30)
    breaker.force("open")
    hearing = asyncio.create_task(Recovery(other).run())
    await cluster.start()
    await prober.pass_time(10)
    try:
        async with asyncio.timeout(10):
            while _state(breaker) != "closed":
                await asyncio.sleep(0.05)
    finally:
        await end(hearing)
        await others.close()


async def test_news_of_a_cluster_that_fails_do_not_count_as_that_it_is_back(
    owner: Person, register: Register, house: House, prober: Prober, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its streams fail before the prober knows: whoever asked it then would wait again and again."""
    made = await register()
    await prober.pass_time(EVERY)
    cluster_id, asked = UUID(made["id"]), asyncio.Queue[UUID]()
    ask = Recovery._ask

    async def noted(self: Recovery, org_id: UUID, cluster_id: UUID) -> None:
        await ask(self, org_id, cluster_id)
        await asked.put(cluster_id)

    monkeypatch.setattr(Recovery, "_ask", noted)
    async with house.db.transaction(owner.by.org_id) as tx:
        await house.get(Connections).client(tx, cluster_id)
    breaker = house.get(Connections).policy(cluster_id).breaker
    hearing = asyncio.create_task(Recovery(house).run())
    try:
        await asyncio.sleep(0.2)  # it listens
        breaker.force("open")
        for trouble in ("12 of 53 kinds are not live", ""):
            async with house.db.transaction(owner.by.org_id) as tx:
                await actions.report_streams(tx, cluster_id, trouble)
            async with asyncio.timeout(10):
                assert await asked.get() == cluster_id
            assert _state(breaker) == "open"
    finally:
        await end(hearing)
