"""The way to the hub: through a proxy, to nobody whose certificate is not trusted; and where keys are kept."""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from basefly.agent.cluster import Cluster as Here
from basefly.agent.dialing import dial
from basefly.agent.keeping import SecretKeeping, State
from basefly.base.authority import Authority
from basefly.base.tunnel.websocket import Refused
from basefly.sim import Cluster
from tests.core.agents.conftest import Issue, agent, cluster, config, fleet, issue, working
from tests.people import Hub

__all__ = ["cluster", "fleet", "issue"]


class Proxy:
    """A proxy that leads to wherever it is asked, for whoever has the password."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = "200 Connection established"

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        yield server.sockets[0].getsockname()[1]
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        writer.write(f"HTTP/1.1 {self.status}\r\n\r\n".encode())
        if not self.status.startswith("200"):
            writer.close()
            return
        host, _, port = head.split()[1].rpartition(":")
        inner, outer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(_pass(reader, outer), _pass(inner, writer))


async def _pass(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(65536):
        sink.write(data)
        await sink.drain()
    sink.close()


async def test_a_proxy_is_asked_for_the_way(hub: Hub, issue: Issue, cluster: Cluster, tmp_path: Path) -> None:
    proxy = Proxy()
    async with proxy.listening() as port:
        through = f"http://mia:s%40lt@127.0.0.1:{port}"
        setup = config(hub.url, await issue(), cluster, tmp_path / "a", proxy=through)
        async with working(agent(setup)):
            pass
        assert proxy.asked[0].startswith(f"CONNECT {hub.url.removeprefix('http://')} HTTP/1.1")
        assert f"Basic {base64.b64encode(b'mia:s@lt').decode()}" in proxy.asked[0]


async def test_a_proxy_that_refuses_is_told(hub: Hub, issue: Issue, cluster: Cluster, tmp_path: Path) -> None:
    proxy = Proxy()
    proxy.status = "407 Proxy Authentication Required"
    async with proxy.listening() as port:
        setup = config(hub.url, await issue(), cluster, tmp_path / "a", proxy=f"http://127.0.0.1:{port}")
        with pytest.raises(ConnectionRefusedError, match="407"):
            await dial(setup)


async def test_a_proxy_is_passed_by_where_it_is_not_wanted(
    hub: Hub, issue: Issue, cluster: Cluster, tmp_path: Path
) -> None:
    given = {"proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
    (await dial(config(hub.url, await issue(), cluster, tmp_path / "a", **given))).close()


async def test_whoever_has_no_trusted_certificate_hears_nothing(
    hub: Hub, issue: Issue, cluster: Cluster, tmp_path: Path
) -> None:
    ours, theirs = Authority.read(Authority.make()), Authority.read(Authority.make())
    (tmp_path / "chain.pem").write_bytes(theirs.chain(["127.0.0.1"]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "chain.pem")
    (tmp_path / "ours.crt").write_text(ours.certificate)
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    setup = config(url, await issue(), cluster, tmp_path / "a", hub_ca=str(tmp_path / "ours.crt"))
    assert ours.certificate != theirs.certificate
    with pytest.raises(ssl.SSLCertVerificationError):
        await dial(setup)
    assert not heard
    server.close()


async def test_who_is_no_hub_is_told_as_such(issue: Issue, cluster: Cluster, tmp_path: Path) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 5\r\n\r\nlater")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    with pytest.raises(Refused) as refused:
        await dial(config(url, await issue(), cluster, tmp_path / "a"))
    assert (refused.value.status, refused.value.retry_after) == (503, 7.0)
    server.close()


async def test_keys_are_kept_in_a_secret_beside_the_token(
    hub: Hub, issue: Issue, cluster: Cluster, tmp_path: Path
) -> None:
    meta = {"name": "basefly-agent", "namespace": "default"}
    token = base64.b64encode(b"basefly_agent_x").decode()
    cluster.api.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"token": token}})
    kept = SecretKeeping(Here(config(hub.url, await issue(), cluster, tmp_path / "a")), "default", "basefly-agent")
    assert await kept.read() == State()
    state = State(organization="o", current="a", next="b", since=7)
    await kept.write(state)
    assert await kept.read() == state
    assert (await kept.token()).reveal() == "basefly_agent_x"
