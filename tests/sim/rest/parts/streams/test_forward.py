"""Port-forwarding: through the real kubectl, through the official Python client, and frame by frame."""

from __future__ import annotations

import asyncio
import importlib
import re
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from basefly.sim import Cluster
from basefly.sim.rest.parts.streams import spdy
from basefly.sim.rest.parts.streams.spdy import Frame, Framer
from tests.sim.asking import trusting
from tests.sim.rest.parts.pods import POD, plant
from tests.sim.test_clients import KUBECTL, Kubectl

TUNNEL = "SPDY/3.1+portforward.k8s.io"


@asynccontextmanager
async def forwarding(kubectl: Kubectl, port: int) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """A running kubectl port-forward, and the local address that it listens at."""
    pipe = asyncio.subprocess.PIPE
    command = (str(KUBECTL), "port-forward", "pod/web", f":{port}")
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, env=kubectl.environment)
    assert process.stdout
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), 20)).decode()
        found = re.search(r"127\.0\.0\.1:\d+", line)
        assert found, line
        yield f"http://{found[0]}", process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_kubectl_forwards_many_connections(cluster: Cluster, kubectl: Kubectl) -> None:
    plant(cluster)
    async with forwarding(kubectl, 8080) as (address, _), aiohttp.ClientSession() as session:

        async def fetch() -> str:
            async with session.get(address, headers={"Connection": "close"}) as response:
                assert response.status == 200
                return await response.text()

        assert await asyncio.gather(*(fetch() for _ in range(20))) == ["web\n"] * 20
        async with session.post(address, data=bytes(5_000_000)) as response:
            assert await response.text() == "web\n"
    assert cluster.requests[-1].headers["sec-websocket-protocol"] == TUNNEL


async def test_kubectl_is_told_that_nothing_listens(cluster: Cluster, kubectl: Kubectl) -> None:
    plant(cluster)
    async with forwarding(kubectl, 81) as (address, process), aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientError):
            await session.get(address)
        assert process.stderr
        told = (await asyncio.wait_for(process.stderr.readline(), 10)).decode()
    assert "error forwarding port 81 to pod" in told
    assert "connect: connection refused" in told


def forward_with_the_official_client(config: str) -> tuple[bytes, str | None]:
    kubernetes: Any = importlib.import_module("kubernetes")  # it carries no types
    streams: Any = importlib.import_module("kubernetes.stream")
    core = kubernetes.client.CoreV1Api(kubernetes.config.new_client_from_config(config))
    tunnel = streams.portforward(core.connect_get_namespaced_pod_portforward, "web", "default", ports="8080,81")
    socket = tunnel.socket(8080)
    socket.settimeout(10)
    socket.sendall(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
    heard = b""
    while not heard.endswith(b"\n") or b"\r\n\r\n" not in heard or heard.endswith(b"\r\n"):
        heard += socket.recv(4096)
    return heard, tunnel.error(81)


async def test_the_official_python_client_forwards(cluster: Cluster, tmp_path: Path) -> None:
    plant(cluster)
    path = tmp_path / "config"
    path.write_text(cluster.kubeconfig())
    heard, error = await asyncio.to_thread(forward_with_the_official_client, str(path))
    assert heard.startswith(b"HTTP/1.1 200 OK\r\n")
    assert heard.endswith(b"\r\n\r\nweb\n")
    assert error is not None
    assert "connection refused" in error


class Peer:
    """The other end of a tunnel, speaking frames."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket, self._framer = socket, Framer()
        self._pack = zlib.compressobj(zdict=spdy.DICTIONARY)
        self._frames: list[Frame] = []

    async def open(self, stream: int, **headers: str) -> bytes:
        """A stream with these headers; returns its frame, for those who send it in pieces."""
        words = [struct.pack(">I", len(word)) + word.encode() for pair in headers.items() for word in pair]
        block = self._pack.compress(struct.pack(">I", len(headers)) + b"".join(words))
        block += self._pack.flush(zlib.Z_SYNC_FLUSH)
        return spdy.control(spdy.SYN_STREAM, struct.pack(">IIH", stream, 0, 0) + block)

    async def send(self, data: bytes) -> None:
        await self.socket.send_bytes(data)

    async def frame(self) -> Frame:
        while not self._frames:
            message = await self.socket.receive(10)
            assert message.type is aiohttp.WSMsgType.BINARY, message
            self._frames += self._framer.feed(message.data)
        return self._frames.pop(0)


@asynccontextmanager
async def tunnel(cluster: Cluster) -> AsyncIterator[Peer]:
    url = f"{cluster.server}{POD}/portforward"
    async with trusting(cluster) as session, session.ws_connect(url, protocols=(TUNNEL,)) as socket:
        yield Peer(socket)


async def test_frames_may_come_in_pieces_and_connections_are_reused(cluster: Cluster) -> None:
    plant(cluster)
    request = b"GET / HTTP/1.1\r\nHost: web\r\n\r\n"
    async with tunnel(cluster) as peer:
        frames = await peer.open(1, streamtype="error", port="8080", requestid="0")
        frames += spdy.data(1, b"", ends=True)
        frames += await peer.open(3, streamtype="data", port="8080", requestid="0")
        frames += spdy.data(3, request + request)
        for start in range(0, len(frames), 7):
            await peer.send(frames[start : start + 7])
        assert [(await peer.frame()).kind for _ in range(2)] == [spdy.SYN_REPLY, spdy.SYN_REPLY]
        bodies = [await peer.frame(), await peer.frame()]
        assert [(body.stream, body.payload[-8:]) for body in bodies] == [(3, b"\r\n\r\nweb\n")] * 2
        await peer.send(spdy.data(3, b"", ends=True))
        assert [(held.stream, held.ends) for held in (await peer.frame(), await peer.frame())] == [(3, True), (1, True)]


async def test_pings_are_answered_and_goaway_ends(cluster: Cluster) -> None:
    plant(cluster)
    async with tunnel(cluster) as peer:
        await peer.send(spdy.control(spdy.PING, struct.pack(">I", 5)))
        assert (await peer.frame()).payload == struct.pack(">I", 5)
        await peer.send(spdy.control(spdy.GOAWAY, struct.pack(">II", 0, 0)))
        assert (await peer.socket.receive(10)).type is aiohttp.WSMsgType.CLOSE


async def test_a_reset_stream_leaves_the_others(cluster: Cluster) -> None:
    plant(cluster)
    async with tunnel(cluster) as peer:
        for number, request in ((1, "0"), (5, "1")):
            await peer.send(await peer.open(number, streamtype="error", port="8080", requestid=request))
            await peer.send(await peer.open(number + 2, streamtype="data", port="8080", requestid=request))
        await peer.send(spdy.control(spdy.RST_STREAM, struct.pack(">II", 3, 5)))
        await peer.send(spdy.data(7, b"GET / HTTP/1.0\r\n\r\n"))
        frames = [await peer.frame() for _ in range(7)]
    assert [(held.stream, held.ends) for held in frames[4:]] == [(7, False), (7, True), (5, True)]
    assert frames[4].payload.endswith(b"web\n")


async def test_a_pod_without_a_node_has_no_ports(cluster: Cluster, kubectl: Kubectl) -> None:
    plant(cluster, node="", phase="Running")
    code, told = await kubectl.run("port-forward", "web", ":8080")
    assert code == 1
    assert "pod web does not have a host assigned" in told
