"""A simulated fleet in a process of its own, and the hand that lets some of its clusters fall ill."""

from __future__ import annotations

import base64
import json
import resource
import ssl
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import yaml

from basefly.sim.control import state
from bench.fleet import usage
from bench.fleet.illness import Illness
from e2e.plane.program import Program

PATIENCE = 120.0  # s until the fleet listens
TREATMENT = 60.0  # s that an act on the fleet may take


class Member(NamedTuple):
    """A cluster as whoever holds its kubeconfig reaches it."""

    name: str
    server: str
    token: str
    trust: ssl.SSLContext


class Fleet:
    """`python -m basefly.sim serve`, its members, and its control server."""

    def __init__(self, program: Program, folder: Path) -> None:
        self.program = program
        self._state = state.read(folder / "state")
        config: dict[str, Any] = yaml.safe_load((folder / "kubeconfig").read_text())
        self.kubeconfigs = [_alone(config, index) for index in range(len(config["contexts"]))]
        self.members = [_member(config, index) for index in range(len(self.kubeconfigs))]
        headers = {"Authorization": f"Bearer {self._state.token}"}
        # One for all acts: to make one takes 30 ms of the process that measures.
        self._hand = httpx.Client(base_url=f"http://127.0.0.1:{self._state.port}", headers=headers, timeout=TREATMENT)

    @classmethod
    @contextmanager
    def start(cls, folder: Path, *, clusters: int, nodes: int, pods: int, pace: float) -> Iterator[Fleet]:
        """Start it, each cluster living an ordinary day at this pace; it ends with the block."""
        numbers = {"--clusters": clusters, "--nodes": nodes, "--pods": pods, "--pace": pace, "--scenario": "steady"}
        files = {"--kubeconfig": folder / "kubeconfig", "--state": folder / "state"}
        words = [str(word) for pair in (numbers | files).items() for word in pair]
        command = [sys.executable, "-m", "basefly.sim", "serve", *words]
        program = Program("fleet", command, log=folder / "fleet.log")
        program.start()
        try:
            program.wait_until((folder / "kubeconfig").exists, seconds=PATIENCE)
            fleet = cls(program, folder)
            with fleet._hand:
                yield fleet
        finally:
            program.kill()  # a fleet has nothing to keep

    def infect(self, members: Sequence[Member], illness: Illness) -> None:
        """Let these clusters fall ill."""
        for member in members:
            for fault in illness.faults:
                self._act("POST", f"/clusters/{member.name}/faults", fault)
            self._act("DELETE", f"/clusters/{member.name}/watches")

    def heal(self, members: Sequence[Member]) -> None:
        """Take every fault back, and cut the watches that would keep what it did."""
        for member in members:
            self._act("DELETE", f"/clusters/{member.name}/faults")
            self._act("DELETE", f"/clusters/{member.name}/watches")

    def bring(self, name: str, how: str) -> None:
        """Make a cluster, or `all` of them, running or stopped."""
        self._act("PUT", f"/clusters/{name}/state", {"state": how})

    def _act(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._hand.request(method, path, json=body)
        answer.raise_for_status()
        return answer.json()


class Meter:
    """What a process spends, from outside (proc(5)): seconds of CPU since the last look, resident bytes."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._cpu, self._at = usage.cpu(pid), time.monotonic()

    def look(self) -> tuple[float, int]:
        """The share of a core since the last look, and the resident bytes now."""
        cpu, at = usage.cpu(self._pid), time.monotonic()
        share = (cpu - self._cpu) / max(at - self._at, 1e-9)
        self._cpu, self._at = cpu, at
        pages = int(Path(f"/proc/{self._pid}/statm").read_text().split()[1])
        return share, pages * resource.getpagesize()


def _alone(config: Mapping[str, Any], index: int) -> str:
    """A kubeconfig of one cluster: that of a thousand is more than a hub takes at once."""
    parts = {name: [config[name][index]] for name in ("clusters", "contexts", "users")}
    return json.dumps({"apiVersion": "v1", "kind": "Config", **parts})


def _member(config: Mapping[str, Any], index: int) -> Member:
    held = config["clusters"][index]
    authority = base64.b64decode(held["cluster"]["certificate-authority-data"]).decode()
    trust = ssl.create_default_context(cadata=authority)
    return Member(held["name"], held["cluster"]["server"], config["users"][index]["user"]["token"], trust)
