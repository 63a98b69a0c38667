"""The port of a cluster speaks HTTP/2 and HTTP/1.1, and says the same by both."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from basefly.base.kube.client import Client
from basefly.base.kube.credentials import Credentials
from basefly.base.secret import Secret
from basefly.sim import Cluster
from basefly.sim.faults import Effect

NAMESPACES = "/api/v1/namespaces"
WATCH = f"{NAMESPACES}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
BOTH = pytest.mark.parametrize("spoken", ["HTTP/1.1", "HTTP/2"])


@asynccontextmanager
async def speaking(cluster: Cluster, spoken: str) -> AsyncIterator[httpx.AsyncClient]:
    """An administrator's client that can speak both, and a cluster that offers both or HTTP/1.1 alone."""
    cluster.http2(spoken == "HTTP/2")
    trust = ssl.create_default_context(cadata=cluster.authority.pem.decode())
    headers = {"Authorization": f"Bearer {cluster.admin_token}"}
    async with httpx.AsyncClient(http2=True, verify=trust, headers=headers, base_url=cluster.server) as client:
        yield client


@BOTH
async def test_answers_are_the_same(cluster: Cluster, spoken: str) -> None:
    async with speaking(cluster, spoken) as client:
        listed = await client.get(NAMESPACES)
        assert (listed.http_version, listed.status_code) == (spoken, 200)
        assert listed.headers["content-type"] == "application/json"
        assert int(listed.headers["content-length"]) == len(listed.content)
        refused = await client.get(f"{NAMESPACES}/nowhere")
        assert (refused.status_code, refused.json()["reason"]) == (404, "NotFound")


@BOTH
async def test_bodies_arrive_whole(cluster: Cluster, spoken: str) -> None:
    large = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "large"}, "data": {"text": "x" * 900_000}}
    async with speaking(cluster, spoken) as client:
        made = await client.post(f"{NAMESPACES}/default/configmaps", json=large)
        assert made.status_code == 201
        assert made.json()["data"] == large["data"]
        assert (await client.delete(f"{NAMESPACES}/default/configmaps/large")).status_code == 200


@BOTH
async def test_a_watch_tells_what_happens(cluster: Cluster, spoken: str) -> None:
    async with speaking(cluster, spoken) as client, client.stream("GET", WATCH) as answer:
        told: list[str] = []
        async for line in answer.aiter_lines():
            event = json.loads(line)
            told.append(event["object"]["metadata"].get("name", event["type"]))
            if event["type"] == "BOOKMARK":
                cluster.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
            if told[-1] == "shop":
                break
    assert told[-2:] == ["BOOKMARK", "shop"]


@BOTH
async def test_a_watch_that_nobody_reads_any_longer_ends(cluster: Cluster, spoken: str) -> None:
    cluster.http2(spoken == "HTTP/2")
    trusted = Credentials(server=cluster.server, ca=cluster.authority.pem.decode(), token=Secret(cluster.admin_token))
    async with Client(trusted) as client, client.stream(NAMESPACES, {"watch": "1"}):
        async with client.stream(NAMESPACES, {"watch": "1", "resourceVersion": "0"}) as lines:
            async for _ in lines:
                break
            assert cluster.faults.open_watches == 2
        async with asyncio.timeout(10):
            while cluster.faults.open_watches > 1:
                await asyncio.sleep(0.01)


@BOTH
@pytest.mark.parametrize("how", ["drop", "cut", "truncated", "reset"])
async def test_what_is_cut_is_an_error_to_who_reads(cluster: Cluster, spoken: str, how: str) -> None:
    if how == "truncated":
        cluster.faults.add(Effect.TRUNCATED, verb="watch", after=100)
    if how == "reset":
        cluster.faults.add(Effect.RESET, verb="watch")
    async with speaking(cluster, spoken) as client:
        with pytest.raises(httpx.RemoteProtocolError if spoken == "HTTP/2" else httpx.TransportError):
            await _read(client, {"drop": cluster.faults.drop_watches, "cut": cluster.cut}.get(how))
        await _none_is_open(cluster)


async def test_a_stream_that_is_cut_leaves_the_others_of_its_connection(cluster: Cluster) -> None:
    async with speaking(cluster, "HTTP/2") as client, client.stream("GET", WATCH) as kept:
        lines = kept.aiter_lines()
        await anext(lines)
        with cluster.faults.inject(Effect.RESET, verb="list"), pytest.raises(httpx.RemoteProtocolError):
            await client.get(NAMESPACES)
        cluster.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        while '"shop"' not in await anext(lines):
            pass


async def test_a_reader_that_takes_nothing_does_not_stop_the_others(cluster: Cluster) -> None:
    for number in range(20):
        named = {"name": f"large-{number}", "namespace": "default"}
        data = {"text": "x" * 90_000}
        cluster.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": named, "data": data})
    async with speaking(cluster, "HTTP/2") as client:
        watch = WATCH.replace("namespaces", "configmaps")
        async with client.stream("GET", watch) as idle:
            assert idle.status_code == 200
            assert (await client.get(NAMESPACES)).status_code == 200


@BOTH
async def test_a_restart_ends_what_is_open_and_answers_again(cluster: Cluster, spoken: str) -> None:
    async with speaking(cluster, spoken) as client:
        async with client.stream("GET", WATCH) as answer:
            await anext(answer.aiter_lines())
            await cluster.restart()
        assert (await client.get(NAMESPACES)).status_code == 200
    assert cluster.faults.open_watches == 0


async def test_certificates_of_clients_are_seen(cluster: Cluster, tmp_path: Path) -> None:
    pair = cluster.authority.client("anna", ("system:masters",))
    chain = tmp_path / "chain.pem"
    chain.write_bytes(pair.certificate + pair.key)
    trust = ssl.create_default_context(cadata=cluster.authority.pem.decode())
    trust.load_cert_chain(chain)
    async with httpx.AsyncClient(http2=True, verify=trust, base_url=cluster.server) as client:
        answer = await client.get(NAMESPACES)
    assert (answer.http_version, answer.status_code) == ("HTTP/2", 200)
    assert cluster.requests[-1].user == "anna"


async def _read(client: httpx.AsyncClient, each: Callable[[], object] | None) -> None:
    """Read a watch to its end, doing this at each line."""
    async with client.stream("GET", WATCH) as answer:
        async for _ in answer.aiter_lines():
            if each:
                each()


async def _none_is_open(cluster: Cluster) -> None:
    async with asyncio.timeout(10):
        while cluster.faults.open_watches:
            await asyncio.sleep(0.01)
