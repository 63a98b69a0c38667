"""`agent`: a thousand agents come back to a hub that was killed; and what one agent costs at 100 and 20,000 pods.

The crowd speaks the whole protocol, each agent with a key of its own; its clusters are left out, since no agent has
anything to do with their size before the hub asks. The single agent is the program as it runs in a pod.
"""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import yaml
from rich.console import Console
from rich.table import Table

from basefly.base.db.pool import Database
from basefly.base.tunnel.identity import Key
from bench.console.stopwatch import percentile
from bench.fleet import usage
from bench.report import Bar, Run, bars_table
from e2e.agent.program import Agent
from e2e.hub import Hub
from e2e.plane.cluster import Cluster
from e2e.plane.program import Program, eventually

AGENTS, QUICK_AGENTS = 1000, 50
PODS, QUICK_PODS = (100, 20_000), (100,)
BACK, SLOWER = 60.0, 2.0  # s until all are back; times the p99 of the API once ten seconds have passed
RATE = 0.05  # s between two questions to the API
QUIET = 10.0  # s of asking before and after
METRICS = "a-token-of-the-bench-for-the-figures"


class Storm(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds from the hub's start until all were back, its memory, and the p99 of its API in milliseconds."""

    agents: int
    back_seconds: float
    ready_seconds: float
    hub_mib_before: float
    hub_mib_peak: float
    api_p99_calm: float
    api_p99_storm: float
    api_p99_later: float


class Single(msgspec.Struct, frozen=True, kw_only=True):
    """One agent: memory at its most, and seconds of processor until all was read and in the minute after."""

    pods: int
    peak_mib: float
    first_cpu: float
    first_wall: float
    idle_cpu_percent: float


class Measured(msgspec.Struct, frozen=True):
    """The storm, and the agents one by one."""

    storm: Storm
    singles: Sequence[Single]


class Agents(msgspec.Struct, frozen=True):
    """All of it."""

    bench: str
    figures: Measured
    bar: Sequence[Bar]
    holds: bool

    def table(self) -> str:
        """For people."""
        console = Console(file=io.StringIO(), width=140, record=True)
        storm = Table("agents", "back s", "hub ready s", "hub MiB", "peak", "API p99 ms", "in the storm", "10 s later")
        storm.add_row(*(f"{value:,.1f}" for value in msgspec.structs.astuple(self.figures.storm)))
        single = Table("pods", "peak MiB", "CPU s of the first reading", "wall s", "CPU % afterwards")
        for one in self.figures.singles:
            single.add_row(*(f"{value:,.1f}" for value in msgspec.structs.astuple(one)))
        console.print(storm, single, bars_table(self.bar), sep="\n")
        return console.export_text()


def run(options: Run) -> Agents:
    """The storm, then agents one by one."""
    count, sizes = (QUICK_AGENTS, QUICK_PODS) if options.quick else (AGENTS, PODS)
    with tempfile.TemporaryDirectory(prefix="basefly-bench-") as name:
        folder = Path(name)
        storm = _storm(folder / "storm", count, 3.0 if options.quick else QUIET)
        singles = [_single(folder / f"pods-{pods}", pods, 3.0 if options.quick else QUIET) for pods in sizes]
    calm = max(storm.api_p99_calm, 5.0)
    bar = [
        Bar.of(f"{count} agents are back, s", measured=storm.back_seconds, at_most=BACK),
        Bar.of("p99 of the API 10 s later, times that before", measured=storm.api_p99_later / calm, at_most=SLOWER),
    ]
    return Agents("agent", Measured(storm, singles), bar, all(each.holds for each in bar))


def _storm(folder: Path, count: int, quiet: float) -> Storm:
    with ExitStack() as stack:
        folder.mkdir(parents=True)
        hub = Hub(folder / "hub", environment={"BASEFLY_METRICS_TOKEN": METRICS, "BASEFLY_LOG_LEVEL": "warning"})
        hub.folder.mkdir()
        stack.callback(hub.stop)
        hub.begin()
        hub.set_up()
        made = hub.post("/agent-tokens", {"name": "crowd"})
        organization = hub.get("/me")["organization"]["id"]
        keys = asyncio.run(_enrolled(hub, UUID(organization), UUID(made["id"]), count))
        stack.enter_context(_crowd(hub, made["hub_key"], organization, keys, folder))
        eventually(lambda: _sessions(hub) >= count, seconds=300, pause=0.2)
        time.sleep(quiet / 2)
        before = _memory(hub.program.pid, "VmRSS")
        calm = _asked(hub, quiet)
        hub.program.kill()
        begun = time.monotonic()
        hub.begin()
        ready = time.monotonic() - begun
        asking = _Asking(hub)
        eventually(lambda: _sessions(hub) >= count, seconds=300, pause=0.2)
        back = time.monotonic() - begun
        during = asking.stop()
        time.sleep(quiet)
        return Storm(
            agents=count,
            back_seconds=back,
            ready_seconds=ready,
            hub_mib_before=before,
            hub_mib_peak=asking.peak,
            api_p99_calm=calm,
            api_p99_storm=during,
            api_p99_later=_asked(hub, quiet),
        )


async def _enrolled(hub: Hub, organization: UUID, token: UUID, count: int) -> list[str]:
    """So many agents in the hub's tables, as if they had come before; their keys."""
    db = await Database.open(hub.database_url("basefly_app"), max_size=1)
    keys = [Key.create() for _ in range(count)]
    async with db.transaction(organization) as tx:
        await tx.execute(
            "insert into agents (org_id, token_id, public) select %s, %s, k from unnest(%s::bytea[]) as k",
            [organization, token, [key.public for key in keys]],
        )
    await db.close()
    return [key.secret.reveal() for key in keys]


@contextmanager
def _crowd(hub: Hub, hub_key: str, organization: str, keys: Sequence[str], folder: Path) -> Iterator[None]:
    (folder / "ca.crt").write_text("nobody asks")
    (folder / "token").write_text("nobody asks")
    command = [sys.executable, "-m", "bench.agent.crowd", hub.url, hub_key, organization, str(folder)]
    crowd = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)
    assert crowd.stdin is not None
    crowd.stdin.write("\n".join(keys))
    crowd.stdin.close()
    try:
        yield
    finally:
        crowd.kill()
        crowd.wait()


