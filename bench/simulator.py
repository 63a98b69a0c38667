"""`simulator`: what a simulated fleet costs itself: made and listed whole, living an ordinary day, and at full speed.

Every cluster is asked for all its pods, so that nothing stays unmade; then each lives on by itself. All of it is
simulated, of course. CPU and memory are those of the simulator's process, not of whoever asks.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from bench.fleet import usage
from bench.fleet.size import SIZES, Size
from bench.report import Bar, Figures, Report, Run

QUICK = Size(3, 3, 30)
GIB = 2**30
MOST_MEMORY = 8.0  # GiB, at L
MOST_STEADY = 0.5  # of one core, at L: most of it is left to others
ORDINARY = 60.0  # s of an ordinary day that are measured
AT_FULL_SPEED = 10.0  # s
AT_ONCE = 8  # clusters that are asked side by side
PATIENCE = 120.0  # s until the fleet listens


def run(options: Run) -> Report:
    """Start a fleet of this size, ask all of it, let it live, and drive one cluster as fast as it goes."""
    fleet_size = QUICK if options.quick else SIZES[options.size]
    shorter = 0.05 if options.quick else 1.0
    numbers = {"--clusters": fleet_size.clusters, "--nodes": fleet_size.nodes, "--pods": fleet_size.pods}
    words = [*(str(word) for pair in numbers.items() for word in pair), "--scenario", "steady"]
    with tempfile.TemporaryDirectory(prefix="basefly-bench-") as name, _fleet(Path(name), words) as fleet:
        made = fleet.metered("every pod listed", lambda: asyncio.run(_list_all(fleet.contexts)))
        lived = fleet.metered("an ordinary day", lambda: _wait(ORDINARY * shorter))
        fleet.command("scenario", "churn", "--cluster", "sim-1")
        churned = fleet.metered("one cluster at full speed", lambda: _watch(fleet, AT_FULL_SPEED * shorter))
    bars = [
        Bar.of("peak memory of the fleet, GiB", measured=churned.peak / GIB, at_most=MOST_MEMORY),
        Bar.of("share of a core, living", measured=lived.cpu / lived.wall, at_most=MOST_STEADY),
    ]
    speed = f"{churned.objects / churned.wall:,.0f} events a second from one cluster to one watcher of its pods"
    each = f"{made.cpu / made.objects * 1e6:.0f} µs of CPU for a pod, its surroundings and its cluster included"
    return Report.of("simulator", [made, lived, churned], bars, [str(fleet_size), each, speed], rivals=False)


class _Fleet:
    """A fleet in a process of its own."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process, self._folder = process, folder
        self.config: dict[str, Any] = yaml.safe_load((folder / "kubeconfig").read_text())

    @property
    def contexts(self) -> list[tuple[str, str, bytes]]:
        """Server, token and authority of each cluster."""
        users = (user["user"]["token"] for user in self.config["users"])
        held = (held["cluster"] for held in self.config["clusters"])
        return [
            (cluster["server"], token, base64.b64decode(cluster["certificate-authority-data"]))
            for cluster, token in zip(held, users, strict=True)
        ]

    def metered(self, name: str, work: Any) -> Figures:
        """What the fleet spends while `work` is done, which returns how many objects there were."""
        cpu, wall = usage.cpu(self._process.pid), time.perf_counter()
        count = work()
        spent = time.perf_counter() - wall
        found = Figures(name, count, usage.cpu(self._process.pid) - cpu, spent, self._peak(), 1)
        print(f"{name}: {spent:.0f} s, {found.peak / GIB:.1f} GiB", file=sys.stderr, flush=True)
        return found

    def command(self, *words: str) -> None:
        state = ["--state", str(self._folder / "state")]
        done = [sys.executable, "-m", "basefly.sim", *words, *state]
        subprocess.run(done, check=True, stdout=subprocess.DEVNULL, timeout=60)

    def _peak(self) -> int:
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


@contextmanager
def _fleet(folder: Path, words: list[str]) -> Iterator[_Fleet]:
    files = ["--kubeconfig", str(folder / "kubeconfig"), "--state", str(folder / "state")]
    process = subprocess.Popen(
        [sys.executable, "-m", "basefly.sim", "serve", *words, *files], stdout=subprocess.DEVNULL
    )
    try:
        end = time.monotonic() + PATIENCE
        while not (folder / "kubeconfig").exists():
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit("the simulated fleet did not start")
            time.sleep(0.1)
        yield _Fleet(process, folder)
    finally:
        process.kill()  # a fleet has nothing to keep
        process.wait()


async def _list_all(contexts: list[tuple[str, str, bytes]]) -> int:
    """Ask every cluster for all its pods; how many there are."""
    room = asyncio.Semaphore(AT_ONCE)

    async def count(server: str, token: str, authority: bytes) -> int:
        async with room, _session(token) as session:
            trust = ssl.create_default_context(cadata=authority.decode())
            async with session.get(f"{server}/api/v1/pods", ssl=trust) as answer:
                return (await answer.read()).count(b'"qosClass"')

    return sum(await asyncio.gather(*(count(*context) for context in contexts)))


def _session(token: str) -> aiohttp.ClientSession:
    wait = aiohttp.ClientTimeout(total=None, sock_read=300)
    return aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}, timeout=wait)


def _wait(seconds: float) -> int:
    time.sleep(seconds)
    return 0


def _watch(fleet: _Fleet, seconds: float) -> int:
    """Watch the pods of the first cluster; how many events came."""

    async def watch(server: str, token: str, authority: bytes) -> int:
        trust = ssl.create_default_context(cadata=authority.decode())
        asked = f"{server}/api/v1/pods?watch=1&timeoutSeconds={max(int(seconds), 1)}"
        async with _session(token) as session, session.get(asked, ssl=trust) as answer:
            return sum([chunk.count(b"\n") async for chunk in answer.content.iter_any()])

    return asyncio.run(watch(*fleet.contexts[0]))
