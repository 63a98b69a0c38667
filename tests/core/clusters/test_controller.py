"""Dead clusters are known, living ones are back, refused credentials are not tried again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from basefly.base.resilience.breaker import Breaker
from basefly.base.runtime.house import House
from basefly.core.clusters.connections import Connections
from basefly.core.clusters.controller import EVERY, REFUSED, SOON, ProbeController
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


async def test_one_failed_probe_is_no_outage(
    owner: Person, cluster: Cluster, register: Register, prober: Prober
) -> None:
    made = await register()
    await prober.pass_time(2 * SOON)
    with cluster.faults.inject(Effect.RESET, times=1) as fault:
        await prober.pass_time(EVERY + SOON)
        assert fault.struck == 1
    assert await shown(owner, made) == ("healthy", "")


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


async def test_two_processes_never_probe_at_once(
    owner: Person, cluster: Cluster, register: Register, house: House
) -> None:
    await register()
    cluster.requests.clear()
    both = [asyncio.create_task(ProbeController(house).run()) for _ in range(2)]
    await asyncio.sleep(4)
    for task in both:
        task.cancel()
    await asyncio.gather(*both, return_exceptions=True)
    assert [r.path for r in cluster.requests].count("/version") == 1
