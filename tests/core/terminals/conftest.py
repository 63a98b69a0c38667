"""A simulated cluster whose pods can be entered, from a page and through the gateway."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from basefly.base.authority import Authority
from basefly.sim import Cluster
from tests.core.clusters.conftest import Register, register
from tests.core.gateway.conftest import client, gateway
from tests.core.gateway.test_proxy import allow
from tests.people import Hub, Person
from tests.sim.fixtures import cluster, fleet

__all__ = ["client", "cluster", "fleet", "gateway", "register"]

Enter = Callable[..., Any]


@pytest.fixture
async def prod(register: Register, cluster: Cluster) -> str:
    """A cluster that lives, and lets the hub's people do what they may."""
    for group, role in (
        ("basefly:admin", "cluster-admin"),
        ("basefly:view", "view"),
        ("basefly:exec", "cluster-admin"),
    ):
        allow(cluster, group, role)
    cluster.seed(nodes=2, pods=30, seed=4)
    return str((await register(name="prod"))["id"])


@pytest.fixture
def pod(prod: str, cluster: Cluster) -> dict[str, Any]:
    """A pod that runs."""
    return next(pod for pod in cluster.api.list("pods") if pod["status"].get("phase") == "Running")


def page_of(prod: str, pod: dict[str, Any], **query: str) -> str:
    asked = "&".join(f"{name}={value}" for name, value in {"namespace": pod["metadata"]["namespace"], **query}.items())
    return f"/clusters/{prod}/objects/pods/{pod['metadata']['name']}/terminal?{asked}"


class Terminal:
    """What the page's terminal does."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.shown = b""
        self.told: list[dict[str, Any]] = []

    async def type(self, text: str) -> None:
        await self.socket.send(text.encode())

    async def say(self, **told: Any) -> None:
        await self.socket.send(json.dumps(told))

    async def until(self, text: str = "", told: str = "") -> None:
        """Listen until this is shown, or this is said."""
        while not ((text and text in self.shown.decode()) or (told and any(t["type"] == told for t in self.told))):
            message = await self.socket.recv()
            if isinstance(message, bytes):
                self.shown += message
                with suppress(ConnectionClosed):  # it may have said its last word
                    await self.say(read=len(self.shown))
            else:
                self.told.append(json.loads(message))


@pytest.fixture
def enter(hub: Hub, prod: str, pod: dict[str, Any]) -> Enter:
    """Opens a terminal as a person's browser does."""

    @asynccontextmanager
    async def call(person: Person, **query: str) -> AsyncIterator[Terminal]:
        address = page_of(prod, query.pop("pod", pod), **query).replace("/terminal?", "/terminal/socket?")  # type: ignore[arg-type]  # a pod, not a word
        headers = {"Cookie": f"basefly={person.secret}", "Sec-Fetch-Site": "same-origin"}
        url = hub.url.replace("http", "ws") + address
        async with connect(url, additional_headers=headers, subprotocols=["terminal.basefly.v1"]) as socket:  # type: ignore[list-item]  # a NewType of str
            yield Terminal(socket)

    return call


@pytest.fixture
def through(hub: Hub, gateway: str, prod: str) -> Callable[..., Awaitable[ClientConnection]]:
    """Enters a pod through the gateway, as kubectl does."""
    trust = ssl.create_default_context(cadata=hub.house.get(Authority).certificate)

    async def call(person: Person, pod: dict[str, Any], query: str, protocol: str = "v5.channel.k8s.io") -> Any:
        made = await person.http.post("/api/v1/tokens", json={"name": f"kubectl {uuid4()}"})
        meta = pod["metadata"]
        path = f"/clusters/{prod}/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/exec?{query}"
        headers = {"Authorization": f"Bearer {made.json()['token']}"}
        return await connect(
            gateway.replace("https", "wss") + path,
            ssl=trust,
            additional_headers=headers,
            subprotocols=[protocol],  # type: ignore[list-item]  # a NewType of str
        )

    return call