def _sessions(hub: Hub) -> int:
    told = httpx.get(f"{hub.url}/metrics", headers={"Authorization": f"Bearer {METRICS}"}, timeout=30).text
    lines = [line for line in told.splitlines() if line.startswith("basefly_agent_sessions ")]
    return int(float(lines[0].split()[1])) if lines else 0


class _Asking:
    """Asks the API again and again beside everything else, and looks at the hub's memory."""

    def __init__(self, hub: Hub) -> None:
        self._hub, self._over, self._taken = hub, threading.Event(), list[float]()
        self.peak = 0.0
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> float:
        """No more; the p99 in milliseconds."""
        self._over.set()
        self._thread.join()
        return percentile(sorted(self._taken), 0.99)

    def _run(self) -> None:
        headers = {"Authorization": f"Bearer {self._hub.token}"}
        with httpx.Client(base_url=self._hub.url, headers=headers, timeout=60) as http:
            while not self._over.is_set() or not self._taken:
                begun = time.perf_counter()
                http.get("/api/v1/clusters")
                self._taken.append((time.perf_counter() - begun) * 1000)
                self.peak = max(self.peak, _memory(self._hub.program.pid, "VmRSS"))
                time.sleep(RATE)


def _asked(hub: Hub, seconds: float) -> float:
    asking = _Asking(hub)
    time.sleep(seconds)
    return asking.stop()


def _single(folder: Path, pods: int, quiet: float) -> Single:
    with ExitStack() as stack:
        folder.mkdir(parents=True)
        hub = stack.enter_context(Hub.start(folder / "hub"))
        config = folder / "sim.kubeconfig"
        words = ["-m", "basefly.sim", f"--nodes={max(4, pods // 50)}", f"--pods={pods}", f"--kubeconfig={config}"]
        simulator = Program("simulator", [sys.executable, *words], log=folder / "sim.log")
        stack.callback(simulator.stop)
        simulator.start()
        simulator.wait_until(config.exists, seconds=120)
        cluster = Cluster(config, yaml.safe_load(config.read_text())["current-context"])
        agent = Agent(hub, cluster, folder / "agent", "single")
        stack.callback(agent.stop)
        agent.begin()
        assert agent.program is not None
        pid = agent.program.pid
        agent.approve()
        begun = time.monotonic()
        eventually(lambda: _listed(hub, pods), seconds=300, pause=0.5)
        first, wall = usage.cpu(pid), time.monotonic() - begun
        time.sleep(quiet)
        idle = usage.cpu(pid) - first
        return Single(
            pods=pods,
            peak_mib=_memory(pid, "VmHWM"),
            first_cpu=first,
            first_wall=wall,
            idle_cpu_percent=100 * idle / quiet,
        )


def _listed(hub: Hub, pods: int) -> bool:
    counts = hub.cluster("single").get("counts") or {}
    return int(counts.get("pods") or 0) >= pods


def _memory(pid: int, name: str) -> float:
    """Memory in MiB as the kernel counts it: VmRSS now, VmHWM at its most."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1024
