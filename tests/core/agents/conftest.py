"""A hub whose agents may come, a simulated cluster, and agents that run against both."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from basefly.agent.config import Config
from basefly.agent.keeping import FileKeeping
from basefly.agent.program import Agent
from basefly.base.kube import kubeconfig
from basefly.base.runtime.controllers import supervise
from basefly.base.secret import Secret
from basefly.core.agents.controller import AgentsController
from basefly.sim import Cluster
from tests.core.sync.conftest import eventually, running
from tests.people import Hub, Person
from tests.sim.fixtures import cluster, fleet

__all__ = ["cluster", "eventually", "fleet", "running"]

Issue = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
async def attentive(hub: Hub) -> AsyncIterator[Hub]:
    """A hub whose sessions hear what is decided about their agents."""
    async with running(supervise([AgentsController(hub.house)], first=0.1)):
        yield hub


@pytest.fixture
def issue(owner: Person) -> Issue:
    """Makes an enrolment token, over the API."""

    async def call(**wish: Any) -> dict[str, Any]:
        answer = await owner.http.post("/api/v1/agent-tokens", json={"name": "berlin", **wish})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    return call


def config(hub_url: str, issued: dict[str, Any], cluster: Cluster, folder: Path, **more: Any) -> Config:
    """How an agent of the simulated cluster would be set up."""
    (context,) = kubeconfig.read(cluster.kubeconfig())
    given = context.credentials
    assert given is not None
    assert given.ca is not None
    assert given.token is not None
    folder.mkdir(exist_ok=True)
    (folder / "ca.crt").write_text(given.ca)
    (folder / "token").write_text(given.token.reveal())
    made = Config(
        hub=hub_url,
        hub_key=base64.b64decode(issued["hub_key"].removeprefix("ed25519:")),
        token=Secret(issued["token"]),
        hub_ca="",
        state=str(folder / "state.json"),
        api=given.server,
        api_ca=folder / "ca.crt",
        api_token=folder / "token",
        api_name=given.tls_server_name or "",
        health=0,
        proxy="",
        no_proxy="",
    )
    return msgspec.structs.replace(made, **more)


def agent(setup: Config, **more: Any) -> Agent:
    """An agent that keeps its keys in a file."""
    return Agent(setup, FileKeeping(Path(setup.state)), **more)


@asynccontextmanager
async def working(one: Agent) -> AsyncIterator[Agent]:
    """An agent that runs, once the hub knows it."""

    async def there() -> bool:
        return one.connected

    async with running(asyncio.ensure_future(one.run())):
        await eventually(there, 10)
        yield one


async def approved(person: Person, name: str = "berlin") -> str:
    """Approve the agent that waits, once it has said how its cluster is spoken to; the id of its cluster."""
    found: list[dict[str, Any]] = []

    async def waiting() -> bool:
        answer = await person.http.get("/api/v1/agents")
        found[:] = [each for each in answer.json()["items"] if each["state"] == "pending" and each["name"] == name]
        return bool(found)

    await eventually(waiting, 10)
    path = f"/api/v1/agents/{found[0]['id']}/approvals"
    while (answer := await person.http.post(path)).status_code == 409:
        await asyncio.sleep(0.1)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["cluster_id"])
