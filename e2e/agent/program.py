"""A real agent process, set up as its manifest does: its account, its rights, and its keys in a real Secret."""

from __future__ import annotations

import base64
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from e2e.hub import Hub
from e2e.plane.cluster import Cluster
from e2e.plane.program import Program, eventually


class Agent:
    """`basefly agent`, killed and started again at will."""

    def __init__(self, hub: Hub, cluster: Cluster, folder: Path, name: str, profile: str = "view") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.hub, self.cluster, self.name = hub, cluster, name
        self._folder, self._profile = folder, profile
        self.program: Program | None = None

    @classmethod
    @contextmanager
    def start(cls, hub: Hub, cluster: Cluster, folder: Path, name: str) -> Iterator[Agent]:
        """An agent that was approved; its cluster is in the hub."""
        agent = cls(hub, cluster, folder, name)
        try:
            agent.begin()
            agent.approve()
            yield agent
        finally:
            agent.stop()

    def begin(self, before: Sequence[str] = (), **more: str) -> None:
        """Apply the manifest, and run the program as its pod would. `before` is put before the command."""
        environment = self.installed() | more
        log = self._folder / "agent.log"
        command = [*before, sys.executable, "-m", "basefly", "agent"]
        self.program = Program("agent", command, log=log, environment=environment)
        self.program.start()

    def installed(self) -> dict[str, str]:
        """The manifest is applied, and the files that a pod has are there; the environment that it would have."""
        printed = self.hub.cli("agents", "token", self.name, "--profile", self._profile)
        assert printed.returncode == 0, printed.stderr
        self.cluster.kubectl("apply", "-f", "-", stdin=printed.stdout)
        (config,) = yaml.safe_load(self.cluster.kubectl("config", "view", "--raw", "--minify"))["clusters"]
        ca = self._folder / "ca.crt"
        given: Mapping[str, Any] = config["cluster"]
        if "certificate-authority-data" in given:
            ca.write_bytes(base64.b64decode(given["certificate-authority-data"]))
        else:
            ca.write_bytes(Path(given["certificate-authority"]).read_bytes())
        token = self._folder / "token"
        token.write_text(self.cluster.kubectl("create", "token", f"basefly-{self._profile}", "-n", "basefly"))
        container = next(
            each["spec"]["template"]["spec"]["containers"][0]
            for each in yaml.safe_load_all(printed.stdout)
            if each["kind"] == "Deployment"
        )
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
            **{each["name"]: each["value"] for each in container["env"]},
            "BASEFLY_AGENT_API": given["server"],
            "BASEFLY_AGENT_API_CA": str(ca),
            "BASEFLY_AGENT_API_TOKEN": str(token),
            "BASEFLY_AGENT_HEALTH": "0",
        }

    def approve(self) -> None:
        """As its owner does who has compared the fingerprint with the log."""
        said: list[str] = []

        def done() -> bool:
            answer = self.hub.cli("agents", "approve", self.name, "--yes")
            said[:] = [answer.stdout + answer.stderr]
            return answer.returncode == 0

        try:
            eventually(done, seconds=30, pause=0.5)
        except AssertionError as error:
            raise AssertionError(f"{said} {self.last_words()}") from error

    @property
    def fingerprint(self) -> str:
        """As it logs it."""
        found = re.search(r"fingerprint=(\S+)", self.last_words())
        return found[1] if found else ""

    def last_words(self) -> str:
        return self.program.last_words() if self.program else ""

    def stop(self) -> None:
        if self.program:
            self.program.stop()
