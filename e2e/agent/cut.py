"""An open shell and ten watches through an agent whose network is cut for half a minute: packets vanish, no reset."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import yaml

from basefly.base.authority import Authority
from basefly.sim import Cluster as Simulated
from basefly.sim import Fleet
from e2e.agent.network import HERE, Network, front, neighbour, network
from e2e.agent.program import Agent
from e2e.browser.fleet import let_in
from e2e.hub import Hub
from e2e.plane.cluster import Cluster, kubectl_binary
from e2e.plane.program import free_port

WATCHES = 10
POD = "web"


class Survived(msgspec.Struct, frozen=True, kw_only=True):
    """What a cut did: `back_after` seconds after its end the shell answered and every watch had what it missed."""

    cut_seconds: float
    shell_after: float
    watches_after: float
    relists: int
    sessions: int


class Shell:
    """`kubectl exec -i` through the hub."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    @asynccontextmanager
    async def open(cls, cluster: Cluster) -> AsyncIterator[Shell]:
        command = [kubectl_binary(), "--kubeconfig", str(cluster.kubeconfig), "--context", cluster.context]
        command += ["exec", "-i", POD, "-n", "default", "--", "sh"]
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
        try:
            yield cls(process)
        finally:
            await _end(process)

    async def echo(self, word: str, *, within: float) -> None:
        """Say a word, and hear it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"echo {word}\n".encode())
        async with asyncio.timeout(within):
            while word.encode() not in await self._process.stdout.readline():
                assert self._process.returncode is None, "the shell has ended"


class Watches:
    """`kubectl get -w`, several side by side, and what each of them has printed."""

    def __init__(self) -> None:
        self._seen: list[dict[str, asyncio.Event]] = [{} for _ in range(WATCHES)]

    @asynccontextmanager
    async def running(self, cluster: Cluster) -> AsyncIterator[Watches]:
        command = [kubectl_binary(), "--kubeconfig", str(cluster.kubeconfig), "--context", cluster.context]
        command += ["get", "configmaps", "-n", "default", "-w", "-o", "name"]
        pipe = asyncio.subprocess.PIPE
        processes = [await asyncio.create_subprocess_exec(*command, stdout=pipe) for _ in range(WATCHES)]
        reading = [asyncio.create_task(self._read(at, process)) for at, process in enumerate(processes)]
        try:
            yield self
        finally:
            await asyncio.gather(*(_end(process) for process in processes), *reading, return_exceptions=True)

    async def all(self, name: str, *, within: float) -> float:
        """Wait until each has seen it; how long that took."""
        begun = time.monotonic()
        async with asyncio.timeout(within):
            for event in self._events(name):
                await event.wait()
        return time.monotonic() - begun

    async def _read(self, at: int, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            self._event(at, line.decode().strip().rpartition("/")[2]).set()

    def _events(self, name: str) -> list[asyncio.Event]:
        return [self._event(at, name) for at in range(WATCHES)]

    def _event(self, at: int, name: str) -> asyncio.Event:
        return self._seen[at].setdefault(name, asyncio.Event())


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    await process.wait()


async def survive(folder: Path, seconds: float) -> Survived:
    """Cut for so long, and see what is left."""
    async with AsyncExitStack() as stack:
        fleet = await stack.enter_async_context(Fleet.start(clusters=1))
        simulated = fleet.clusters[0]
        simulated.api.create(_pod())
        hub = stack.enter_context(_hub(folder))
        net = stack.enter_context(network("basefly-cut"))
        behind = await stack.enter_async_context(_behind(hub, simulated, net, folder))
        shell = await stack.enter_async_context(Shell.open(behind))
        await shell.echo("before", within=30)
        watches = await stack.enter_async_context(Watches().running(behind))
        _create(simulated, "first")
        await watches.all("first", within=30)
        lists = _lists(simulated)
        net.cut()
        await asyncio.sleep(seconds / 2)
        for number in range(5):
            _create(simulated, f"missed-{number}")
        await asyncio.sleep(seconds / 2)
        net.mend()
        begun = time.monotonic()
        for number in range(5):
            await watches.all(f"missed-{number}", within=90)
        watches_after = time.monotonic() - begun
        await shell.echo("after", within=90)
        items = await asyncio.to_thread(hub.get, "/audit", act="agent.replaced", limit=500)
        return Survived(
            cut_seconds=seconds,
            shell_after=round(time.monotonic() - begun, 1),
            watches_after=round(watches_after, 1),
            relists=_lists(simulated) - lists,
            sessions=1 + len(items["items"]),
        )


@contextmanager
def _hub(folder: Path) -> Iterator[Hub]:
    with Hub.start(folder / "hub") as hub:
        yield hub


@asynccontextmanager
async def _behind(hub: Hub, simulated: Simulated, net: Network, folder: Path) -> AsyncIterator[Cluster]:
    """The cluster as people reach it: only through an agent in a network of its own."""
    config = folder / "sim.kubeconfig"
    config.write_text(simulated.kubeconfig())
    said = yaml.safe_load(config.read_text())
    cluster = Cluster(config, said["current-context"])
    api = int(said["clusters"][0]["cluster"]["server"].rpartition(":")[2])
    certificate = folder / "front.pem"
    authority = Authority.read(Authority.make())
    certificate.write_bytes(authority.chain([HERE]))
    trusted = folder / "front.crt"
    trusted.write_text(authority.certificate)
    outside, inside = free_port(), free_port()
    async with front(HERE, outside, hub.port, certificate), neighbour(folder / "api.sock", api):
        agent = Agent(hub, cluster, folder / "agent", "cut", "admin")
        given = {
            "BASEFLY_AGENT_HUB": f"https://{HERE}:{outside}",
            "BASEFLY_AGENT_HUB_CA": str(trusted),
            "BASEFLY_AGENT_API": f"https://127.0.0.1:{inside}",
        }
        with net.leading(inside, folder / "api.sock"):
            await asyncio.to_thread(agent.begin, net.inside, **given)
            try:
                await asyncio.to_thread(agent.approve)
                await asyncio.to_thread(let_in, hub, cluster)
                kubeconfig = folder / "cut.kubeconfig"
                done = await asyncio.to_thread(hub.cli, "kubeconfig", "cut", "--file", str(kubeconfig), "--token")
                assert done.returncode == 0, done.stderr
                yield Cluster(kubeconfig, yaml.safe_load(kubeconfig.read_text())["current-context"])
            finally:
                agent.stop()


def _lists(simulated: Simulated) -> int:
    """How often the hub has read a whole kind."""
    return sum(request.is_list for request in simulated.requests)


def _create(simulated: Simulated, name: str) -> None:
    simulated.api.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}})


def _pod() -> dict[str, Any]:
    meta = {"name": POD, "namespace": "default"}
    spec = {"nodeName": "node-1", "containers": [{"name": "app", "image": "app:1"}]}
    running = {
        "name": "app",
        "ready": True,
        "state": {"running": {}},
        "image": "app:1",
        "imageID": "",
        "restartCount": 0,
    }
    status = {"phase": "Running", "containerStatuses": [running]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec, "status": status}


def told(survived: Survived) -> str:
    """For people and programs."""
    return json.dumps(msgspec.to_builtins(survived))
