"""A fleet: authentication, certificates, restarts, faults, and the record of requests."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import aiohttp
import pytest
import yaml

from basefly.sim import Cluster, Effect, Fleet
from basefly.sim.access.certificates import Pair
from tests.sim.asking import asking

PODS = "/api/v1/pods"


def trust(cluster: Cluster, shown: Pair | None = None, folder: Any = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=cluster.authority.pem.decode())
    if shown:
        path = folder / "client.pem"
        path.write_bytes(shown.certificate + shown.key)
        context.load_cert_chain(path)
    return context


async def test_a_kubeconfig_names_every_cluster(fleet: Fleet) -> None:
    held = yaml.safe_load(fleet.kubeconfig())
    assert [context["name"] for context in held["contexts"]] == ["sim-1", "sim-2"]
    servers = [entry["cluster"]["server"] for entry in held["clusters"]]
    assert servers == [member.server for member in fleet.clusters]
    assert len(set(servers)) == 2


@pytest.mark.parametrize("token", ["", "wrong", "tökén"])
async def test_who_shows_no_valid_token_is_refused(cluster: Cluster, token: str) -> None:
    async with asking(cluster, "unused") as asker:
        given = {"Authorization": f"Bearer {token}"} if token else {"Authorization": ""}
        status, answer = await asker.ask(PODS, headers=given)
    assert status == 401
    assert answer == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }


async def test_a_client_certificate_names_a_user_and_groups(cluster: Cluster, tmp_path: Any) -> None:
    shown = cluster.authority.client("jane", ("system:masters",))
    connector = aiohttp.TCPConnector(ssl=trust(cluster, shown, tmp_path))
    async with aiohttp.ClientSession(connector=connector) as session, session.get(cluster.server + PODS) as response:
        assert response.status == 200
    assert cluster.requests[-1].user == "jane"


async def test_another_clusters_authority_is_not_trusted(fleet: Fleet) -> None:
    first, second = fleet.clusters
    connector = aiohttp.TCPConnector(ssl=trust(first))
    async with aiohttp.ClientSession(connector=connector) as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(second.server + PODS)


async def test_a_restart_keeps_address_and_objects_and_cuts_watches(cluster: Cluster) -> None:
    before = cluster.server
    async with asking(cluster) as asker:

        async def follow() -> None:
            async for _ in asker.watch("/api/v1/namespaces?watch=1"):
                pass

        following = asyncio.create_task(follow())
        while not cluster.faults.open_watches:
            await asyncio.sleep(0.01)
        await cluster.restart()
        with pytest.raises(aiohttp.ClientError):
            await following
        assert cluster.server == before
        assert len((await asker.get("/api/v1/namespaces"))["items"]) == 4


async def test_a_cluster_stops_though_clients_stay_connected(cluster: Cluster) -> None:
    async with asking(cluster) as asker:
        await asker.get(PODS)
        cluster.faults.add(Effect.HANG)
        waiting = asyncio.create_task(asker.ask(PODS))
        while len(cluster.requests) < 2:
            await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            await cluster.stop()
        with pytest.raises(aiohttp.ClientError):
            await waiting


async def test_requests_are_recorded_with_their_meaning(cluster: Cluster) -> None:
    async with asking(cluster) as asker:
        await asker.get("/api/v1/pods?limit=5", **{"X-Request-ID": "abc"})
        await asker.ask("/apis/apps/v1/namespaces/default/deployments/web/scale")
    [listed] = [request for request in cluster.requests if request.is_list]
    assert (listed.target.resource, listed.query["limit"], listed.headers["x-request-id"]) == ("pods", "5", "abc")
    last = cluster.requests[-1]
    assert (last.target.name, last.target.subresource, last.status) == ("web", "scale", 404)


@pytest.mark.parametrize(
    ("effect", "code", "reason"),
    [
        (Effect.UNAUTHORIZED, 401, "Unauthorized"),
        (Effect.FORBIDDEN, 403, "Forbidden"),
        (Effect.GONE, 410, "Expired"),
        (Effect.TOO_MANY, 429, "TooManyRequests"),
        (Effect.ERROR, 500, "InternalError"),
    ],
)
async def test_a_fault_meets_whom_it_is_for(
    cluster: Cluster,
    effect: Effect,
    code: int,
    reason: str,
) -> None:
    async with asking(cluster) as asker:
        with cluster.faults.inject(effect, resource="pods", times=1):
            await asker.get("/api/v1/nodes")
            status, answer = await asker.ask(PODS)
            assert (status, answer["reason"]) == (code, reason)
            await asker.get(PODS)


async def test_faults_of_the_connection(cluster: Cluster) -> None:
    async with asking(cluster) as asker:
        with cluster.faults.inject(Effect.RESET), pytest.raises(aiohttp.ClientError):
            await asker.get(PODS)
        with cluster.faults.inject(Effect.HANG), pytest.raises(TimeoutError):
            await asyncio.wait_for(asker.get(PODS), 0.3)
        with cluster.faults.inject(Effect.SLOW, seconds=0.2):
            began = asyncio.get_running_loop().time()
            await asker.get(PODS)
            assert asyncio.get_running_loop().time() - began >= 0.2
        await asker.get(PODS)


async def test_dropped_watches_end_abruptly(cluster: Cluster) -> None:
    async with asking(cluster) as asker:
        events = asker.watch("/api/v1/namespaces?watch=1")
        assert (await anext(events))["type"] == "ADDED"
        assert cluster.faults.drop_watches() == 1
        with pytest.raises(aiohttp.ClientError):
            async for _ in events:
                pass
