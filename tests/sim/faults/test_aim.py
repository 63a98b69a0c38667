"""Whom a fault meets: by verb, resource, path, share, times and time; and the refusals that need a kind of request."""

from __future__ import annotations

import asyncio

import pytest

from basefly.sim import Cluster, Effect
from tests.sim.asking import asking
from tests.sim.faults.raw import MAPS, config_map, hear


@pytest.mark.parametrize(
    "aim",
    [
        {"path": "/api/v1/namespaces/default/*"},
        {"resource": "configmaps"},
        {"verb": "list", "resource": "configmaps"},
    ],
)
async def test_only_what_is_aimed_at_is_met(cluster: Cluster, aim: dict[str, str]) -> None:
    with cluster.faults.inject(Effect.ERROR, code=503, **aim) as fault:
        assert (await hear(cluster, MAPS)).status == 503
        assert (await hear(cluster, "/api/v1/nodes")).status == 200
        assert (await hear(cluster, "/api/v1/namespaces")).status == 200
    assert fault.struck == 1


async def test_a_resource_may_name_its_group(cluster: Cluster) -> None:
    with cluster.faults.inject(Effect.ERROR, resource="deployments.apps"):
        assert (await hear(cluster, "/apis/apps/v1/deployments")).status == 500
        assert (await hear(cluster, "/apis/apps/v1/replicasets")).status == 200


async def test_a_share_repeats_with_its_seed(cluster: Cluster) -> None:
    async def pattern(seed: int) -> list[int]:
        with cluster.faults.inject(Effect.ERROR, share=0.5, seed=seed):
            return [(await hear(cluster, MAPS)).status for _ in range(12)]

    first = await pattern(1)
    assert set(first) == {200, 500}
    assert await pattern(1) == first
    assert await pattern(2) != first


async def test_a_share_of_the_events(cluster: Cluster) -> None:
    start = cluster.store.version
    for number in range(40):
        cluster.api.create(config_map(f"m-{number}"))
    with cluster.faults.inject(Effect.DUPLICATE, share=0.25, seed=3):
        heard = await hear(cluster, f"{MAPS}?watch=1&timeoutSeconds=1&resourceVersion={start}")
    assert len(set(heard.lines)) == 40
    assert 44 <= len(heard.lines) <= 56


async def test_a_fault_ends_by_itself(cluster: Cluster) -> None:
    cluster.faults.add(Effect.ERROR, duration=0.5)
    assert (await hear(cluster, MAPS)).status == 500
    await asyncio.sleep(0.6)
    assert (await hear(cluster, MAPS)).status == 200


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"share": 2}, "share"), ({"effect": "slwo"}, "slwo"), ({"speed": 1}, "speed"), ({"code": 404}, "code")],
)
def test_a_fault_that_cannot_be_is_refused(cluster: Cluster, wrong: dict[str, object], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        cluster.faults.add(**({"effect": "error"} | wrong))  # type: ignore[arg-type]  # wrong on purpose


async def test_conflicts_meet_writes_alone(cluster: Cluster) -> None:
    cluster.faults.add(Effect.CONFLICT)
    async with asking(cluster) as asker:
        await asker.get(MAPS)
        status, answer = await asker.ask(f"{MAPS}/kube-root-ca.crt", method="DELETE")
        assert (status, answer["reason"], answer["details"]["name"]) == (409, "Conflict", "kube-root-ca.crt")
        review = {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}}
        path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        assert (await asker.ask(path, method="POST", body=review))[0] == 201


async def test_pages_expire_but_the_first(cluster: Cluster) -> None:
    cluster.faults.add(Effect.GONE_ON_PAGE)
    async with asking(cluster) as asker:
        first = await asker.get("/api/v1/namespaces?limit=2")
        token = first["metadata"]["continue"]
        status, answer = await asker.ask(f"/api/v1/namespaces?limit=2&continue={token}")
    assert (status, answer["reason"]) == (410, "Expired")
    assert answer["metadata"]["continue"]
